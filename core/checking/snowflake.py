"""The checks of Snowflake: sign-in, role, warehouse, listings, SQL, results.

Everything goes through the session, the statements and the reading of results of a transfer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from core import query
from core.checking.case import Case, find_difference
from core.checking.cases import CHECK_ZONE, EXAMPLE, EXAMPLE_GROUPS, list_cases
from core.checking.walk import UncheckedError, Walk
from core.errors import (
    IntegrityError,
    ObjectMissingError,
    SignInError,
    TransferError,
    UsageError,
)
from core.planning.names import TableName
from core.query import Statement
from core.query.literals import select_numbers
from core.query.unload import first_groups, sum_groups
from core.remedy import Advice, Remedy
from core.request.request import Request
from core.runtime.retry import Retry
from core.warehouse.catalog import DESCRIBED, LISTED
from core.warehouse.connect import connect, sign_out
from core.warehouse.own_session import OwnSession
from core.warehouse.results.download import Download
from core.warehouse.results.read_result import read_columns, read_result, read_rows
from core.warehouse.statement import Result, run

if TYPE_CHECKING:
    import pyarrow as pa
    from snowflake.connector import SnowflakeConnection

SNOWFLAKE: Final = "snowflake"
_SQL: Final = "sql"
_RESULTS: Final = "results"
# 100,000 rows of a number and 64 characters are 7 MB: too many for one batch within the answer.
_DIGITS: Final = 5
_BUDGET: Final = 64 * 1024 * 1024  # bytes of batches in flight
_OTHERWISE: Final = (
    "Do not rely on transfers from this account yet: record the answers, and report them."
)


class Warehouse:
    """The checks of Snowflake, with the session that they share.

    Args:
        walk: where the findings go.
        connection: the session.
    """

    def __init__(self, walk: Walk, connection: SnowflakeConnection) -> None:
        self.walk = walk
        self.connection = connection

    @classmethod
    @contextmanager
    def open(cls, walk: Walk, request: Request, retry: Retry) -> Iterator[Warehouse | None]:
        """Check the sign-in; yield the other checks, or None if it failed."""
        opened: list[SnowflakeConnection] = []

        def sign_in() -> str:
            opened.append(
                connect(
                    request.connection,
                    query_tag="amplify-transfer check",
                    timezone=request.timezone or CHECK_ZONE,
                    warehouse=request.warehouse,
                    role=request.role,
                    aws_profile=request.aws_profile,
                    retry=retry,
                    cancel=walk.cancel,
                )
            )
            return ""

        try:
            walk.step(SNOWFLAKE, "sign-in", sign_in)
            if not opened:
                yield None
                return
            connection = opened[0]
            if walk.recording is not None and isinstance(connection, OwnSession):
                connection.watch = walk.recording.add_batch
            yield cls(walk, connection)
        finally:
            for connection in opened:
                sign_out(connection)

    def run(self, statement: Statement) -> Result:
        """Run a statement as a transfer does; record the columns of its result."""
        result = run(self.connection, statement, self.walk.cancel)
        if self.walk.recording is not None:
            self.walk.recording.add_columns(result.cursor.description or ())
        return result

    def read(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return the rows of a statement over literal rows, whose values may be recorded."""
        recording = self.walk.recording
        if recording is None:
            return _rows(read_columns(self.connection, statement, self.walk.cancel))
        with recording.literal_rows():
            return _rows(read_result(self.run(statement), statement, self.walk.cancel))

    def check_all(self, timezone: str) -> bool:
        """Make the checks that need no table; return whether those of a table are worth while."""
        if not self.check_access():
            return False
        self.check_listings()
        if not self.check_cases(list(list_cases(timezone))):
            return False
        self.check_results()
        return True

    def check_access(self) -> bool:
        """Check the role and the warehouse; return whether there is a warehouse."""
        return self.walk.step(SNOWFLAKE, "role and warehouse", self._read_access)

    def check_cases(self, cases: Sequence[Case]) -> bool:
        """Check the constructs of SQL; return false if one failed for a reason that all share."""
        for number, case in enumerate(cases, 1):
            if not self.walk.step(_SQL, case.subject, partial(self._check_case, case)):
                if left := len(cases) - number:
                    why = f"{left} more checks: they would fail for the same reason."
                    self.walk.skip(_SQL, "the rest of the SQL", why)
                return False
        return True

    def check_results(self) -> None:
        """Check results that are read by their id, and that come in batches."""
        self.walk.step(_RESULTS, "a result read again: RESULT_SCAN", self._check_result_scan)
        self.walk.step(_RESULTS, "a result in batches", self._check_batches)

    def _read_access(self) -> str:
        (access,) = read_rows(self.run(query.CURRENT_ACCESS))
        if not access.get("warehouse"):
            raise UsageError(
                "The session has no warehouse.", Advice("Name one: ", Remedy("warehouse"), ".")
            )
        return (
            f"role {access.get('role')}, warehouse {access['warehouse']}, "
            f"Snowflake {access.get('version')}"
        )

    # ------------------------------------------------------------------------------- listings

    def check_listings(self) -> None:
        """Check what SHOW and DESCRIBE give, following the first name of each."""
        found: dict[str, str] = {}

        def show(what: str, statement: Statement, *needed: str) -> str:
            try:
                rows = self._read_listing(statement, *needed)
            except (ObjectMissingError, SignInError) as error:
                if not found:
                    raise
                # Of what a role may list, it may not list every part.
                why = f"The role may not list the first one: {error.message}"
                raise UncheckedError(why) from error
            names = [row["name"] for row in rows if row["name"] != "INFORMATION_SCHEMA"]
            if not names:
                raise UncheckedError(f"The role sees no {what}.")
            found[what] = names[0]
            return ""

        def follow(subject: str, what: str, statement: Statement, *needed: str) -> bool:
            self.walk.step(SNOWFLAKE, subject, lambda: show(what, statement, *needed))
            return what in found

        place = self.connection.database, self.connection.schema
        if not follow("SHOW DATABASES", "database", query.show_databases(None, 2), "name"):
            return
        database = place[0] or found["database"]
        schemas = query.show_schemas(database, None, 2)
        if not follow("SHOW SCHEMAS", "schema", schemas, "name"):
            return
        schema = place[1] or found["schema"]
        objects = query.show_page(database, schema, None, 1)
        if follow("SHOW OBJECTS", "table", objects, *LISTED):
            statement = query.describe(TableName(database, schema, found["table"]))
            follow("DESCRIBE TABLE", "column", statement, *DESCRIBED)

    def _read_listing(self, statement: Statement, *needed: str) -> list[dict[str, Any]]:
        result = self.run(statement)
        given = {column.name.lower() for column in result.cursor.description or ()}
        if missing := [name for name in needed if name not in given]:
            raise IntegrityError(
                f"The answer lacks {', '.join(missing)}.",
                "Tables could not be read, or their sizes would be unknown. " + _OTHERWISE,
            )
        return read_rows(result, "name")

    # ------------------------------------------------------------------------------------ SQL

    def _check_case(self, case: Case) -> str:
        try:
            rows = self.read(case.statement)
        except TransferError as error:
            if case.error is not None and isinstance(error, case.error):
                if self.walk.recording is not None:
                    self.walk.recording.add_error(error)
                return ""
            if case.error is None or type(error) is TransferError:
                raise
            raise IntegrityError(
                f"It ends in another error: {error.message}", f"{case.meaning} {_OTHERWISE}"
            ) from error.__cause__
        if case.error is not None:
            raise IntegrityError("It ends in no error.", f"{case.meaning} {_OTHERWISE}")
        if difference := find_difference(case, rows):
            raise IntegrityError(difference, f"{case.meaning} {_OTHERWISE}")
        return ""

    def _check_result_scan(self) -> str:
        grouped = query.select_groups(EXAMPLE.plan, at_rest=True, ordered=False)
        result = self.run(EXAMPLE.read_by(grouped))
        first = first_groups(grouped, EXAMPLE.plan, result.query_id, len(EXAMPLE_GROUPS))
        meaning = "Files that Snowflake writes would hold other rows."
        read = Case("", meaning, first, EXAMPLE_GROUPS, ordered=True)
        self._check_case(read)
        totals = {row[0]: row[1:5] for row in self.read(sum_groups(grouped, result.query_id))}
        if totals != {True: (1, 6, 1, 0), False: (5, 6, 0, 0)}:
            raise IntegrityError(
                "The totals of the result differ from its rows.", f"{meaning} {_OTHERWISE}"
            )
        return ""

    # ---------------------------------------------------------------------------------- batches

    def _check_batches(self) -> str:
        """Download a result of several batches; compare all of its numbers."""
        import pyarrow.compute as pc

        result = self.run(select_numbers(_DIGITS))
        batches = result.batches
        form = "Arrow" if batches.is_arrow else "JSON, which is slower to read than Arrow"
        urls = [url for url in batches.urls if url]
        number, total, largest = 0, 0, max(batches.sizes, default=0)

        def add(table: pa.Table) -> tuple[int, int]:
            return table.num_rows, int(pc.sum(table.column(0)).as_py() or 0)

        download = Download(result, add, budget=_BUDGET, workers=2, cancel=self.walk.cancel)
        for _, (rows, part) in download:
            number, total = number + rows, total + part
        expected = 10**_DIGITS
        if (number, total) != (expected, expected * (expected - 1) // 2):
            raise IntegrityError(
                f"Of the numbers from 0 to {expected - 1:,} other rows came.", _OTHERWISE
            )
        if not urls:
            raise UncheckedError(f"{form}; the result came in one piece, without a download.")
        host = urlsplit(urls[0]).hostname
        return f"{form}; {len(urls)} of up to {largest / 1e6:.1f} MB from {host}"


def _rows(columns: Sequence[list[object]]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))
