"""The dialog that saves a transfer into a job file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.job_file import read_job
from core.request.request import Request
from tests.tui.app_hosts import Host, until, whole
from tui.preferences import Memory
from tui.screens.jobs.files import JobPlace
from tui.screens.jobs.save import SaveDialog

ORDERS = Request.of(
    table="SALES.PUBLIC.ORDERS", bucket="s3://partner-inbox", gzip=True, format="csv"
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


async def test_a_new_file_then_another_transfer(config: Path) -> None:
    memory = Memory(None)
    app = Host(SaveDialog(ORDERS, memory))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "makes the file, with orders" in whole(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        path = config / "jobs.toml"
        assert app.answers == [JobPlace(path, "orders")]
        assert memory.job_file == str(path)

        other = Request.of(table="ORDERS", bucket="s3://second-inbox")
        app.push_screen(SaveDialog(other, memory), app.answers.append)
        await until(pilot, lambda: "adds orders-2 to the 1 transfer of the file" in whole(app))
        await pilot.press("home", "shift+end", *"again", "enter")
        await until(pilot, lambda: len(app.answers) == 2)
    job = {each.name: each.request for each in read_job(path).transfers}
    assert job == {"orders": ORDERS, "again": other}


async def test_an_entry_is_changed_and_says_so(config: Path) -> None:
    path = write(
        config / "monthly.toml",
        '# Ours.\n[[transfers]]\nname = "orders"  # first\ntable = "SALES.PUBLIC.ORDERS"\n'
        'bucket = "s3://partner-inbox"\n',
    )
    app = Host(SaveDialog(ORDERS, Memory(None), JobPlace(path, "orders")))
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "changes orders, line 2 of the file" in whole(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        await until(pilot, lambda: "Changed in" in whole(app))
    assert [each.request for each in read_job(path).transfers] == [ORDERS]
    assert path.read_text().startswith('# Ours.\n[[transfers]]\nname = "orders"  # first\n')


async def test_what_prevents_saving_is_shown(config: Path) -> None:
    path = write(config / "jobs.toml", '[[transfers]]\nname = "a"\ntabel = "[/b]"\n')
    before = path.read_text()
    app = Host(SaveDialog(ORDERS, Memory(None)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "line 3: there is no key 'tabel' here" in whole(app))
        assert "did you mean table?" in whole(app)
        await pilot.press("enter")
        await pilot.press("tab", "home", "shift+end", *str(config / "no" / "job.toml"))
        await until(pilot, lambda: "makes the file" in whole(app))
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be written" in whole(app))
        await pilot.press("shift+tab", "home", "shift+end", *"a b")
        await until(pilot, lambda: "letters, digits" in whole(app))
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])
    assert path.read_text() == before
