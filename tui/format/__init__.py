"""Formats numbers, sizes, costs and text for display."""
