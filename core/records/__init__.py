"""What remains of a run on this machine: the history, and the report if one was asked for."""
