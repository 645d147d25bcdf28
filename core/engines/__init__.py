"""The engines: three ways from a plan to its delivery, with the same rows.

`stream` has the rows travel here and groups them; `pushdown` has Snowflake group them and writes
what comes; `unload` has Snowflake write the object too. `core.engines.choice` decides between them.
"""
