"""The program's configuration file, `amplify.toml`: destinations with names."""
