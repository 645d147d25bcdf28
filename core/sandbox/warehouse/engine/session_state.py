"""The state that a session keeps between its statements."""

from __future__ import annotations

from collections.abc import Mapping
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
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",  # empty: TIMESTAMP_OUTPUT_FORMAT counts
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TWO_DIGIT_CENTURY_START": 1970,
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": True,
}


@dataclass
class SessionState:
    """One session's names, its temporary tables, and its parameters (upper-case names).

    A session begins with the account's parameters, `defaults`, and UNSET returns to them.
    """

    database: str | None = None
    schema: str | None = None
    role: str = "SYSADMIN"
    warehouse: str = "COMPUTE_WH"
    user: str = "DEMO"
    account: str = "SANDBOX"
    session_id: str = "1"
    query_ids: list[str] = field(default_factory=list)  # of its ended statements
    temporary: list[Table] = field(default_factory=list)
    defaults: Mapping[str, object] = field(default_factory=lambda: DEFAULT_PARAMETERS)
    parameters: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parameters = self.parameters or dict(self.defaults)

    def parameter(self, name: str) -> str:
        """Return a parameter as text, booleans in lower case; empty if it is not set."""
        value = self.parameters.get(name)
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    @property
    def timezone(self) -> str:
        """The session's TIMEZONE."""
        return str(self.parameters.get("TIMEZONE") or "America/Los_Angeles")
