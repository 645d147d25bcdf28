"""Statements: run in threads, waited for, stopped, looked up by id and by request."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.engine.time_travel import Trace
from core.sandbox.warehouse.model import Column, Failure
from core.sandbox.warehouse.protocol import wire, wire_json
from core.sandbox.warehouse.protocol.results import ResultStore
from core.sandbox.warehouse.protocol.sessions import Session

if TYPE_CHECKING:
    from core.sandbox.warehouse.engine.engine import Bind, EngineSession

WORKERS = 32  # statements at a time; more wait their turn, as in a real warehouse
REMEMBERED = 10_000  # finished statements of which the status is kept
INSIST_SECONDS = 0.05  # an interrupt before the database has started is lost and repeated
DEFAULT_TIMEOUT = 172_800  # STATEMENT_TIMEOUT_IN_SECONDS, two days
MAX_TIMEOUT = 604_800  # what 0 means
DEFAULT_CHUNK_MB = 160  # CLIENT_RESULT_CHUNK_SIZE

INSERT_TYPE = 0x3100

RUNNING = "RUNNING"
SUCCESS = "SUCCESS"
FAILED = "FAILED_WITH_ERROR"

_CANCEL = re.compile(r"\s*select\s+system\$cancel_query\s*\(\s*'([^']*)'\s*\)\s*;?\s*", re.I)
_CANCEL_ALL = re.compile(r"\s*select\s+system\$cancel_all_queries\s*\(\s*(\d+)\s*\)\s*;?\s*", re.I)
_QUERY = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|with|show|desc|describe|values)\b", re.I)
_SELECT_TYPE = 0x1000
_DDL_TYPE = 0x6000
_CHANGES = {  # statementTypeId and what the one column counts
    "INSERT": (INSERT_TYPE, "inserted"),
    "UPDATE": (0x3200, "updated"),
    "DELETE": (0x3300, "deleted"),
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """The request of a client: one statement with its bind values and options."""

    sql: str
    binds: Sequence[Bind] = ()
    request_id: str = ""
    describe_only: bool = False
    asynchronous: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class Statement:
    """One statement and how it fares. `started` and `ended` are Unix times."""

    order: Order
    session: Session
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = RUNNING
    failure: Failure | None = None
    statement_type: int = _SELECT_TYPE
    started: float = field(default_factory=time.time)
    ended: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: Failure | None = None
    trace: Trace | None = None
    _interrupt: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on_start(self, interrupt: Callable[[], None]) -> None:
        """Set what interrupts the statement; the engine calls this as soon as it can be stopped."""
        with self._lock:
            self._interrupt = interrupt
            if self.stopped:
                interrupt()

    def stop(self, why: Failure) -> None:
        """Interrupt the statement, so that it fails with `why`; the first reason counts."""
        with self._lock:
            self.stopped = self.stopped or why
            if self._interrupt and self.state == RUNNING:
                self._interrupt()

    def finish(self, failure: Failure | None) -> None:
        """Record the end; nothing is interrupted from here on."""
        with self._lock:
            self.failure = failure
            self.state = FAILED if failure else SUCCESS
            self.ended = time.time()
            self._interrupt = None

    def note_end(self, latest: int) -> None:
        """Record the number of the latest change when a query's result is first returned."""
        if self.trace is not None and self.trace.end is None and not self.trace.changed:
            self.trace = replace(self.trace, end=latest)


class Statements:
    """All statements of one server. Every method is called on the event loop."""

    def __init__(self, results: ResultStore) -> None:
        self.results = results
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="statement")
        self._by_id: dict[str, Statement] = {}
        self._by_request: dict[tuple[int, str], Statement] = {}
        self._releases: set[asyncio.Future[None]] = set()

    def submit(self, session: Session, order: Order) -> Statement:
        """Start a statement, or find the one that the same request has started before."""
        request = (session.id, order.request_id)
        if order.request_id and request in self._by_request:
            return self._by_request[request]
        statement = Statement(order, session)
        self._by_id[statement.id] = statement
        if order.request_id:
            self._by_request[request] = statement
        self._forget_old()
        loop = asyncio.get_running_loop()
        seconds = _timeout(session.work, order)
        timer = loop.call_later(seconds, self._stop, statement, _timed_out(seconds))
        run = self._pool.submit(self._run, statement, loop)
        run.add_done_callback(lambda _: _notify(loop, statement, timer))
        return statement

    def get(self, statement_id: str) -> Statement | None:
        return self._by_id.get(statement_id)

    def by_request(self, session: Session, request_id: str) -> Statement | None:
        return self._by_request.get((session.id, request_id))

    def cancel(self, statement: Statement) -> bool:
        """Stop a statement as its user asked; return false if it had ended already."""
        if statement.state != RUNNING:
            return False
        self._stop(statement, Failure(604, "57014", "SQL execution canceled"))
        return True

    def release(self, session: Session) -> None:
        """Close the state of an ended session as soon as its last statement has ended.

        As at Snowflake, ending a session does not stop what it has started.
        """
        task = asyncio.ensure_future(self._release(session))
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def _release(self, session: Session) -> None:
        for statement in list(self._by_id.values()):
            if statement.session is session:
                await statement.done.wait()
        await asyncio.to_thread(session.work.close)

    async def close(self) -> None:
        """Stop everything that runs and wait for the threads to end."""
        for statement in self._by_id.values():
            self.cancel(statement)
        await asyncio.to_thread(self._pool.shutdown)

    async def settle(self) -> None:
        """Wait until all ended sessions are closed."""
        await asyncio.gather(*self._releases)

    def _stop(self, statement: Statement, why: Failure) -> None:
        if statement.state == RUNNING:
            statement.stop(why)
            asyncio.get_running_loop().call_later(INSIST_SECONDS, self._stop, statement, why)

    def _forget_old(self) -> None:
        if len(self._by_id) > REMEMBERED:
            oldest = next(iter(self._by_id.values()))
            if oldest.state == RUNNING:
                return
            del self._by_id[oldest.id]
            self._by_request.pop((oldest.session.id, oldest.order.request_id), None)

    def _run(self, statement: Statement, loop: asyncio.AbstractEventLoop) -> None:
        """Run a statement from start to end, in a thread of the pool."""
        try:
            if statement.stopped:
                raise statement.stopped
            self._store(statement, self._answer(statement, loop))
            failure = None
        except Failure as raised:
            failure = statement.stopped or raised
        except Exception as error:
            _log.exception("statement %s", statement.id)
            failure = Failure(603, "XX000", f"SQL execution internal error:\n{error}")
        statement.session.work.state.query_ids.append(statement.id)
        statement.finish(failure)

    def _answer(self, statement: Statement, loop: asyncio.AbstractEventLoop) -> Answer:
        order = statement.order
        if cancel := _CANCEL.fullmatch(order.sql):
            return self._cancel_by_id(cancel[1], loop)
        if cancel := _CANCEL_ALL.fullmatch(order.sql):
            return self._all_cancelled(int(cancel[1]), statement, loop)
        if order.describe_only and not _QUERY.match(order.sql):
            return _describe(order.sql)
        return statement.session.work.run(
            order.sql, order.binds, on_start=statement.on_start, query_id=statement.id
        )

    def _cancel_by_id(self, statement_id: str, loop: asyncio.AbstractEventLoop) -> Answer:
        """Execute SYSTEM$CANCEL_QUERY: cancel a running statement; answer as Snowflake does."""
        found = self._by_id.get(statement_id)
        if found is None:
            raise failures.statement_not_found(statement_id)
        if found.state == RUNNING:
            loop.call_soon_threadsafe(self.cancel, found)
            text = f"query [{statement_id}] terminated."
        else:
            text = "Identified SQL statement is not currently executing."
        return _said("SYSTEM$CANCEL_QUERY", text)

    def _all_cancelled(
        self, session_id: int, asking: Statement, loop: asyncio.AbstractEventLoop
    ) -> Answer:
        """Execute SYSTEM$CANCEL_ALL_QUERIES, also for the statements of an ended session."""
        found = [
            each
            for each in list(self._by_id.values())
            if each.session.id == session_id and each.state == RUNNING and each is not asking
        ]
        for each in found:
            loop.call_soon_threadsafe(self.cancel, each)
        return _said(f"SYSTEM$CANCEL_ALL_QUERIES({session_id})", f"{len(found)} cancelled.")

    def _store(self, statement: Statement, answer: Answer) -> None:
        statement.statement_type, statement.trace = answer.statement_type, answer.trace
        work = statement.session.work
        as_json = answer.statement_type != _SELECT_TYPE or _wants_json(work)
        megabytes = _number(work.parameters, "CLIENT_RESULT_CHUNK_SIZE", DEFAULT_CHUNK_MB)
        try:
            self.results.write(
                statement.id,
                answer.columns,
                iter(()) if statement.order.describe_only else _stoppable(statement, answer),
                encode=wire_json.encode if as_json else wire.encode,
                result_format="json" if as_json else "arrow",
                max_chunk_bytes=max(megabytes, 1) << 20,
            )
        finally:
            close = getattr(answer.batches, "close", None)
            if close is not None:
                close()


def _said(name: str, text: str) -> Answer:
    """Return the answer of a system function: one text."""
    return Answer((Column(name, "TEXT"),), iter([pa.record_batch({name: [text]})]))


def _describe(sql: str) -> Answer:
    """Return what a statement that changes something would answer, without running it."""
    verb = (sql.split(maxsplit=1) or [""])[0].upper()
    if verb in _CHANGES:
        kind, change = _CHANGES[verb]
        return Answer((Column(f"number of rows {change}", "FIXED", 19, 0),), iter(()), kind)
    return Answer((Column("status", "TEXT"),), iter(()), _DDL_TYPE)


def _stoppable(statement: Statement, answer: Answer) -> Iterator[pa.RecordBatch]:
    left = _number(statement.session.work.parameters, "ROWS_PER_RESULTSET", 0) or sys.maxsize
    for batch in answer.batches:
        if statement.stopped:
            raise statement.stopped
        yield batch[:left]
        left -= min(batch.num_rows, left)
        if not left:
            break
    if statement.stopped:
        raise statement.stopped


def _notify(
    loop: asyncio.AbstractEventLoop, statement: Statement, timer: asyncio.TimerHandle
) -> None:
    def on_loop() -> None:
        timer.cancel()
        statement.done.set()

    if not loop.is_closed():
        loop.call_soon_threadsafe(on_loop)


def _timed_out(seconds: int) -> Failure:
    return Failure(
        630,
        "57014",
        f"Statement reached its statement or warehouse timeout of {seconds} second(s) "
        "and was canceled.",
    )


def _timeout(work: EngineSession, order: Order) -> int:
    name = "STATEMENT_TIMEOUT_IN_SECONDS"
    own = {key.upper(): value for key, value in order.parameters.items()}
    seconds = _number(work.parameters | own, name, DEFAULT_TIMEOUT)
    return min(seconds, MAX_TIMEOUT) if seconds > 0 else MAX_TIMEOUT


def _wants_json(work: EngineSession) -> bool:
    wanted = work.parameters.get("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "ARROW")
    return str(wanted).upper() == "JSON"


def _number(parameters: Mapping[str, Any], name: str, default: int) -> int:
    value = parameters.get(name, default)
    try:
        return int(str(value))
    except ValueError:
        return default
