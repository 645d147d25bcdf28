"""The state that a session keeps between its statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.sandbox.warehouse.catalog.catalog import Table

DEFAULT_PARAMETERS: dict[str, object] = {
    "TIMEZONE": "America/Los_Angeles",
    "QUERY_TAG": "",
    "AUTOCOMMIT": True,
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "CLIENT_PREFETCH_THREADS": 4,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172800,
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "BINARY_OUTPUT_FORMAT": "HEX",
}


@dataclass
class SessionState:
    """One session's names, its temporary tables, and its parameters (upper-case names)."""

    database: str | None = None
    schema: str | None = None
    role: str = "SYSADMIN"
    warehouse: str = "COMPUTE_WH"
    user: str = "DEMO"
    account: str = "SANDBOX"
    session_id: str = "1"
    query_ids: list[str] = field(default_factory=list)  # of its ended statements
    temporary: list[Table] = field(default_factory=list)
    parameters: dict[str, object] = field(default_factory=lambda: dict(DEFAULT_PARAMETERS))

    @property
    def timezone(self) -> str:
        """The session's TIMEZONE."""
        return str(self.parameters.get("TIMEZONE") or "America/Los_Angeles")
