"""One run: a last look, progress, the result."""
