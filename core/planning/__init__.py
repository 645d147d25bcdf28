"""What will happen to each column: the source, its date column, the roles and the flags."""
