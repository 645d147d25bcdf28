"""The plan of a transfer: the source, its date column, the role of each column, and warnings."""
