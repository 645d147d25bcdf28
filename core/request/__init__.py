"""The request of a transfer: its options, their validation, and a request written as text.

All three front ends make the same `Request`.
"""
