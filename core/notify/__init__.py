"""Notifications about the end of a run: commands, webhooks, and what Apprise sends to."""
