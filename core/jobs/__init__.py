"""Job files: several transfers in one TOML file, run one after the other or several at a time."""
