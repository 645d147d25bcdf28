"""The way to Snowflake: the connections there are, the demo, a new one."""
