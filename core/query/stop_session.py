"""The statement that cancels the queries of a session, for when no query id is known."""

from __future__ import annotations

from core.query.statement import Statement


def stop_session(session_id: int) -> Statement:
    """Return the statement that cancels all queries in a session of the same user.

    It runs without a warehouse.

    Source: https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries
    """
    return Statement(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({session_id:d})")
