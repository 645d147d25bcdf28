"""The work of the workbench outside its thread: lanes, their jobs, and what they ask for."""
