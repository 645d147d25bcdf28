"""How many keys the journeys of a working day take, each from the workbench to the last key."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.planning.names import TableName
from tests.support.deliveries import execute, make_table, objects
from tests.tui.app_driver import Driver, workbench
from tests.tui.app_hosts import until, whole
from tui.preferences import Memory
from tui.screens.question import Question
from tui.screens.run.list import RunsScreen
from tui.screens.run.queue import describe_end, queue_of
from tui.screens.run.screen import RunScreen, State
from tui.workbench.further import FurtherDialog

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

FEWEST = {
    "one table": 3,
    "a month restated for the first time": 6,
    "a failed run repeated": 1,
    "a job of three": 3,
    "a month restated by its job": 3,
}
JOB = """\
[defaults]
bucket = "{bucket}"
table = "{table}"

[[transfers]]
name = "months"
split_by = "month"
last_months = 1
restate_months = 3
file_name = "{{run_id}}-{{month}}.{{ext}}"

[[transfers]]
name = "second"
file_name = "{{run_id}}.{{ext}}"

[[transfers]]
name = "third"
file_name = "{{run_id}}.{{ext}}"
"""


@pytest.fixture
def table(sandbox: Sandbox) -> Iterator[str]:
    """A table with four rows of the last month, which are one row of a delivery."""
    day = datetime.now(UTC).date().replace(day=1) - timedelta(days=5)
    name = make_table(sandbox, "D DATE, K VARCHAR(9), N NUMBER(9,0)", *[f"('{day}', 'a', 1)"] * 4)
    yield name
    execute(sandbox, f"DROP TABLE {name}")


class Count:
    """Presses keys and counts them."""

    def __init__(self, drive: Driver) -> None:
        self.drive, self.taken = drive, 0

    async def press(self, key: str, met: Callable[[], object]) -> None:
        await self.drive.press(key)
        self.taken += 1
        await until(self.drive.pilot, met)

    def take(self) -> int:
        """The keys since the last time."""
        taken, self.taken = self.taken, 0
        return taken


async def test_the_journeys_take_few_keys(
    sandbox: Sandbox, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"AMPLIFY_{name}_DIR", str(tmp_path))
    own = uuid.uuid4().hex
    bucket = f"s3://{sandbox.s3['bucket']}/{own}/"
    file = tmp_path / "jobs.toml"
    file.write_text(JOB.format(bucket=bucket, table=table))
    file.chmod(0o600)
    memory, keys = Memory(None), {}
    memory.profile = "connection"
    place = sandbox.snowflake
    memory.use_table(TableName(place["database"], place["schema"], table))
    async with workbench(sandbox, {"bucket": bucket}, memory=memory) as drive:
        app, queue, count = drive.app, queue_of(drive.app), Count(drive)
        press = count.press

        def in_run(*states: State) -> Any:
            return lambda: isinstance(app.screen, RunScreen) and app.screen.state in states

        def on(kind: type) -> Any:
            return lambda: isinstance(app.screen, kind)

        async def leave() -> None:
            while app.screen is not drive.bench:
                await drive.press("escape")

        await until(drive.pilot, lambda: table in whole(app))
        await press("enter", lambda: drive.bench.preview.shown)
        await press("f5", in_run(State.LOOK))
        await press("enter", in_run(State.DELIVERED))
        keys["one table"] = count.take()

        await leave()
        await press("ctrl+o", on(FurtherDialog))
        await press("tab", lambda: app.focused and app.focused.id == "further-restate_months")
        await press("3", lambda: "✗" not in whole(app))
        await press("enter", lambda: drive.bench.draft.request.restate_months == 3)
        await press("f5", in_run(State.LOOK))
        execute(sandbox, f"ALTER TABLE {table} RENAME TO {table}_AWAY")
        await press("enter", in_run(State.FAILED))
        keys["a month restated for the first time"] = count.take()

        execute(sandbox, f"ALTER TABLE {table}_AWAY RENAME TO {table}")
        await press("r", in_run(State.DELIVERED))
        keys["a failed run repeated"] = count.take()

        await leave()
        await press("f3", lambda: "3 transfers" in whole(app))
        await press("a", on(Question))
        await press("y", on(RunsScreen))
        keys["a job of three"] = count.take()

        await leave()
        await press("5", lambda: drive.lines("job-list").has_focus)
        await press("r", on(Question))
        await press("y", on(RunsScreen))
        keys["a month restated by its job"] = count.take()
        await until(drive.pilot, lambda: len(queue.runs) == 7 and not queue.active)
        ends = [describe_end(run).partition(",")[0] for run in queue.runs]
    assert keys == FEWEST
    failed = ends.pop(1)
    assert (failed, ends) == ("✗ source data", [*["✓ delivered"] * 5, "✓ unchanged"])
    assert len(objects(sandbox, own)) == 5
