"""Snowflake SQL into DuckDB SQL, with Snowflake's types.

sqlglot parses (`dialect`); names are resolved and every expression gets its Snowflake type while
it is written as DuckDB SQL (`binder`, `operators`, `casts`, `query`). Nothing of the user's names
reaches DuckDB: relations and columns have physical names (`r1`, `c0`), so that any name will do.
"""
