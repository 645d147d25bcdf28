"""What the engine may ask of earlier statements: their results, and what they saw.

Whoever keeps statements, such as a server, implements these; the engine knows no server.
"""

from __future__ import annotations

from typing import Protocol

from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.model import Column


class StoredRows(Protocol):
    """The rows of a finished statement; DuckDB reads them as an Arrow stream."""

    columns: tuple[Column, ...]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows, by the Arrow C stream interface."""


class Past(Protocol):
    """Earlier statements by their ids."""

    def result(self, statement_id: str) -> StoredRows:
        """The result of an earlier statement.

        Raises:
            Failure: 709 there is none, 710 there is none yet or there will be none.
        """

    def trace(self, statement_id: str) -> Trace:
        """What an earlier statement saw or left.

        Raises:
            Failure: 709 there is none.
        """
