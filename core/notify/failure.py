"""The failure of a notification."""

from __future__ import annotations


class NotSentError(Exception):
    """A notification was not sent; the text says why, and does not hold the target."""
