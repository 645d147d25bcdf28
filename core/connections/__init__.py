"""Snowflake connections: those that are configured, those saved by this program, their secrets."""
