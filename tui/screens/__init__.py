"""The screens around the workbench, each of one idea and usable in any app."""
