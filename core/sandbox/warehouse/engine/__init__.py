"""The SQL engine: statements of a session, run over DuckDB with Snowflake's meaning."""
