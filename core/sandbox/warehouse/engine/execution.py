"""The execution of one statement: its session, its DuckDB cursor, its interruption."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import duckdb
import pyarrow as pa
from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import Catalog, Table
from core.sandbox.warehouse.catalog.names import SessionNames
from core.sandbox.warehouse.engine import reader
from core.sandbox.warehouse.engine.past import Past
from core.sandbox.warehouse.engine.session_state import SessionState
from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.locks import patiently
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.translate.binder import Bind
from core.sandbox.warehouse.translate.query import translate
from core.sandbox.warehouse.translate.scope import BoundQuery
from core.sandbox.warehouse.types import TEXT, SqlType

SELECT, DML, INSERT, UPDATE, DELETE, MERGE = 0x1000, 0x3000, 0x3100, 0x3200, 0x3300, 0x3400
UNLOAD = 0x3700
# Snowflake's drivers list the types (SFStatementType in snowflake-jdbc and the .NET driver).
SCL, SHOW, DESCRIBE, DDL = 0x4000, 0x4400, 0x4500, 0x6000
_REPEAT_SECONDS = 0.05


class Interruption:
    """Stops what a cursor runs. DuckDB forgets an interrupt that comes between two queries of a
    statement, so it is repeated until the statement has ended.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.requested = threading.Event()

    def request(self) -> None:
        """Stop the statement; returns at once. Any thread may call it, at any time."""
        if self.requested.is_set() or self._ended.is_set():
            return
        self.requested.set()
        threading.Thread(target=self._repeat, name="interrupt", daemon=True).start()

    def _repeat(self) -> None:
        while True:
            with self._lock:
                if self._ended.is_set():
                    return
                self._cursor.interrupt()
            self._ended.wait(_REPEAT_SECONDS)

    def end(self) -> None:
        """Close the cursor after the statement has ended."""
        with self._lock:
            if not self._ended.is_set():
                self._ended.set()
                self._cursor.close()

    def check(self) -> None:
        """Raise Failure 604 if the statement was to stop."""
        if self.requested.is_set():
            raise failures.cancelled()


class Execution:
    """What the statements of every kind are carried out with."""

    def __init__(
        self,
        catalog: Catalog,
        state: SessionState,
        cursor: duckdb.DuckDBPyConnection,
        binds: Sequence[Bind] = (),
        past: Past | None = None,
    ) -> None:
        self.catalog = catalog
        self.state = state
        self.binds = binds
        self.names = SessionNames(catalog, state, past=past, evaluate=self.execute)
        self.interruption = Interruption(cursor)
        self._cursor = cursor
        self._streaming = False
        self._trace: Trace | None = None

    def trace(self) -> Trace:
        """Return the versions that the statement read or wrote, and what it read of them."""
        trace = self._trace or Trace(self.catalog.clock)
        return replace(trace, reads=tuple(self.names.reads))

    def made(self, table: Table) -> None:
        """Record that the statement created `table`."""
        self._trace = Trace(table.versions[-1].number, changed=True)

    def translate(self, node: exp.Expr) -> BoundQuery:
        """Translate a query of the statement to DuckDB SQL."""
        return translate(node, self.names, self.binds)

    def prepare(self) -> None:
        """Make what the statement reads available in DuckDB.

        Generates the rows of sample tables that are read for the first time, registers the earlier
        results that it scans, and chooses the partitions that it reads.
        """
        for name, result in self.names.scanned.items():
            self._cursor.register(name, result)
        for table in self.names.touched:
            self.ready(table)
        for read in self.names.reads:
            read.prune(self.execute)

    def load(self, name: str, rows: pa.Table) -> None:
        """Let DuckDB read rows of an Arrow table under a name."""
        self._cursor.register(name, rows)

    def ready(self, table: Table) -> None:
        """Generate the rows of one table, unless they exist."""
        table.ready(self.execute, self.interruption.check)

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        """Run DuckDB SQL to its end, and return its rows.

        Raises:
            Failure: Snowflake's for whatever went wrong.
        """
        self.interruption.check()
        try:
            return self._cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            self.interruption.check()
            raise failures.from_duckdb(error) from error

    @contextmanager
    def changing(self, table: Table) -> Iterator[None]:
        """Let no other statement change the rows of `table`, which are generated first."""
        with patiently(table.writing, self.interruption.check):
            self.ready(table)
            yield

    def change(self, table: Table, sql: str, *, copy: str | None = None) -> int:
        """Change the rows of a table with one DuckDB INSERT, and keep the former version.

        Args:
            table: inside `changing`.
            sql: appends to the table or, if given, fills `copy`.
            copy: a new DuckDB table, which holds the rows from then on.

        Returns:
            How many rows it inserted.
        """
        self.prepare()
        self.execute("BEGIN")
        if copy is not None:
            self.execute(table.creation(copy))
        rows = int(str(self.execute(sql)[0][0]))
        if copy is None and not rows:
            self.execute("ROLLBACK")
            return 0
        kept = table.rows if copy is None else 0
        number, gone = self.catalog.commit(
            table, copy or table.physical, kept + rows, lambda: self.execute("COMMIT")
        )
        self._trace = Trace(number, changed=True)
        self.remove(gone)
        return rows

    def _snapshot(self) -> None:
        """Begin a transaction, so that the query sees no later change of the tables."""
        seen = self.names.seen
        if not seen:
            return

        def begin() -> None:
            self.execute("BEGIN")
            self.execute(f"SELECT 1 FROM {next(iter(seen)).physical} LIMIT 0")

        number = self.catalog.snapshot(begin)
        for table, version in seen.items():
            if table.versions[-1].physical == version.physical:
                seen[table] = table.versions[-1]
        self._trace = Trace(number, seen)

    def stream(self, query: BoundQuery) -> Answer:
        """Return the answer of a query; the statement ends when it has been read or dropped."""
        self.prepare()
        self._snapshot()
        batches = self.rows(query)
        self._streaming = True
        columns = tuple(
            replace(
                type_.column(name, nullable=index not in query.required),
                constant=query.constant,
                narrow=index in query.narrow,
            )
            for index, (name, type_) in enumerate(query.columns)
        )
        return Answer(columns, self._ending(batches), SELECT)

    def rows(self, query: BoundQuery) -> Generator[pa.RecordBatch]:
        """Start a query, and return a generator of its rows."""
        self.prepare()
        types = [type_ for _, type_ in query.columns]
        if not types:
            raise failures.syntax(1, 7, "FROM")
        sql = f"SELECT {reader.select_list(types, 'q')} FROM ({query.sql}) AS q"
        self.interruption.check()
        try:
            arrow = self._cursor.sql(sql).to_arrow_reader(reader.BATCH_ROWS)
        except duckdb.Error as error:
            self.interruption.check()
            raise failures.from_duckdb(error) from error
        return self._batches(arrow, types)

    def _ending(self, batches: Generator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        finally:
            batches.close()
            self.interruption.end()

    def _batches(
        self, arrow: pa.RecordBatchReader, types: list[SqlType]
    ) -> Generator[pa.RecordBatch]:
        try:
            while True:
                self.interruption.check()
                try:
                    batch = arrow.read_next_batch()
                except StopIteration:
                    return
                except (pa.ArrowException, duckdb.Error, OSError) as error:
                    self.interruption.check()
                    raise failures.from_duckdb(error) from error
                yield reader.shape(batch, types)
        finally:
            with suppress(Exception):
                arrow.close()

    def finish(self) -> None:
        """End the statement, unless its answer is still to be read."""
        if not self._streaming:
            self.interruption.end()

    def drop(self, tables: Sequence[Table]) -> None:
        """Remove the rows of tables that left the catalog."""
        for table in tables:
            if table.query is None:
                self.remove(table.physicals)

    def remove(self, physicals: Iterable[str]) -> None:
        """Remove DuckDB tables."""
        for physical in physicals:
            self.execute(f"DROP TABLE IF EXISTS {physical}")


def rows_answer(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], statement_type: int
) -> Answer:
    """Create an answer from Python rows."""
    batch = reader.rows_batch(columns, rows)
    return Answer(tuple(columns), iter([batch]), statement_type)


def status(message: str, statement_type: int = DDL) -> Answer:
    """Return the one row that Snowflake sends for a statement that returns no data."""
    return rows_answer([TEXT.column("status")], [[message]], statement_type)


def counts(names: Sequence[str], values: Sequence[int], statement_type: int) -> Answer:
    """Return the row of counts that DML returns, such as `number of rows inserted`."""
    columns = [SqlType("FIXED", precision=19).column(name) for name in names]
    return rows_answer(columns, [values], statement_type)


Handler = Callable[[Execution, exp.Expr], Answer]
