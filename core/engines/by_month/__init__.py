"""One file for each month: written one after the other, and uploaded once all are complete."""
