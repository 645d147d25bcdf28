"""Answers of AWS services: their error codes, and a limit for their size."""
