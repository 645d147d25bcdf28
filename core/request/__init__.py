"""What a caller asks for: validated once, the same value for all three front ends."""
