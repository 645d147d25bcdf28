"""What a person looks at before a run: the catalog, a sample, the months, the cost."""
