"""Verify a delivery: compare Snowflake, the delivered file and the totals of the run.

The three are independent of one another: the totals that Snowflake computes from the table
(`source_totals`), the contents of the file (`read_back`), and the counts of the run
(`core.aggregation.reconciliation`). `comparison` compares them month by month; `verify` runs the
whole verification.
"""
