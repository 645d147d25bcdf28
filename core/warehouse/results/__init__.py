"""Results: the list of their batches, the download of each, and the whole in memory."""
