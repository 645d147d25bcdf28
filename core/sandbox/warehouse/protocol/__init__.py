"""Snowflake's HTTP protocol: sessions, statements, results and their form on the wire."""
