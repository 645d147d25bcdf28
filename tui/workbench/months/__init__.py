"""Part 3: the months of the delivery, its rows in and out, and its cost."""
