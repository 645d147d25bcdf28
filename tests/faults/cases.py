"""Faults of what a transfer meets, and what must hold whatever happens.

A case is one fault. `perform` runs a whole transfer through it and asserts the outcome: the class
of the error, its exit code, its words and its hint, or a delivery all the same; what is in the
bucket, at the warehouse and on disk; and that the same call succeeds once the fault is over.
"""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import TransferError, run_transfer
from core.events import Event
from core.request.request import Request
from tests.support.services.buckets import Inbox, Proxy
from tests.support.waiting import PATIENCE, wait_for

if TYPE_CHECKING:
    from core.outcome import Outcome
    from core.sandbox.launcher import Sandbox

FILE = "months.csv"
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table, and the file that it becomes.

    Attributes:
        sql: the statement that makes the table called `{name}`.
        expected: the delivered csv file.
    """

    sql: str
    expected: bytes


SMALL = Table(
    "CREATE TABLE {name} AS SELECT D::DATE AS D, K::VARCHAR AS K, N::NUMBER(12,2) AS N FROM VALUES "
    "('2024-01-03', 'a', 1.10), ('2024-01-31', 'a', 2.20), ('2024-02-01', 'b', NULL) T (D, K, N)",
    b"D,K,N\r\n2024-01-01,a,3.30\r\n2024-02-01,b,\r\n",
)
# Two parts of a multipart upload, which has 16 MB a part.
LARGE = Table(
    "CREATE TABLE {name} AS SELECT '2024-01-05'::DATE AS D, REPEAT(CHR(97 + SEQ4()), 1000000) AS K,"
    " 1.25::NUMBER(12,2) AS N FROM TABLE(GENERATOR(ROWCOUNT => 18))",
    b"D,K,N\r\n"
    + b"".join(b"2024-01-01,%s,1.25\r\n" % (bytes([97 + n]) * 1_000_000) for n in range(18)),
)


@dataclass(frozen=True)
class Case:
    """One fault, and how a transfer must end.

    Attributes:
        name: the fault in a few words, such as `PutObject: 503 once`.
        layer: what is at fault, such as `S3`: the table's first column.
        arm: makes the fault.
        error: the class of the error; None for a delivery all the same.
        words: a pattern that must be in the error's message and hint.
        table: what is transferred.
        options: of the transfer, besides where it goes.
        repaired: brings back what `arm` has taken away, besides the rules of the proxies.
        objects, uploads: what may be left in the bucket by a failure: how many objects, which are
            whole, and unfinished uploads.
        again: options of the rerun instead of those; None takes one away.
        seconds: within which the run must have ended.
        check: anything else to assert of the ground while the fault lasts.
    """

    name: str
    layer: str
    arm: Callable[[Ground], None]
    error: type[TransferError] | None = None
    words: str = ""
    table: Table = SMALL
    options: Options | Callable[[Ground], Options] = field(default_factory=dict)
    repaired: Callable[[Ground], None] = lambda _: None
    objects: int = 0
    uploads: int = 0
    again: Options = field(default_factory=dict)
    seconds: float = PATIENCE
    check: Callable[[Ground], None] = lambda _: None


def by(engine: str, case: Case) -> Case:
    """A case, with an engine of its own."""
    given = case.options

    def options(ground: Ground) -> Options:
        return {**(given(ground) if callable(given) else given), "engine": engine}

    return replace(case, name=f"{case.name} ({engine})", options=options)


@dataclass
class Ground:
    """Where a case takes place: a bucket and directories of its own, and a proxy on each way.

    Attributes:
        sandbox: the warehouse and the bucket.
        warehouse: the proxy before the warehouse.
        inbox: the bucket, with the proxy before it.
        spill, state: the directories of the run.
        names: the table of each `Table`.
        witness: a session of our own, which no fault meets.
        statements: the ids of all statements of the run.
        events: what runs have told.
    """

    sandbox: Sandbox
    warehouse: Proxy
    inbox: Inbox
    spill: Path
    state: Path
    names: Callable[[Table], str]
    witness: Any
    statements: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def s3(self) -> Proxy:
        """The proxy before the bucket."""
        return self.inbox.proxy

    def through(self) -> dict[str, Any]:
        """The connection that leads through the warehouse's proxy."""
        return {**self.sandbox.snowflake, "port": int(self.warehouse.url.rpartition(":")[2])}

    def transfer(self, table: Table, **options: Any) -> Outcome:
        """Run a whole transfer through the proxies."""
        defaults = {
            "connection": self.through(),
            "s3_options": self.inbox.options,
            "bucket": f"s3://{self.inbox.name}/in/",
            "file_name": FILE,
            "format": "csv",
        }
        request = Request.of(table=self.names(table), **{**defaults, **options})
        return run_transfer(request, on_event=self.events.append, cancel=threading.Event())

    def note(self, line: str, status: int, headers: Mapping[str, str], data: bytes) -> None:
        """Remember the statements that the warehouse tells of; the `watch` of its proxy."""
        if "query-request" in line:
            self.statements += re.findall(r'"queryId":\s*"([^"]+)"', unpacked(data).decode())

    def running(self) -> list[str]:
        """The statements that the warehouse still works on."""
        ask = self.witness
        return [q for q in self.statements if ask.is_still_running(ask.get_query_status(q))]

    def files(self) -> list[str]:
        """What runs have left on disk."""
        found = [*self.spill.rglob("*"), *self.state.rglob("*")]
        return sorted(p.name for p in found if p.is_file() and not p.name.endswith("lock"))


ENTRY = "row of the table of faults"  # a user property of a test's report


@dataclass(frozen=True)
class Row:
    """A line of the table of cases and outcomes."""

    layer: str
    case: str
    outcome: str
    exit_code: int
    words: str
    left: str


def enter_row(request: pytest.FixtureRequest, row: Row) -> None:
    """Put a row into the table, with the report of the test."""
    request.node.user_properties.append((ENTRY, astuple(row)))


def perform(case: Case, ground: Ground) -> Row:
    """Run a case, and assert all that must hold; the outcome for the table."""
    options = case.options(ground) if callable(case.options) else case.options
    case.arm(ground)
    started = time.monotonic()
    error: TransferError | None = None
    try:
        ground.transfer(case.table, **options)
    except TransferError as raised:
        error = raised
    took = time.monotonic() - started
    assert_ended(case, error)
    assert took < case.seconds
    case.check(ground)
    ground.s3.clear()
    ground.warehouse.clear()
    assert_left(case, ground, error)
    case.repaired(ground)
    if error:
        again = {**options, **case.again}
        ground.transfer(case.table, **{name: v for name, v in again.items() if v is not None})
        assert_delivered(case, ground)
        assert wait_for(lambda: not ground.running())
    return row(case, ground, error)


def assert_ended(case: Case, error: TransferError | None) -> None:
    """The error is the expected one, and tells what to do."""
    if case.error is None:
        if error:
            raise error
        return
    assert error is not None, "it was delivered"
    assert isinstance(error, case.error), repr(error)
    assert error.exit_code == case.error.exit_code
    assert re.search(case.words, str(error)), str(error)
    assert error.hint
    assert "secret-message" not in str(error)
    assert error.outcome is None


def assert_left(case: Case, ground: Ground, error: TransferError | None) -> None:
    """Nothing is left but what may be: at the warehouse, on disk, in the bucket."""
    assert wait_for(lambda: not ground.running())
    assert len(ground.files()) == case.uploads  # each is recorded
    if error is None:
        assert_delivered(case, ground)
        return
    try:
        keys = ground.inbox.keys()
    except ground.inbox.client.exceptions.NoSuchBucket:
        return
    assert len(keys) == case.objects
    assert all(ground.inbox.read(key) == case.table.expected for key in keys)
    assert wait_for(lambda: len(ground.inbox.unfinished()) == case.uploads)


def assert_delivered(case: Case, ground: Ground) -> None:
    """The bucket holds the object with the right rows, and nothing else."""
    assert ground.inbox.keys() == [f"in/{FILE}"]
    assert ground.inbox.read(f"in/{FILE}") == case.table.expected
    assert ground.inbox.unfinished() == []
    assert ground.files() == []


def row(case: Case, ground: Ground, error: TransferError | None) -> Row:
    """The case's line of the table."""
    if error is None:
        return Row(case.layer, case.name, "delivered", 0, "", "the object")
    left = [f"{case.objects} whole object"] * bool(case.objects)
    left += [f"{case.uploads} unfinished upload, aborted by the rerun"] * bool(case.uploads)
    words = error.message.replace(ground.inbox.name, "BUCKET")
    words = re.sub(r"\bT_[0-9A-F]{12}\b", "TABLE", words).replace("|", "\\|")
    return Row(
        case.layer,
        case.name,
        error.label,
        error.exit_code,
        words,
        ", ".join(left) or "nothing",
    )


def unpacked(data: bytes) -> bytes:
    """The body of an answer, which may be compressed."""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
