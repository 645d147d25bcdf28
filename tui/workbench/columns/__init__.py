"""Part 2: the columns of the table, with their roles."""
