"""Services shared by all stages of a run: cancellation, retries, memory, directories, files."""
