"""The records of a run on this machine: the history, and the report if one is requested."""
