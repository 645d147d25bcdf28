"""The protocols of earlier statements: their results, and the versions that they read.

A component that keeps statements, such as the server, implements them; the engine does not depend
on a server.
"""

from __future__ import annotations

from typing import Protocol

from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.model import Column


class StoredRows(Protocol):
    """The rows of a finished statement; DuckDB reads them as an Arrow stream."""

    columns: tuple[Column, ...]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the rows by the Arrow C stream interface."""


class Past(Protocol):
    """Earlier statements by their ids."""

    def result(self, statement_id: str) -> StoredRows:
        """Return the result of an earlier statement.

        Raises:
            Failure: 709 if it does not exist; 710 if the statement is running or failed.
        """

    def trace(self, statement_id: str) -> Trace:
        """Return the versions that an earlier statement read or wrote.

        Raises:
            Failure: 709 if there is no such statement.
        """
