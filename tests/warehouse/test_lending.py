"""Runs that use an open session: no sign-in of their own, and no harm to its owner."""

from __future__ import annotations

import gzip
import json
import threading
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import CancelledError, TransferError
from core.preview.browser import Explorer
from core.request.request import Request
from core.runtime.retry import QUICK
from core.transfer import run_transfer
from core.warehouse.connect import sign_out
from core.warehouse.lending import borrow
from tests.support.deliveries import options
from tests.support.services.buckets import Exchange, hang, lose_answer
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    LOGIN,
    READ,
    START,
    Warehouse,
    end_session,
)

if TYPE_CHECKING:
    from core.outcome import Outcome, Skipped
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
END = "POST /session\\?delete=true"


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    with Warehouse(sandbox) as made:
        yield made


@pytest.fixture
def asked(sandbox: Sandbox, warehouse: Warehouse) -> Request:
    """A small transfer through the proxy, to a prefix of its own."""
    connection = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
    bucket = f"s3://{sandbox.s3['bucket']}/lent-{uuid.uuid4().hex}/"
    own: dict[str, Any] = {**options(sandbox), "connection": connection, "bucket": bucket}
    return Request.of(**{**own, "table": "LOCATIONS_595", "date_column": "DOB"})


@pytest.fixture
def explorer(asked: Request) -> Iterator[Explorer]:
    with Explorer.open(asked.connection) as opened:
        yield opened


def transfer(request: Request, explorer: Explorer, **more: Any) -> Outcome | Skipped:
    return run_transfer(request, signed_in=explorer.signed_in, **more)


def loans(explorer: Explorer) -> int:
    assert explorer.signed_in is not None
    return explorer.signed_in.session.loans


def test_one_sign_in_serves_the_owner_and_its_runs(
    warehouse: Warehouse, asked: Request, explorer: Explorer
) -> None:
    tags: list[str] = []

    def note(exchange: Exchange) -> None:
        body, packed = exchange.body, exchange.headers.get("content-encoding") == "gzip"
        sent = json.loads(gzip.decompress(body) if packed else body)
        tags.append((sent.get("parameters") or {}).get("QUERY_TAG", ""))
        exchange.pass_on()

    warehouse.on(START, note, ALWAYS)
    explorer.databases(NEVER)
    outcome = transfer(asked, explorer, run_id="a" * 32)
    assert outcome.row_count > 500
    explorer.databases(NEVER)
    assert warehouse.seen(LOGIN) == 1
    assert warehouse.seen(END) == 0
    assert tags[0] == tags[-1] == ""  # that of the session
    assert set(tags[1:-1]) == {"amplify-transfer " + "a" * 32}
    assert len(tags) > 5
    assert loans(explorer) == 0


def test_another_role_or_time_zone_has_a_session_of_its_own(
    asked: Request, explorer: Explorer
) -> None:
    for more in ({"role": "SYSADMIN"}, {"timezone": "Asia/Kolkata"}, {"connection": "other"}):
        other = asked.replace(**more)
        assert borrow(explorer.signed_in, other, QUICK, "a test", NEVER) is None
    assert borrow(None, asked, QUICK, "a test", NEVER) is None
    assert loans(explorer) == 0


def test_a_session_is_open_until_its_last_user_returns_it(
    warehouse: Warehouse, asked: Request
) -> None:
    explorer = Explorer.open(asked.connection)
    try:
        lent = borrow(explorer.signed_in, asked, QUICK, "a test", NEVER)
        assert lent is not None
    finally:
        explorer.close()
    assert warehouse.seen(END) == 0
    assert Explorer(lent).databases(NEVER)
    assert borrow(explorer.signed_in, asked, QUICK, "a test", NEVER) is None, "it is not wanted"
    for _ in range(2):  # once is enough
        sign_out(lent)
    assert warehouse.seen(END) == 1
    assert loans(explorer) == 0


def test_a_lost_session_is_renewed_for_the_run(
    warehouse: Warehouse, asked: Request, explorer: Explorer
) -> None:
    warehouse.on(START, end_session)
    assert transfer(asked, explorer).row_count > 500
    assert warehouse.seen(LOGIN) == 2
    assert explorer.databases(NEVER)
    assert warehouse.seen(LOGIN) == 2


def test_a_run_signs_in_if_a_session_is_lost_that_would_prompt_again(
    warehouse: Warehouse, asked: Request, explorer: Explorer
) -> None:
    assert explorer.signed_in is not None
    explorer.signed_in.session.renewable = False  # as after an interactive sign-in
    assert transfer(asked, explorer).row_count > 500
    assert warehouse.seen(LOGIN) == 1
    warehouse.on("POST /session/heartbeat", end_session)
    again = asked.replace(bucket=f"{asked.bucket}again/")
    assert transfer(again, explorer).row_count > 500
    assert warehouse.seen(LOGIN) == 2
    with pytest.raises(TransferError):
        explorer.databases(NEVER)


def test_a_cancelled_run_leaves_the_session_to_its_owner(
    warehouse: Warehouse, asked: Request, explorer: Explorer
) -> None:
    cancel = threading.Event()

    def stop(exchange: Exchange) -> None:
        cancel.set()
        hang(exchange)

    warehouse.on(START + READ, stop)
    try:
        with pytest.raises(CancelledError):
            transfer(asked, explorer, cancel=cancel)
    finally:
        warehouse.clear()
    assert explorer.databases(NEVER)
    assert (warehouse.seen(LOGIN), warehouse.seen(END), loans(explorer)) == (1, 0, 0)


@pytest.mark.parametrize("shared", [False, True])
def test_statements_of_a_run_are_not_stopped_by_its_owner(
    warehouse: Warehouse, asked: Request, explorer: Explorer, shared: bool
) -> None:
    """If the answer to a start is lost, all statements of the session are stopped, or none."""
    lent = borrow(explorer.signed_in, asked, QUICK, "a test", NEVER) if shared else None
    try:
        warehouse.on(START, lose_answer)
        assert explorer.databases(NEVER)
    finally:
        if lent is not None:
            sign_out(lent)
    assert any("CANCEL_ALL" in sql for sql in warehouse.log) == (not shared)
