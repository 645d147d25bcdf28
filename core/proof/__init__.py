"""The proof of a delivery: Snowflake, the delivered file and the books of the run, compared.

Three parties that know nothing of one another: what Snowflake says of the table (`asked`), what the
file holds (`readback`), and what the run booked (`core.accounting`). `verdict` compares them, month
by month; `prove` does it all.
"""
