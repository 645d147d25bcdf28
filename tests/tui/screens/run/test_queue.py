"""Runs in the background: one at a time, each cancelled by itself, and what is shown of them."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from textual.app import App, ComposeResult

from core import CancelledError, TemporaryError, facade
from core.events import Phase, Progress
from core.request.request import Request
from tests.support.waiting import PATIENCE
from tests.tui.app_hosts import shown, until, whole
from tui.screens.quit import QuitDialog, request_quit
from tui.screens.run.line import RunsLine
from tui.screens.run.list import RunsScreen
from tui.screens.run.queue import QueuedRun, Standing, describe_end, queue_of
from tui.screens.run.screen import RunScreen, State
from tui.screens.run.stop import StopDialog


class Held:
    """Transfers that go on until they are released or cancelled.

    Attributes:
        began: the tables, in the order in which their transfers began.
    """

    def __init__(self) -> None:
        self.began: list[str] = []
        self._release: dict[str, threading.Event] = {}

    def release(self, table: str) -> None:
        self._release[table].set()

    def run(self, request: Request, *, on_event: Any, cancel: threading.Event, **_: Any) -> None:
        release = self._release.setdefault(request.table, threading.Event())
        on_event(Progress(Phase.READ, 450, 1000, 0, None, 0.5))
        self.began.append(request.table)
        while not release.wait(0.01):
            if cancel.is_set():
                raise CancelledError()
        raise TemporaryError("Snowflake did not answer.")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    transfers = Held()
    monkeypatch.setattr(facade, "run_recorded", transfers.run)
    yield transfers
    for table in transfers.began:
        transfers.release(table)


def test_an_app_is_freed_with_its_queue() -> None:
    app: App[None] = App()
    queue_of(app).runs.append(QueuedRun(Request.of(table="T", bucket="inbox-a")))
    assert len(queue_of(app).runs) == 1
    seen = weakref.ref(app)
    del app
    gc.collect()
    assert seen() is None


class Background(App[None]):
    """An app with the line of its runs, and their list."""

    ended = 0

    def compose(self) -> ComposeResult:
        yield RunsLine()

    def on_runs_line_ended(self) -> None:
        self.ended += 1

    def action_runs(self) -> None:
        self.push_screen(RunsScreen())


def run_of(table: str) -> QueuedRun:
    return QueuedRun(Request.of(table=table, bucket="s3://partner-inbox/x/"))


def line(app: App[Any]) -> str:
    app.screen_stack[0].query_one(RunsLine).follow()
    return str(app.screen_stack[0].query_one(RunsLine).content)


async def test_one_runs_and_the_others_wait(held: Held) -> None:
    app = Background()
    async with app.run_test(notifications=True) as pilot:
        queue = queue_of(app)
        one, two, three = (run_of(f"DB.S.T{n}") for n in (1, 2, 3))
        assert line(app) == ""
        for run in (one, two, three):
            queue.add(run)
        await until(pilot, lambda: one.track.now)
        assert [run.standing for run in queue.runs] == [
            Standing.RUNNING,
            Standing.WAITING,
            Standing.WAITING,
        ]
        assert line(app) == " ▸ T1 read and sum 45% +2  F12 "
        queue.cancel(two)  # was never its turn
        assert (two.standing, two.unstarted) == (Standing.ENDED, True)
        assert isinstance(two.error, CancelledError)
        held.release("DB.S.T1")
        await until(pilot, lambda: three.track.now)
        await until(pilot, lambda: "DB.S.T1: ✗ temporary" in whole(app))
        assert held.began == ["DB.S.T1", "DB.S.T3"]
        queue.cancel(three)
        await until(pilot, lambda: three.standing is Standing.ENDED)
        assert [describe_end(run) for run in queue.runs] == [
            "✗ temporary",
            "■ cancelled",
            "■ cancelled",
        ]
        assert line(app) == ""
        await until(pilot, lambda: app.ended)


async def test_a_run_is_left_and_opened_again(held: Held) -> None:
    app = Background()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        run = run_of("T1")
        queue_of(app).add(run)
        screen = RunScreen.of(run)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.state is State.RUNNING and run.track.now)
        assert line(app) == ""  # the dialog shows it
        await pilot.press("w")
        await until(pilot, lambda: app.screen is not screen)
        assert run.running
        assert "T1 read and sum 45%" in line(app)

        await app.run_action("runs")
        await until(pilot, lambda: "read and sum 45%" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "▸ Read and sum" in shown(app))
        assert "45%" in shown(app)
        second = RunScreen.of(waiting := run_of("T2"))
        queue_of(app).add(waiting)
        await app.push_screen(second)
        await until(pilot, lambda: "Waits for T1: one transfer runs at a time" in whole(app))
        held.release("T1")
        await until(pilot, lambda: second.state is State.RUNNING)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: second.state is State.FAILED)
        assert "cancelled" in whole(app)
        await pilot.press("escape")
        await until(pilot, lambda: "Snowflake did not answer." in whole(app))
        await pilot.press("r")  # the same again
        await until(pilot, lambda: held.began == ["T1", "T2", "T1"])
        assert [run.name for run in queue_of(app).runs] == ["T1", "T2", "T1"]


async def test_the_list_cancels_after_a_question(held: Held) -> None:
    app = Background()
    async with app.run_test(size=(80, 24)) as pilot:
        one, two = run_of("T1"), run_of("[/b]")
        queue_of(app).add(one)
        queue_of(app).add(two)
        await until(pilot, lambda: one.track.now)
        await app.run_action("runs")
        await until(pilot, lambda: "2 runs, 2 to do" in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, StopDialog))
        await pilot.press("n")
        assert not one.stopping
        await pilot.press("down", "c")  # one that waits needs no question
        await until(pilot, lambda: two.standing is Standing.ENDED)
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("up", "c")
        await until(pilot, lambda: isinstance(app.screen, StopDialog))
        await pilot.press("y")
        await until(pilot, lambda: one.standing is Standing.ENDED)
        app.screen.follow()
        await until(pilot, lambda: "■ cancelled" in shown(app))


async def test_leaving_the_app_asks_and_stops_all(held: Held) -> None:
    app = Background()
    async with app.run_test() as pilot:
        queue = queue_of(app)
        one, two = run_of("T1"), run_of("T2")
        queue.add(one)
        queue.add(two)
        await until(pilot, lambda: one.track.now)
        request_quit(app)
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        assert "T1 is being transferred, and 1 other would follow" in whole(app)
        await pilot.press("y")
        await until(pilot, lambda: app._exit, at_once=True)
    assert one.stopping
    thread = next((t for t in threading.enumerate() if t.name == "transfer"), None)
    if thread is not None:
        thread.join(PATIENCE)
    assert held.began == ["T1"]
