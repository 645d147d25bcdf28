"""The list of a job file's transfers, by itself and with the workbench."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.support.deliveries import objects
from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import Host, shown, until, whole
from tests.tui.app_layout import faults
from tui.preferences import Memory
from tui.screens.jobs.files import JobPlace
from tui.screens.jobs.rename import RenameDialog
from tui.screens.jobs.screen import JobsScreen
from tui.screens.question import Question
from tui.screens.run.list import RunsScreen
from tui.screens.run.queue import describe_end, queue_of

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

FILE = """\
[defaults]
bucket = "s3://b-x/${FOLDER}/"

[[transfers]]
name = "places"
table = "LOCATIONS_595"
date_column = "DOB"   # agreed
connection = "prod"

# Only the past.
[[transfers]]
name = "orders"
table = "ORDERS_100K"
schema = "frozen"
backfill = "2024-01..2024-03"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("FOLDER", "from-us")
    path = tmp_path / "jobs.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


async def test_entries_and_mistakes_have_their_lines(file: Path) -> None:
    app = Host(JobsScreen(Memory(None)))
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: '5 name = "places"' in whole(app))
        assert "2 transfers" in shown(app)
        await pilot.press("down")
        await until(pilot, lambda: '15 backfill = "2024-01..2024-03"' in whole(app))
        assert "3 one by one parquet, frozen" in whole(app)
        assert faults(app) == []
        await pilot.press("s")
        await until(pilot, lambda: "has no transfer yet" in whole(app))

        file.write_text(FILE.replace("date_column", "date_colunm").replace("frozen", "[/x]"))
        await pilot.press("f8")
        await until(pilot, lambda: "2 mistakes" in shown(app))
        assert "line 7: there is no key 'date_colunm' here; did you mean date_column?" in whole(app)
        assert "line 14: schema: must be free or frozen" in whole(app)
        await pilot.press("enter")
        assert app.answers == []

        other = file.with_name("other.toml")
        await pilot.press("o", *str(other), "enter")
        await until(pilot, lambda: "no such file yet" in whole(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])


async def test_transfers_run_one_after_the_other(sandbox: Sandbox, file: Path) -> None:
    bucket, own = sandbox.s3["bucket"], uuid.uuid4().hex
    file.write_text(
        f"""
[defaults]
bucket = "s3://{bucket}/{own}/"
last_months = 500

[[transfers]]
name = "places"
table = "LOCATIONS_595"
date_column = "DOB"

[[transfers]]
name = "missing"
table = "NO_SUCH_{own}"

[[transfers]]
name = "again"
table = "LOCATIONS_595"
date_column = "DOB"
file_name = "{{run_id}}.{{ext}}"
"""
    )
    async with workbench(sandbox) as drive:
        await drive.tables()
        await drive.press("f3")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, JobsScreen))
        await drive.press("a")
        await until(drive.pilot, lambda: "Run these 3 transfers?" in shown(drive.app))
        assert f"places: LOCATIONS_595 → s3://{bucket}/{own}/" in whole(drive.app)
        await drive.press("n")
        queue = queue_of(drive.app)
        assert queue.runs == []
        await drive.press("a")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, Question))
        await drive.press("y")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunsScreen))
        await until(drive.pilot, lambda: len(queue.runs) == 3 and not queue.active)
        drive.app.screen.follow()  # type: ignore[attr-defined]
        await until(drive.pilot, lambda: "3 runs" in shown(drive.app))
        ends = [describe_end(run).partition(",")[0] for run in queue.runs]
        assert ends == ["✓ delivered", "✗ source data", "✓ delivered"]
        rows = queue.runs[0].outcome.row_count  # type: ignore[union-attr]
        assert f"places ✓ delivered, {rows} rows" in whole(drive.app)
        await drive.press("home", "enter")
        await until(drive.pilot, lambda: f'"row_count": {rows}' in whole(drive.app))
        await drive.press("escape", "escape", "escape")
        await until(drive.pilot, lambda: drive.app.screen is drive.bench)
    assert len(objects(sandbox, own)) == 2


async def test_a_transfer_is_edited_in_the_workbench_and_saved_back(
    sandbox: Sandbox, file: Path
) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K", "bucket": "b-y"}) as drive:
        await drive.planned("ORDERS_100K")
        await drive.press("f3")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, JobsScreen))
        await drive.press("enter")
        await drive.planned("LOCATIONS_595")
        assert drive.bench.job == JobPlace(file, "places")
        assert drive.bench.draft.request.bucket == "s3://b-x/from-us/"
        assert "job places" in shown(drive.app)
        await drive.until_roles(DOB="month")

        await drive.press("4", "ctrl+s")
        await until(drive.pilot, lambda: "changes places, line 4 of the file" in whole(drive.app))
        await drive.press("escape")
        drive.bench.action_drop_identifiers()
        await until(drive.pilot, lambda: drive.bench.draft.request.drop_identifiers)
        await drive.press("ctrl+s")
        await until(drive.pilot, lambda: "changes places" in whole(drive.app))
        await drive.press("enter")
        await until(drive.pilot, lambda: "drop_identifiers" in file.read_text())
        assert file.read_text() == FILE.replace(
            'connection = "prod"\n', 'connection = "prod"\ndrop_identifiers = true\n'
        )

        await drive.press("escape")  # from the form to the columns
        await drive.pick("ORDERS_100K")  # no longer that transfer
        assert drive.bench.job is None
        await drive.press("ctrl+s")
        await until(drive.pilot, lambda: "adds orders_100k to the 2 transfers" in whole(drive.app))


async def test_a_transfer_is_renamed_and_removed(file: Path) -> None:
    moved: list[JobPlace | None] = []
    place = JobPlace(file, "places")
    app = Host(JobsScreen(Memory(None), place=place, on_move=moved.append))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "2 transfers" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RenameDialog))
        assert faults(app) == []
        field = app.screen.query_one("#new-name", Input)
        field.value = "orders"
        await pilot.press("enter")
        await until(pilot, lambda: "✗" in whole(app))
        assert file.read_text() == FILE
        field.value = "sites"
        await pilot.press("enter")
        await until(pilot, lambda: 'name = "sites"' in whole(app))
        assert moved == [JobPlace(file, "sites")]
        assert file.read_text() == FILE.replace('"places"', '"sites"')
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: "1 transfer" in shown(app))
        assert moved[1:] == [None]
        left = FILE.partition("[[transfers]]")[0] + "# Only the past." + FILE.partition("past.")[2]
        assert file.read_text() == left
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: "The file has no transfer" in whole(app))
