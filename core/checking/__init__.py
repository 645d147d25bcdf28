"""Checks an account before its first transfer; see `core.checking.check`."""
