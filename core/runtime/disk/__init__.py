"""Directories and files of the program that only their owner can change."""
