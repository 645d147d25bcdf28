"""RunScreen: from the last look to the result, against the sandbox."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from core.errors import DestinationExistsError
from core.events import Phase
from core.request.request import Request
from core.transfer import plan_transfer, run_transfer
from core.warehouse.connect import connect
from tests.support.services.buckets import Proxy, hang, reply
from tests.support.waiting import AT_ONCE
from tests.tui.app_hosts import Host, send_key, shown, until, whole
from tui.screens.quit import QuitDialog, request_quit
from tui.screens.run.progress import PHASES, STOPPED, Running
from tui.screens.run.screen import RunScreen, State
from tui.screens.run.stop import StopDialog
from tui.widgets.table import Table

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

SIZES = [(80, 24), (200, 60)]


@pytest.fixture
def bucket(sandbox: Sandbox) -> Iterator[Any]:
    """A bucket of the test's own."""
    options = {key: value for key, value in sandbox.s3.items() if key != "bucket"}
    own = boto3.resource("s3", **options).Bucket(f"screen-{os.urandom(6).hex()}")
    own.create()
    yield own
    own.objects.delete()
    own.delete()


def request_of(box: Sandbox, bucket: Any, **more: Any) -> Request:
    s3 = {key: value for key, value in box.s3.items() if key not in ("bucket", "endpoint_url")}
    options = {"table": "LOCATIONS_595", "date_column": "DOB", **more}
    return Request.of(
        bucket=f"s3://{bucket.name}/from-us/",
        connection=box.snowflake,
        endpoint_url=box.s3["endpoint_url"],
        s3_options=s3,
        **options,
    )


def left_behind(bucket: Any) -> list[Any]:
    """Objects and unfinished uploads."""
    return [*bucket.objects.all(), *bucket.multipart_uploads.all()]


def shown_phase(screen: RunScreen) -> Phase | None:
    """The phase that the screen shows as under way."""
    return next((phase for phase in Phase if f"▸ {PHASES[phase]}" in whole(screen.app)), None)


def screen_of(request: Request) -> RunScreen:
    return RunScreen(request, plan_transfer(request).plan)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where a service takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def slow_view(sandbox: Sandbox) -> Iterator[str]:
    """A view that would take minutes to read."""
    with connect(sandbox.snowflake, query_tag="tests") as session:
        session.cursor().execute(
            "CREATE OR REPLACE VIEW SCREEN_SLOW AS SELECT MAX(A.O_ORDERDATE) AS D, COUNT(*) AS N "
            "FROM ORDERS_100K A CROSS JOIN ORDERS_100K B WHERE A.O_ORDERKEY > B.O_CUSTKEY"
        )
        yield "SCREEN_SLOW"
        session.cursor().execute("DROP VIEW SCREEN_SLOW")


@pytest.mark.parametrize("size", SIZES)
async def test_from_the_last_look_to_the_result(
    sandbox: Sandbox,
    bucket: Any,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = screen_of(request_of(sandbox, bucket))
    app = Host(screen)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "Send this?" in shown(app))
        look = whole(app)
        assert "DEMO.PUBLIC.LOCATIONS_595 595 rows" in look
        assert f"s3://{bucket.name}/from-us/LOCATIONS_595" in look
        assert "DOB" in look
        assert left_behind(bucket) == []
        await pilot.press(send_key(screen))
        await until(pilot, lambda: screen.state is State.DELIVERED)
        assert screen.outcome is not None
        result = screen.outcome.result
        assert f'"row_count": {result["row_count"]}' in whole(app)
        assert "595 matches Snowflake's count" in whole(app)
        assert [item.key for item in bucket.objects.all()] == [result["file_name"]]
        await pilot.press("j")
        assert json.loads(app.copied[-1]) == result
        assert not app.copied[-1].endswith("\n")
        saved = tmp_path / "Downloads" / f"{result['file_name'].rpartition('/')[2]}.result.json"
        monkeypatch.setenv("HOME", str(tmp_path))  # where no such directory is yet
        await pilot.press("s")
        await until(pilot, lambda: saved.exists() and saved.read_text().endswith("\n"))
        assert json.loads(saved.read_text()) == result
        await pilot.press("v")
        await until(pilot, lambda: "581 rows of from-us/" in whole(app))
        table = app.screen.query_one(Table)
        heads = [column.head for column in table.columns]
        assert heads == [column.name for column in screen.outcome.plan.delivered]
        first = table.items[0][heads.index("DOB")].text
        assert first == screen.outcome.first_rows.rows[0][heads.index("DOB")]
        await pilot.press("escape")
        await pilot.press("escape")
        assert app.answers == [screen.outcome]


async def test_running_again_delivers_again(sandbox: Sandbox, bucket: Any) -> None:
    screen = screen_of(request_of(sandbox, bucket, file_name="{run_id}.{ext}"))
    app = Host(screen)
    async with app.run_test() as pilot:
        for times in (1, 2):
            await pilot.press(send_key(screen) if times == 1 else "r")
            await until(pilot, lambda: screen.state is State.DELIVERED)
            assert len(left_behind(bucket)) == times


async def test_nothing_happens_before_send(sandbox: Sandbox, bucket: Any) -> None:
    screen = screen_of(request_of(sandbox, bucket))
    app = Host(screen)
    async with app.run_test() as pilot:
        await pilot.press("c", "j", "r", "d", "e", "s")
        assert screen.state is State.LOOK
        await pilot.press("escape")
        assert app.answers == [None]
    assert left_behind(bucket) == []


class TestErrors:
    async def test_shown_with_class_and_advice_and_tried_again(
        self, sandbox: Sandbox, bucket: Any
    ) -> None:
        bucket.put_object(Key="from-us/[/b].parquet", Body=b"theirs")
        screen = screen_of(request_of(sandbox, bucket, file_name="[/b].{ext}"))
        app = Host(screen)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            assert "[/b].parquet" in whole(app)
            await pilot.press(send_key(screen))
            await until(pilot, lambda: screen.state is State.FAILED)
            assert "destination_exists · exit code 7" in whole(app)
            assert "[/b].parquet" in whole(app)
            await pilot.press("e")
            assert DestinationExistsError.__name__ in app.copied[-1]
            await pilot.press("d")
            assert "core.errors.DestinationExistsError" in whole(app)
            bucket.Object("from-us/[/b].parquet").delete()
            await pilot.press("r")
            await until(pilot, lambda: screen.state is State.DELIVERED)

    async def test_no_secret_of_a_refused_sign_in(self, sandbox: Sandbox, bucket: Any) -> None:
        plan = plan_transfer(request_of(sandbox, bucket)).plan
        wrong = request_of(sandbox, bucket).replace(
            connection={**sandbox.snowflake, "password": "hunter2"}
        )
        screen = RunScreen(wrong, plan)
        app = Host(screen)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, lambda: screen.state is State.FAILED)
            await pilot.press("d", "e")
            assert "source_sign_in" in whole(app)
            assert "hunter2" not in whole(app) + app.copied[-1]
            assert str(sandbox.snowflake["password"]) not in whole(app) + app.copied[-1]


async def test_cancelled_while_the_file_is_uploaded(
    sandbox: Sandbox, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the other phases: tests/tui/test_cancel.py."""
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "spill"))
    with Proxy(sandbox.s3["endpoint_url"]) as proxy:
        proxy.on("PUT .*LOCATIONS_595", hang)
        request = request_of(sandbox, bucket).replace(endpoint_url=proxy.url)
        screen = screen_of(request)
        app = Host(screen)
        async with app.run_test(notifications=True) as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, proxy.hanging.is_set)
            await until(pilot, lambda: shown_phase(screen) is Phase.UPLOAD)
            began = time.monotonic()
            screen.action_cancel()
            assert screen.state is State.STOPPING
            await until(pilot, lambda: screen.state in (State.FAILED, State.DELIVERED))
            assert time.monotonic() - began < AT_ONCE
            assert "cancelled" in whole(app)
            assert STOPPED[Phase.UPLOAD].partition(":")[0] in whole(app)
        assert left_behind(bucket) == []
    files = [path for path in (tmp_path / "spill").rglob("*") if path.is_file()]
    assert [path for path in files if path.name != "lock"] == []


class Quitter(Host):
    """An app that leaves as the product does."""

    async def action_quit(self) -> None:
        request_quit(self)


class TestLeave:
    async def leave_during(self, screen: RunScreen, phase: Phase) -> float:
        """Leave once `phase` is shown; the seconds from the answer to the end of the app."""
        app = Quitter(screen)
        async with app.run_test(notifications=True) as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, lambda: phase is shown_phase(screen), at_once=True)
            await app.action_quit()
            await until(pilot, lambda: isinstance(app.screen, QuitDialog), at_once=True)
            began = time.monotonic()
            app.screen.action_answer(True)  # type: ignore[attr-defined]
            await until(pilot, lambda: app._exit, at_once=True)
            return time.monotonic() - began

    async def test_while_the_warehouse_works(
        self, sandbox: Sandbox, bucket: Any, slow_view: str
    ) -> None:
        plan = plan_transfer(request_of(sandbox, bucket)).plan
        slow = request_of(sandbox, bucket, table=slow_view, date_column="D")
        assert await self.leave_during(RunScreen(slow, plan), Phase.PLAN) < AT_ONCE
        assert left_behind(bucket) == []

    async def test_while_the_warehouse_does_not_answer(
        self, sandbox: Sandbox, bucket: Any, silent_port: int
    ) -> None:
        request = request_of(sandbox, bucket)
        silent = {**sandbox.snowflake, "host": "127.0.0.1", "port": silent_port}
        hung = request.replace(connection=silent)
        screen = RunScreen(hung, plan_transfer(request).plan)
        assert await self.leave_during(screen, Phase.CONNECT) < AT_ONCE

    async def test_staying_lets_it_go_on(self, sandbox: Sandbox, bucket: Any) -> None:
        with Proxy(sandbox.s3["endpoint_url"]) as proxy:
            proxy.on("PUT .*LOCATIONS_595", hang)
            request = request_of(sandbox, bucket).replace(endpoint_url=proxy.url)
            screen = screen_of(request)
            app = Quitter(screen)
            async with app.run_test() as pilot:
                await pilot.press(send_key(screen))
                await until(pilot, proxy.hanging.is_set)
                await app.action_quit()
                await until(pilot, lambda: isinstance(app.screen, QuitDialog))
                await pilot.press("n")
                assert screen.running
                proxy.release.set()
                await until(pilot, lambda: screen.state is State.DELIVERED)
                await app.action_quit()
                assert app._exit

    async def test_a_hung_sign_in_is_given_up_at_once(
        self, sandbox: Sandbox, bucket: Any, silent_port: int
    ) -> None:
        request = request_of(sandbox, bucket)
        silent = {**sandbox.snowflake, "host": "127.0.0.1", "port": silent_port}
        hung = request.replace(connection=silent)
        screen = RunScreen(hung, plan_transfer(request).plan)
        app = Host(screen)
        async with app.run_test() as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, lambda: "▸ Sign in" in whole(app))
            await pilot.press("c")
            began = time.monotonic()
            app.screen.action_answer(True)  # type: ignore[attr-defined]
            await until(pilot, lambda: STOPPED[Phase.CONNECT] in whole(app), at_once=True)
            assert time.monotonic() - began < AT_ONCE
            await pilot.press("escape")
            assert app.answers == [None]


async def test_a_retry_is_shown_until_it_has_helped(sandbox: Sandbox, bucket: Any) -> None:
    with Proxy(sandbox.s3["endpoint_url"]) as proxy:
        proxy.on("PUT .*LOCATIONS_595", reply(503, "SlowDown", {"Retry-After": "1"}))
        proxy.on("PUT .*LOCATIONS_595", hang)
        request = request_of(sandbox, bucket).replace(endpoint_url=proxy.url)
        screen = screen_of(request)
        app = Host(screen)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press(send_key(screen))
            await until(pilot, lambda: "retrying 2/8: 503 SlowDown in 1.0 s" in whole(app))
            await until(pilot, proxy.hanging.is_set)
            proxy.release.set()
            await until(pilot, lambda: screen.state is State.DELIVERED)
            note = screen.query_one(Running).query_one(".note")
            assert not note.has_class("-some")


class TestStop:
    """A run is cancelled by an answer, never by a key that was meant for something else."""

    @pytest.fixture
    async def held(self, sandbox: Sandbox, bucket: Any) -> AsyncIterator[tuple[Any, RunScreen]]:
        """A run whose upload does not end until it is cancelled."""
        with Proxy(sandbox.s3["endpoint_url"]) as proxy:
            proxy.on("PUT .*LOCATIONS_595", hang)
            request = request_of(sandbox, bucket).replace(endpoint_url=proxy.url)
            screen = screen_of(request)
            async with Host(screen).run_test(notifications=True) as pilot:
                await pilot.press(send_key(screen))
                await until(pilot, proxy.hanging.is_set)
                yield pilot, screen
                proxy.release.set()
                await until(pilot, lambda: not screen.running)

    async def test_no_key_alone_cancels(self, held: tuple[Any, RunScreen]) -> None:
        pilot, screen = held
        assert pilot.app.focused is None
        await pilot.press("enter", "space", "enter")  # once too often after Send
        assert pilot.app.screen is screen
        for keys in (["c"], ["escape"]):
            await pilot.press(*keys)
            assert isinstance(pilot.app.screen, StopDialog)
            assert "Keep running n" in whole(pilot.app)
            await pilot.press("enter")  # the focus is on what changes nothing
            assert pilot.app.screen is screen
            assert screen.state is State.RUNNING

    async def test_an_escape_sequence_in_two_pieces_does_not_cancel(
        self, held: tuple[Any, RunScreen]
    ) -> None:
        pilot, screen = held
        for _ in range(3):  # as XTermParser gives it after its patience
            await pilot.press("escape", "[", "?", "6", "2", ";", "2", "2", "c")
        assert screen.state is State.RUNNING
        assert not screen.transfer.stopping  # type: ignore[union-attr]

    @pytest.mark.parametrize("keys", [("escape", "escape"), ("c", "y")])
    async def test_an_answer_cancels(
        self, held: tuple[Any, RunScreen], keys: tuple[str, ...]
    ) -> None:
        pilot, screen = held
        await pilot.press(*keys)
        await until(pilot, lambda: screen.state is State.FAILED)
        assert "cancelled" in whole(pilot.app)

    async def test_the_question_goes_with_the_run(self, sandbox: Sandbox, bucket: Any) -> None:
        with Proxy(sandbox.s3["endpoint_url"]) as proxy:
            proxy.on("PUT .*LOCATIONS_595", hang)
            request = request_of(sandbox, bucket).replace(endpoint_url=proxy.url)
            screen = screen_of(request)
            app = Host(screen)
            async with app.run_test() as pilot:
                await pilot.press(send_key(screen))
                await until(pilot, proxy.hanging.is_set)
                await pilot.press("escape")
                proxy.release.set()
                await until(pilot, lambda: screen.state is State.DELIVERED)
                assert app.screen is screen


async def test_an_object_that_is_there_already(sandbox: Sandbox, bucket: Any) -> None:
    request = request_of(sandbox, bucket, file_name="{table}.{ext}", if_exists="skip")
    first = run_transfer(request)
    screen = screen_of(request)
    app = Host(screen)
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "does nothing if the file exists" in whole(app))
        await pilot.press(send_key(screen))
        await until(pilot, lambda: screen.state is State.SKIPPED)
        assert "Nothing was read or delivered" in whole(app)
        await pilot.press("j")
        assert json.loads(app.copied[-1])["row_count"] == first.row_count
        await pilot.press("escape")
        assert app.answers == [None]
    assert len(left_behind(bucket)) == 1
