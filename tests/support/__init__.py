"""What several suites share; `programs` and `services` hold what they start and talk to."""
