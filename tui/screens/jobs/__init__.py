"""Job files in the app: the list of their transfers, and saving one into a file."""
