"""Part 1: the tables and views, with a filter."""
