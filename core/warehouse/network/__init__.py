"""Network access to Snowflake and its storage: gate, proxies, addresses, connection pools."""
