"""Every engine against an oracle of the tests' own: the same rows, types, order and books."""
