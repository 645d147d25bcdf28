"""The command line: options, the headless run, the dry run, signals."""
