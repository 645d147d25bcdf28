"""Short statements of a session that serves one run: a single request, and none is left running."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import CancelledError, SourceDataError
from core.query import Field, Statement
from core.query.stop_session import stop_session
from core.runtime.cancel import NEVER
from core.runtime.retry import Retry
from core.warehouse.catalog import find
from core.warehouse.connect import connect, sign_out
from core.warehouse.results.read_result import read_columns
from core.warehouse.statement import run
from tests.support.services.buckets import Action, Exchange, hang, lose_answer
from tests.support.services.warehouse_proxy import LOGIN, RESULT, START, STATUS, Warehouse
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

FEW = Statement(
    "SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 3)) ORDER BY N", (), (Field("N", "N"),)
)
ENDLESS = Statement(
    "SELECT COUNT(*) AS N FROM DEMO.PUBLIC.ORDERS_100K A CROSS JOIN DEMO.PUBLIC.ORDERS_100K B "
    "CROSS JOIN DEMO.PUBLIC.ORDERS_100K C"
)
ALL_STOPPED = START + ".*CANCEL_ALL"


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    """A proxy that notes the statements."""
    with Warehouse(sandbox) as made:
        yield made


@contextmanager
def session(sandbox: Sandbox, warehouse: Warehouse, *, one_run: bool = True) -> Iterator[Any]:
    """A session through the proxy."""
    parameters = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
    connection = connect(
        parameters, query_tag="t", retry=Retry(first=0.01, attempts=4), is_of_one_run=one_run
    )
    try:
        yield connection
    finally:
        sign_out(connection)


def refuse(code: str) -> Action:
    """Answer with one of Snowflake's own errors."""
    body = {"success": False, "code": code, "message": "No.", "data": None}
    return lambda exchange: exchange.answer(
        200, {"Content-Type": "application/json"}, json.dumps(body).encode()
    )


@pytest.mark.parametrize(("one_run", "results"), [(True, 0), (False, 1)])
def test_it_takes_one_request_only_in_a_session_of_one_run(
    sandbox: Sandbox, warehouse: Warehouse, one_run: bool, results: int
) -> None:
    """The statements of another user of the session could not be told from it, if it is stopped."""
    with session(sandbox, warehouse, one_run=one_run) as connection:
        assert read_columns(connection, FEW, NEVER, short=True) == [[0, 1, 2]]
        assert (warehouse.seen(START), warehouse.seen(RESULT)) == (1, results)
        assert read_columns(connection, FEW, NEVER) == [[0, 1, 2]]
        assert (warehouse.seen(START), warehouse.seen(RESULT)) == (2, results + 1)


@pytest.mark.parametrize(("one_run", "requests"), [(True, 2), (False, 4)])
def test_a_table_is_found_with_two_statements(
    sandbox: Sandbox, warehouse: Warehouse, one_run: bool, requests: int
) -> None:
    with session(sandbox, warehouse, one_run=one_run) as connection:
        source = find(connection, "DEMO.PUBLIC.ORDERS_100K", NEVER)
    assert (source.rows, len(source.columns)) == (100_000, 9)
    assert warehouse.seen(START) + warehouse.seen(RESULT) == requests
    assert not warehouse.seen(STATUS)


def test_its_query_id_is_that_of_its_result(sandbox: Sandbox, warehouse: Warehouse) -> None:
    with session(sandbox, warehouse) as connection:
        result = run(connection, FEW, NEVER, short=True)
        again = connection.cursor().query_result(result.query_id)
        assert [row[0] for row in again.fetchall()] == [0, 1, 2]


def test_it_is_stopped_before_it_is_repeated(sandbox: Sandbox, warehouse: Warehouse) -> None:
    with session(sandbox, warehouse) as connection:
        warehouse.on(START, lose_answer)
        assert read_columns(connection, FEW, NEVER, short=True) == [[0, 1, 2]]
    assert (warehouse.seen(START), warehouse.seen(ALL_STOPPED)) == (3, 1)


@pytest.mark.parametrize("code", ["390111", "390114"])
def test_a_lost_session_is_signed_in_again(
    sandbox: Sandbox, warehouse: Warehouse, code: str
) -> None:
    with session(sandbox, warehouse) as connection:
        warehouse.on(START, refuse(code))
        assert read_columns(connection, FEW, NEVER, short=True) == [[0, 1, 2]]
    assert (warehouse.seen(LOGIN), warehouse.seen(ALL_STOPPED)) == (2, 0)


def test_one_that_fails_is_not_repeated(sandbox: Sandbox, warehouse: Warehouse) -> None:
    with session(sandbox, warehouse) as connection, pytest.raises(SourceDataError):
        read_columns(connection, Statement("SELECT NONE FROM NOWHERE"), NEVER, short=True)
    assert warehouse.seen(START) == 1


def test_a_cancel_stops_it(sandbox: Sandbox, warehouse: Warehouse) -> None:
    cancel, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def cancel_it(exchange: Exchange) -> None:
        cancel.set()
        answer = exchange.forward()
        ended.set()
        exchange.answer(*answer)

    def note(exchange: Exchange) -> None:
        asked.set()
        exchange.pass_on()

    warehouse.on(START, cancel_it)
    warehouse.on(ALL_STOPPED, note)
    with session(sandbox, warehouse) as connection:
        with pytest.raises(CancelledError):
            run(connection, ENDLESS, cancel, short=True)
        assert asked.wait(PATIENCE)
        stop = stop_session(connection.session_id)
        for _ in range(int(PATIENCE)):  # as the warehouse may have got the statement after that
            if ended.wait(1):
                break
            connection.cursor().execute(stop.sql)
        assert ended.is_set()


def test_a_cancel_is_prompt_though_nothing_answers(sandbox: Sandbox, warehouse: Warehouse) -> None:
    cancel = threading.Event()

    def stop(exchange: Exchange) -> None:
        cancel.set()
        hang(exchange)

    warehouse.on(START, stop, 10)
    try:
        with session(sandbox, warehouse) as connection, pytest.raises(CancelledError):
            run(connection, FEW, cancel, short=True)
    finally:
        warehouse.release.set()
