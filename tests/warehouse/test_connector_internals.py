"""The connector's private names: in one module, looked up before use, replaced if missing."""

from __future__ import annotations

import ast
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from snowflake.connector import SnowflakeConnection, result_batch
from snowflake.connector._internal import arrow_stream_utils
from snowflake.connector._internal.protobuf_gen import database_driver_v1_pb2 as messages
from snowflake.connector.cursor import SnowflakeCursor, _result_set_wrapper

from core.errors import CancelledError
from core.query import Statement
from core.warehouse import connector_internals
from core.warehouse.catalog import find, list_databases
from core.warehouse.connect import connect
from core.warehouse.own_session import OwnSession
from core.warehouse.results.download import Download
from core.warehouse.session import Session
from core.warehouse.statement import run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ROOT = Path(__file__).parents[2]
INTERNALS = ROOT / "core/warehouse/connector_internals.py"
NUMBERS = Statement(
    "SELECT N, (N / 4)::NUMBER(12,2) AS Q, 'x' || N AS T, "
    "DATEADD(SECOND, N, '1969-12-31'::TIMESTAMP_NTZ(0)) AS S "
    "FROM (SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 30000))) ORDER BY N"
)
PRIVATE = {
    name
    for kind in (SnowflakeConnection, SnowflakeCursor, result_batch.ResultBatch)
    for name in (*dir(kind), *kind.__init__.__code__.co_names)
    if name.startswith("_") and not name.startswith("__")
} | {"_result_set"}
NAMES = {
    "snowflake.connector.result_batch.ResultBatch._take_arrow_stream_ptr": (
        result_batch.ResultBatch,
        "_take_arrow_stream_ptr",
    ),
    "snowflake.connector._internal.arrow_stream_utils.create_table_iterator": (
        arrow_stream_utils,
        "create_table_iterator",
    ),
    "snowflake.connector.cursor._result_set_wrapper._ResultSetWrapper.get_chunks": (
        _result_set_wrapper._ResultSetWrapper,
        "get_chunks",
    ),
    "snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2.RemoteChunk.url": (
        messages,
        "RemoteChunk",
    ),
}


@pytest.fixture(autouse=True)
def looked_up_again() -> Iterator[None]:
    """Have each test look the names up by itself, and the next file too."""
    forget()
    yield
    forget()


def forget() -> None:
    connector_internals.find_missing.cache_clear()
    connector_internals._warn.cache_clear()


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[SnowflakeConnection]:
    with closing(connect(sandbox.snowflake, query_tag="internals", chunk_megabytes=1)) as opened:
        yield opened


def read(connection: SnowflakeConnection, statement: Statement = NUMBERS) -> pa.Table:
    """Every row, as the engines read it."""
    result = run(connection, statement, threading.Event())
    assert len(result.batches) > 1
    tables = Download(
        result,
        lambda table: table,
        budget=2**24,
        workers=2,
        cancel=threading.Event(),
        ordered=True,
    )
    return pa.concat_tables([table for _, table in tables], promote_options="permissive")


def test_the_installed_connector_has_them_all() -> None:
    assert connector_internals.find_missing() == ()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, attribute = NAMES[name]
    monkeypatch.delattr(place, attribute)
    assert name in connector_internals.find_missing()


@pytest.fixture
def expected(connection: SnowflakeConnection) -> pa.Table:
    """Read by the private names; requested before `lacking`."""
    table = read(connection)
    forget()
    return table


# The connector itself goes on without these: it has imported them by name.
@pytest.fixture(params=["create_table_iterator", "RemoteChunk"])
def lacking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    place = {"create_table_iterator": arrow_stream_utils, "RemoteChunk": messages}[request.param]
    monkeypatch.delattr(place, request.param)
    return f"{place.__name__}.{request.param}"


def test_without_one_the_public_functions_read_the_same(
    connection: SnowflakeConnection,
    expected: pa.Table,
    lacking: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "core"):
        assert read(connection).equals(expected)
        assert list_databases(connection, threading.Event())
        source = find(connection, "DEMO.PUBLIC.ORDERS_100K", threading.Event())
    assert source.rows == 100_000
    (record,) = caplog.records  # once, however many results
    assert lacking in record.getMessage()


@pytest.mark.usefixtures("lacking")
def test_without_one_a_batch_is_still_checked_and_fetched_again(
    connection: SnowflakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, broken = result_batch.ResultBatch.to_arrow, threading.Event()

    def to_arrow(self: result_batch.ResultBatch, *args: object, **more: object) -> pa.Table:
        table = original(self, *args, **more)
        if self.uncompressed_size and not broken.is_set():
            broken.set()
            return table.slice(1)
        return table

    monkeypatch.setattr(result_batch.ResultBatch, "to_arrow", to_arrow)
    assert read(connection).num_rows == 30_000
    assert broken.is_set()


@pytest.mark.usefixtures("lacking")
def test_without_one_a_download_is_cancelled(connection: SnowflakeConnection) -> None:
    cancel = threading.Event()
    result = run(connection, NUMBERS, cancel)
    download = Download(result, lambda table: table, budget=2**24, workers=2, cancel=cancel)
    batches = iter(download)
    next(batches)
    cancel.set()
    with pytest.raises(CancelledError):
        list(batches)


def test_a_cursor_without_its_result_is_noticed(
    connection: SnowflakeConnection, caplog: pytest.LogCaptureFixture
) -> None:
    cursor = connection.cursor()
    assert connector_internals.is_usable(cursor)
    del cursor._result_set
    assert not connector_internals.is_usable(cursor)
    assert "SnowflakeCursor._result_set" in caplog.text


def private_uses(path: Path) -> list[str]:
    """Imports of the connector's private modules, and uses of its objects' private attributes."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            used = {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            used = {each.name for each in node.names}
        elif isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            used = set() if own else {node.attr}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr"):
            used = {ast.literal_eval(each) for each in node.args if is_text(each)}
        else:
            continue
        found += [f"{path.name}:{node.lineno} {name}" for name in used if is_private(name)]
    return found


def is_private(name: str) -> bool:
    top, *parts = name.split(".")
    return name in PRIVATE or (top == "snowflake" and any(part[0] == "_" for part in parts))


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_no_other_module_uses_private_names() -> None:
    modules = [*(ROOT / "core").rglob("*.py"), *(ROOT / "tui").rglob("*.py")]
    assert private_uses(INTERNALS)
    assert [use for path in modules if path != INTERNALS for use in private_uses(path)] == []


def test_a_session_of_ours_has_no_name_that_the_connection_has(
    connection: SnowflakeConnection, sandbox: Sandbox
) -> None:
    """Else the connector would meet our attribute in place of its own."""
    with closing(SnowflakeConnection(**sandbox.snowflake)) as plain:
        theirs = {*dir(SnowflakeConnection), *vars(plain)}
    ours = {*vars(Session), *vars(OwnSession), *(vars(connection).keys() - theirs)}
    assert {"gate", "renew", "_renewing"} <= ours
    shared = {name for name in ours & theirs if not name.startswith("__")}
    assert shared == {"close"}  # overridden on purpose
