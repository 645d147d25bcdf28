"""What the program talks to, and what may happen on the way: warehouse, bucket, AWS."""
