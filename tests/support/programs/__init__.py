"""The real program in processes of its own: batch runs, terminals, and the served app."""
