"""Which Snowflake connections exist, those saved here, and where their secrets are."""
