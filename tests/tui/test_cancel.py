"""Cancelled in each phase: nothing left in the bucket, at the warehouse, or on disk."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from core.events import Event, Phase, Progress
from core.request.request import Request
from core.transfer import plan_transfer
from tests.support.deliveries import connect, execute
from tests.support.services.buckets import Exchange, Proxy, hang, stall
from tests.tui.app_driver import place
from tests.tui.app_hosts import SECONDS, Host, send_key, until, whole
from tui.screens.run.job import Job
from tui.screens.run.progress import PHASES, STOPPED
from tui.screens.run.screen import RunScreen, State

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# The first has rows at once, for ever; the second has its first row after minutes.
ENDLESS = (
    "CREATE OR REPLACE VIEW CANCEL_ENDLESS AS SELECT A.O_ORDERDATE AS D, B.O_TOTALPRICE AS N "
    "FROM ORDERS_100K A CROSS JOIN ORDERS_100K B"
)
SLOW = (
    "CREATE OR REPLACE VIEW CANCEL_SLOW AS SELECT MAX(D) AS D, COUNT(*) AS N FROM CANCEL_ENDLESS "
    "WHERE D > '1990-01-01' GROUP BY N"
)
VIEWS = {Phase.PLAN: "CANCEL_SLOW", Phase.QUERY: "CANCEL_ENDLESS"}


@pytest.fixture(scope="module", autouse=True)
def views(sandbox: Sandbox) -> Iterator[None]:
    """Views that keep the warehouse busy."""
    execute(sandbox, ENDLESS, SLOW)
    yield
    execute(sandbox, "DROP VIEW CANCEL_SLOW", "DROP VIEW CANCEL_ENDLESS")


def statements(proxy: Proxy) -> list[str]:
    """The ids of the statements started through `proxy`, from now on."""
    found: list[str] = []

    def note(exchange: Exchange) -> None:
        status, headers, data = exchange.forward()
        told = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        found.append(told["data"]["queryId"])
        exchange.answer(status, headers, data)

    proxy.on("POST /queries/v1/query-request", note, times=1000)
    return found


def running(sandbox: Sandbox, queries: list[str]) -> list[str]:
    """Those of `queries` that still run, as the warehouse tells anybody who asks."""
    with connect(sandbox) as session:
        return [
            query for query in queries if session.is_still_running(session.get_query_status(query))
        ]


@pytest.fixture
def bucket(sandbox: Sandbox) -> Iterator[Any]:
    """A bucket of the test's own."""
    options = {key: value for key, value in sandbox.s3.items() if key != "bucket"}
    own = boto3.resource("s3", **options).Bucket(f"cancel-{os.urandom(6).hex()}")
    own.create()
    yield own
    own.objects.delete()
    own.delete()


@pytest.fixture
def spill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs work, for this test alone."""
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "spill"))
    return tmp_path / "spill"


def hold(monkeypatch: pytest.MonkeyPatch, phase: Phase, release: threading.Event) -> None:
    """Have every run wait as `phase` begins, until `release`."""
    tell = Job._post_event

    def waiting(job: Job, event: Event) -> None:
        tell(job, event)
        if isinstance(event, Progress) and event.phase is phase:
            release.wait(SECONDS)

    monkeypatch.setattr(Job, "_post_event", waiting)


async def test_what_is_delivered_stands(
    sandbox: Sandbox, bucket: Any, spill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**place(sandbox), "bucket": f"s3://{bucket.name}/x/"}
    request = Request.of(table="LOCATIONS_595", date_column="DOB", verify=True, **own)
    release = threading.Event()
    hold(monkeypatch, Phase.VERIFY, release)
    screen = RunScreen(request, plan_transfer(request).plan)
    app = Host(screen)
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(send_key(screen))
        await until(pilot, lambda: f"▸ {PHASES[Phase.VERIFY]}" in whole(app), at_once=True)
        screen.action_cancel()
        release.set()
        await until(pilot, lambda: screen.state is State.DOUBTED)
        assert "Delivered, but not verified" in whole(app)
        assert "The verification was stopped" in whole(app)
    assert len([*bucket.objects.all()]) == 1


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.VERIFY])
async def test_nothing_is_left(
    sandbox: Sandbox, bucket: Any, phase: Phase, spill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**place(sandbox), "bucket": f"s3://{bucket.name}/x/"}
    request = Request.of(table="ORDERS_100K", **own)
    plan = plan_transfer(request).plan
    there = f"http://{sandbox.snowflake['host']}:{sandbox.snowflake['port']}"
    with Proxy(there) as warehouse, Proxy(sandbox.s3["endpoint_url"]) as s3:
        release = warehouse.release
        warehouse.on("login-request", hang, times=phase is Phase.CONNECT)
        s3.on("PUT .*ORDERS_100K", stall)
        if phase in (Phase.READ, Phase.WRITE):
            hold(monkeypatch, phase, release)
        queries = statements(warehouse)
        through = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
        changes = {"connection": through, "endpoint_url": s3.url}
        if phase in VIEWS:
            changes |= {"table": VIEWS[phase], "date_column": "D"}
        screen = RunScreen(request.replace(**changes), plan)
        app = Host(screen)
        async with app.run_test(notifications=True) as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, lambda: f"▸ {PHASES[phase]}" in whole(app), at_once=True)
            if phase in VIEWS:  # the statement has begun, as the warehouse tells
                await until(pilot, lambda: running(sandbox, queries), at_once=True)
            screen.action_cancel()
            release.set()
            await until(pilot, lambda: screen.state in (State.FAILED, State.DELIVERED))
            assert "cancelled" in whole(app)
            assert STOPPED[phase].partition(":")[0] in whole(app)
            await until(pilot, lambda: not screen.running)
    assert [*bucket.objects.all(), *bucket.multipart_uploads.all()] == []
    assert {path.name for path in spill.rglob("*") if path.is_file()} <= {"lock"}
    assert bool(queries) == (phase is not Phase.CONNECT)
    assert not running(sandbox, queries)
