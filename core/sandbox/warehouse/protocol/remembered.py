"""The finished statements of a server, as the engine may ask for them."""

from __future__ import annotations

from collections.abc import Callable

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.protocol.results import ResultStore
from core.sandbox.warehouse.protocol.statements import Statement
from core.sandbox.warehouse.protocol.stored_result import StoredResult


class RememberedStatements:
    """The statements of a server as the engine may ask for them.

    Args:
        find: gives a statement by its id, or None.
        results: keeps their results.
    """

    def __init__(self, find: Callable[[str], Statement | None], results: ResultStore) -> None:
        self._find = find
        self._results = results

    def result(self, statement_id: str) -> StoredResult:
        """See `engine.past.Past.result`."""
        statement = self._find(statement_id)
        if statement is None:
            raise failures.statement_not_found(statement_id)
        if not statement.ended:
            raise Failure(710, "02000", f"Statement {statement_id} has not completed")
        if statement.failure is not None:
            raise Failure(710, "02000", f"Statement {statement_id} failed and has no result")
        with self._results.reading(statement_id) as result:
            if result is None:
                raise failures.statement_not_found(statement_id)
            return StoredResult(self._results, statement_id, result.columns)

    def trace(self, statement_id: str) -> Trace:
        """See `engine.past.Past.trace`."""
        statement = self._find(statement_id)
        if statement is None or statement.trace is None:
            raise failures.statement_not_found(statement_id)
        return statement.trace
