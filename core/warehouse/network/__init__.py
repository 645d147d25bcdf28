"""How Snowflake and its storage are reached: the gate, proxies, addresses, connection pools."""
