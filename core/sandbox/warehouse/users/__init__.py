"""The user of the warehouse: password, keys, tokens, and what a sign-in with each requires."""
