"""What is shown of a query, whose progress Snowflake does not report."""

from __future__ import annotations

import time

import pytest
from textual.app import App, ComposeResult

from core.events import Phase, Progress
from core.request.request import Request
from tests.tui.app_hosts import until, whole
from tui.screens.run.line import describe_progress
from tui.screens.run.progress import Running
from tui.screens.run.queue import QueuedRun, Standing

QUERYING = Progress(Phase.QUERY, 0, None, 0, None, 2.0)


class Shown(App[None]):
    """A view of a run that began some time ago."""

    def __init__(self, expected: float | None, ago: float) -> None:
        super().__init__()
        self.view = Running("T → inbox-a", expected=expected)
        self._ago = ago

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.begin(time.monotonic() - self._ago)
        self.view.move(QUERYING)


@pytest.mark.parametrize(
    ("expected", "ago", "said"),
    [
        (36_000.0, 600.0, " of about 10:00:00"),
        (60.0, 3_600.0, "the run was expected to take 1:00"),
        (None, 600.0, "▸ Run query"),
    ],
)
async def test_its_time_is_compared_with_the_expected_one(
    expected: float | None, ago: float, said: str
) -> None:
    app = Shown(expected, ago)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: said in whole(app))
        assert ("━" in whole(app)) == (expected == 36_000)


def test_the_line_at_the_top_has_the_expected_time() -> None:
    run = QueuedRun(Request.of(table="T", bucket="inbox-a"), expected=36_000)
    run.standing, run.began = Standing.RUNNING, time.monotonic() - 600
    run.track.note(QUERYING)
    assert describe_progress(run).endswith(" of 10:00:00")
    run.expected = 60
    assert " of " not in describe_progress(run)
