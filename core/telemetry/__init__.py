"""Traces, metrics and lineage of a run, for those who collect them."""
