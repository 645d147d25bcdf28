"""Small answers, read whole: of whatever format, and whatever they tell of their rows."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import CancelledError
from core.events import Retrying
from core.query import Statement
from core.runtime.retry import Retry
from core.warehouse import catalog
from core.warehouse.connect import connect, sign_out
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import Result, run
from tests.support.deliveries import execute
from tests.support.services.buckets import Exchange
from tests.support.services.warehouse_proxy import ALWAYS, RESULT, Told, Warehouse, tell

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

CHUNK = "GET /some-chunk"
FETCHED = b'["B","8",null,"false","1700000000.123000000"],["C",null,"12.25","true",null]'
SIZES = {"uncompressedSize": len(FETCHED), "compressedSize": len(FETCHED)}
COLUMNS = {"Name": "text", "rows": "fixed", "size": "fixed", "held": "boolean"}
ROWS = [
    {"name": "A", "rows": 7, "size": None, "held": True},
    {"name": "B", "rows": 8, "size": None, "held": False},
    {"name": "C", "rows": None, "size": 12.25, "held": True},
]


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    """A warehouse behind a proxy."""
    made = Warehouse(sandbox)
    with made:
        yield made


@contextmanager
def shown(
    sandbox: Sandbox, warehouse: Warehouse, change: Callable[[Told], object]
) -> Iterator[tuple[Result, list[Any], threading.Event]]:
    """A SHOW whose answer is changed, what is told of retries, and what cancels it."""
    warehouse.on(RESULT + ".*SHOW", tell(change), ALWAYS)
    events: list[Any] = []
    cancel = threading.Event()
    port = int(warehouse.url.rpartition(":")[2])
    retry = Retry(first=0.01, on_event=events.append)
    session = connect({**sandbox.snowflake, "port": port}, query_tag="a test", retry=retry)
    try:
        yield run(session, Statement("SHOW DATABASES"), cancel), events, cancel
    finally:
        sign_out(session)


def in_json(warehouse: Warehouse) -> Callable[[Told], object]:
    """As Snowflake answers a long SHOW: in JSON, a row with the answer and the others beside."""

    def change(told: Told) -> None:
        kinds = {**COLUMNS, "created_on": "timestamp_ltz"}
        scales = {"size": 2, "rows": 0, "created_on": 3}
        told["rowtype"] = [
            {
                "name": name,
                "type": kind,
                "nullable": True,
                "precision": 38,
                "scale": scales.get(name),
            }
            for name, kind in kinds.items()
        ]
        assert told["queryResultFormat"] == "json"  # as of every SHOW
        told["rowset"] = [["A", "7", None, "true", "1700000000.123000000"]]
        told["chunks"] = [{"url": f"{warehouse.url}/some-chunk", "rowCount": 2, **SIZES}]
        told["total"] = told["returned"] = 3

    return change


def fetched(exchange: Exchange, rows: bytes = FETCHED) -> None:
    exchange.answer(200, {"content-encoding": "gzip"}, gzip.compress(rows))


def short(exchange: Exchange) -> None:
    fetched(exchange, FETCHED[FETCHED.index(b"[", 1) :])


def test_an_answer_in_json(sandbox: Sandbox, warehouse: Warehouse) -> None:
    """Times are left out; a batch that comes wrong is fetched again, and that is told."""
    warehouse.on(CHUNK, short)
    warehouse.on(CHUNK, fetched)
    with shown(sandbox, warehouse, in_json(warehouse)) as (result, events, _):
        assert read_rows(result, "name") == ROWS
    told = [event.why for event in events if isinstance(event, Retrying)]
    assert told == ["A result batch holds 1 rows instead of 2."]


def test_reading_an_answer_ends_when_it_is_cancelled(
    sandbox: Sandbox, warehouse: Warehouse
) -> None:
    with shown(sandbox, warehouse, in_json(warehouse)) as (result, _, cancel):

        def never(exchange: Exchange) -> None:
            cancel.set()
            exchange.proxy.release.wait()

        warehouse.on(CHUNK, never)
        with pytest.raises(CancelledError):
            read_rows(result, "name")
        warehouse.release.set()


@pytest.mark.parametrize("kind", [None, 0x3000, 0x4000])
def test_what_is_told_of_rows_that_are_no_querys(
    sandbox: Sandbox, warehouse: Warehouse, kind: int | None
) -> None:
    """The connector then takes other numbers for those of the answer, or none."""

    def change(told: Told) -> None:
        told["statementTypeId"] = kind

    with shown(sandbox, warehouse, change) as (result, _, _):
        assert "DEMO" in [row["name"] for row in read_rows(result, "name")]


@pytest.mark.parametrize("kind", ["VIRTUAL", "VIRTUAL_COLUMN"])
def test_a_virtual_column_is_a_column(sandbox: Sandbox, warehouse: Warehouse, kind: str) -> None:
    """DESCRIBE names its kind, and SELECT reads it like any other."""
    columns = []

    def change(told: Told) -> None:
        names = [column["name"] for column in told["rowtype"]]
        for row in told["rowset"]:
            row[names.index("kind")] = kind
            columns.append(row[names.index("name")])

    warehouse.on(RESULT + ".*DESCRIBE", tell(change), ALWAYS)
    port = int(warehouse.url.rpartition(":")[2])
    session = connect({**sandbox.snowflake, "port": port}, query_tag="a test")
    try:
        found = catalog.find(session, "LOCATIONS_595", threading.Event())
    finally:
        sign_out(session)
    assert [column.name for column in found.columns] == columns != []


def test_nothing_is_known_of_the_size_of_a_view(sandbox: Sandbox) -> None:
    """SHOW OBJECTS gives 0 rows and 0 bytes of it, as of an empty table."""
    execute(
        sandbox,
        "CREATE OR REPLACE VIEW SOME_VIEW AS SELECT * FROM LOCATIONS_595",
        "CREATE OR REPLACE TABLE NO_ROWS (N NUMBER)",
    )
    session = connect(sandbox.snowflake, query_tag="a test")
    try:
        view, table = (
            catalog.find(session, name, threading.Event()) for name in ("SOME_VIEW", "NO_ROWS")
        )
        (listed,) = catalog.list_tables(
            session, view.name.database, view.name.schema, threading.Event()
        )
    finally:
        sign_out(session)
        execute(sandbox, "DROP VIEW SOME_VIEW", "DROP TABLE NO_ROWS")
    assert (view.rows, view.bytes, view.is_view) == (None, None, True)
    assert (table.rows, table.is_view) == (0, False)
    assert {entry.name.table: entry.rows for entry in listed}["SOME_VIEW"] is None
