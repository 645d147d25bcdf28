"""The saved transfers beside the tables: loaded, run, and followed when their file changes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.deliveries import objects
from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import shown, until, whole
from tests.tui.app_layout import faults
from tui.screens.jobs.files import JobPlace
from tui.screens.question import Question
from tui.screens.run.list import RunsScreen
from tui.screens.run.queue import describe_end, queue_of

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "jobs.toml"


def write(file: Path, *names: str, bucket: str = "b-x") -> None:
    entry = '[[transfers]]\nname = "{}"\ntable = "LOCATIONS_595"\ndate_column = "DOB"\n'
    own = f'bucket = "s3://{bucket}"\nfile_name = "{{run_id}}-{{table}}.{{ext}}"\n'
    file.write_text("\n".join(entry.format(name) + own for name in names))
    file.chmod(0o600)


async def test_a_job_is_loaded_and_run_beside_the_tables(sandbox: Sandbox, file: Path) -> None:
    own = uuid.uuid4().hex
    write(file, f"p-{own[:4]}", "again", bucket=f"{sandbox.s3['bucket']}/{own}")
    async with workbench(sandbox, size=SMALL) as drive:
        jobs = drive.lines("job-list")
        await until(drive.pilot, lambda: "5 Jobs" in shown(drive.app))
        assert faults(drive.app) == []
        await drive.press("5", "enter")
        await drive.planned("LOCATIONS_595")
        name = f"p-{own[:4]}"
        assert drive.bench.job == JobPlace(file, name)
        assert drive.bench.columns.has_focus_within
        assert f"▌ {name}" in shown(drive.app)

        await drive.press("5", "down", "r")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, Question))
        await until(drive.pilot, lambda: "again: LOCATIONS_595 →" in whole(drive.app))
        assert f"s3://{sandbox.s3['bucket']}/{own}" in whole(drive.app)
        await drive.press("y")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunsScreen))
        queue = queue_of(drive.app)
        await until(drive.pilot, lambda: queue.runs and not queue.active)
        assert describe_end(queue.runs[0]).startswith("✓ delivered")

        write(file, "others")  # by another program, while the list of runs is shown
        await drive.press("escape")
        await until(drive.pilot, lambda: "others" in shown(drive.app))
        assert [entry.name for entry in jobs.items] == ["others"]
        file.write_text("transfers = 1")
        await drive.press("f9")
        await until(drive.pilot, lambda: drive.app.screen is not drive.bench)
        await drive.press("escape")
        await until(drive.pilot, lambda: "in the file: F3 shows" in whole(drive.app))
        file.unlink()
        await drive.press("f9")
        await until(drive.pilot, lambda: drive.app.screen is not drive.bench)
        await drive.press("escape")
        await until(drive.pilot, lambda: "5 Jobs" not in shown(drive.app))
        await drive.press("5")
        await until(drive.pilot, lambda: "No job is saved yet" in whole(drive.app))
    assert len(objects(sandbox, own)) == 1
