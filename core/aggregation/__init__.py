"""Rows in, months out: Arrow types, blank rows, sums, order, totals that must agree."""
