"""Verification of a delivery: Snowflake, the delivered file and the totals of the run, compared.

Three parties that know nothing of one another: what Snowflake says of the table (`source_totals`),
what the file holds (`read_back`), and what the run counted (`core.aggregation.reconciliation`).
`comparison` compares them, month by month; `verify` does it all.
"""
