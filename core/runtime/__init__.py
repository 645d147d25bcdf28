"""What every stage of a run uses: cancellation, retries, memory, directories, files."""
