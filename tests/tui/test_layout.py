"""Every screen, while the terminal is resized: what must be seen is seen, whole."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.fail
import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Select

from core.errors import TemporaryError
from core.events import Phase, Progress
from core.request.request import Request
from core.transfer import plan_transfer
from tests.tui.app_driver import SMALL, USUAL, Driver, place, workbench
from tests.tui.app_hosts import SECONDS, Host, send_key, shown, until, whole
from tests.tui.app_layout import faults
from tui.screens.connect.form import ConnectionForm
from tui.screens.connect.screen import ConnectScreen
from tui.screens.connect.secret import SecretPrompt
from tui.screens.error import ErrorDialog
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.quit import QuitDialog
from tui.screens.run.first_rows import FirstRowsScreen
from tui.screens.run.job import Job, Moved
from tui.screens.run.screen import RunScreen, State
from tui.workbench.dialogs import FormatDialog, SqlDialog
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

TINY, LARGE = (60, 20), (160, 50)
Sizes = tuple[tuple[int, int], ...]
LONG = "a name that goes on " * 12


@pytest.fixture(scope="module")
def sandbox(demo_sandbox: Sandbox) -> Sandbox:
    """The tables on the screens are those of the demo."""
    return demo_sandbox


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two connections, and a history of the test's own."""
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    entry = 'account = "acme"\nuser = "anna"\nauthenticator = "externalbrowser"\n'
    (tmp_path / "connections.toml").write_text(f'[prod]\n{entry}["{LONG}"]\n{entry}')
    (tmp_path / "connections.toml").chmod(0o600)
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


async def check(pilot: Pilot[Any], *texts: str, sizes: Sizes = (SMALL, USUAL)) -> None:
    """Everything has its place at each size, and `texts` are seen, once what they need has come.

    Tables are still being listed, and commands are searched by a worker, while a screen is shown.
    A smaller terminal than is supported may come first: nothing may remain of it.
    """

    def find() -> list[str]:
        app = pilot.app
        seen, screens = whole(app), [app.screen, *app._background_screens]
        stale = (f"{each} has {each.size}" for each in screens if each.size != app.size)
        return [*faults(app), *stale, *(text for text in texts if text not in seen)]

    for size in sizes:
        await pilot.resize_terminal(*size)
        if size == TINY:
            continue
        with suppress(AssertionError):
            await until(pilot, lambda: not find())
        assert find() == [], shown(pilot.app)


async def test_the_workbench_and_what_opens_above_it(sandbox: Sandbox) -> None:
    options = {"table": "LOCATIONS_595", "date_column": "DOB", "bucket": "b-x"}
    async with workbench(sandbox, options, size=SMALL) as drive:
        await drive.planned("LOCATIONS_595")
        await drive.previewed()
        in_part = {
            "4": ("If exists", "◉ fail", "gzip", "Test F6", "Run F5", "More ctrl+o"),
            "3": ("month rows", "1938-0", "total", "EXACT"),
            "2": ("LOCATION_ID Σ sum", "month: DOB"),
            "1": ("/ filter", "LOCATIONS_595", "ORDERS_1998", "6 tables"),
        }
        titles = ("1 Tables", "2 Columns", "3 Months", "4 Destination", "s3://b-x", "F5 Run")
        for part, texts in in_part.items():
            await drive.press(*(["escape"] if part == "3" else []), part)  # out of an input
            sizes = (TINY, SMALL, USUAL, LARGE)
            await check(drive.pilot, "To b-x", *titles, *texts, sizes=sizes)
        for part, title in (("1", "1 Tables"), ("2", "2 Columns"), ("3", "3 Months")):
            await drive.press(part, "z")
            await check(drive.pilot, title, "F5 Run", *in_part[part])
            assert "4 Destination" not in shown(drive.app)
            await drive.press("z")
        await opened_above(drive)


async def test_on_few_lines_a_list_shows_rows_or_nothing(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K", "bucket": "b-x"}, size=SMALL) as drive:
        await drive.planned("ORDERS_100K")
        await drive.previewed()
        clicks = {"tables": (5, 0), "columns": (5, 0), "preview": (5, 0), "destination": (5, 0)}
        for part, offset in clicks.items():
            await drive.pilot.click(f"#{part}", offset=offset)
            assert drive.bench.query_one(f"#{part}", Pane).has_focus_within, shown(drive.app)
            for parts, heading, row in (
                (("tables", "columns"), "column  ", "Σ sum"),
                (("preview",), "month     rows", "1992-"),
            ):
                rows = shown(drive.app).count(row)
                assert rows >= 3 if part in parts else rows == 0, shown(drive.app)
                assert (heading in shown(drive.app)) == bool(rows), shown(drive.app)


async def opened_above(drive: Driver) -> None:
    dialogs: list[tuple[list[str], type[Screen[Any]] | None, tuple[str, ...]]] = [
        (["2", "f1"], HelpScreen, ("Help", "Close esc")),
        (["3", "q"], SqlDialog, ("SQL of the transfer", "SELECT", "Close esc", "Copy c")),
        (["2", "f"], FormatDialog, ("Date format", "Apply enter", "Cancel esc")),
        (["ctrl+p"], None, ("Search for commands", "Drop the column", "Key d")),
        (["f9"], HistoryScreen, ("History", "No runs yet", "esc Back")),
        (["f5"], RunScreen, ("Send this?", "From DEMO.PUBLIC.LOCATIONS_595", "Send anyway a")),
    ]
    for keys, kind, texts in dialogs:
        await drive.press(*keys)
        await until(drive.pilot, lambda kind=kind: drive.app.screen is not drive.bench)
        assert kind is None or isinstance(drive.app.screen, kind)
        await check(drive.pilot, *texts, sizes=(TINY, SMALL, USUAL))
        await drive.press("escape")
        await until(drive.pilot, lambda: drive.app.screen is drive.bench)


ALONE: list[tuple[Callable[[], Screen[Any]], tuple[str, ...]]] = [
    (ConnectScreen, ("amplify-transfer", "prod acme", "Demo", "New connection", "enter Connect")),
    (
        lambda: ConnectionForm(frozenset()),
        ("New connection", "Account", "Save and connect F3", "Back esc"),
    ),
    (lambda: SecretPrompt("p", "password"), ("Password", "each time", "Sign in enter", "Back esc")),
    (lambda: SecretPrompt(LONG, "token"), ("Access token", "Sign in enter", "Back esc")),
    (lambda: QuitDialog("T"), ("Leave while a transfer runs?", "Stay n", "Stop and leave y")),
    (lambda: QuitDialog(LONG), ("Leave while a transfer runs?", "Stay n", "Stop and leave y")),
    (lambda: ErrorDialog(TemporaryError("m", "h")), ("Temporary failure", "Close esc", "Copy c")),
    (lambda: ErrorDialog(TemporaryError(LONG * 9, LONG)), ("Temporary failure", "Close esc")),
]


@pytest.mark.parametrize(("make", "texts"), ALONE)
async def test_screens_on_their_own(
    make: Callable[[], Screen[Any]], texts: tuple[str, ...]
) -> None:
    app = Host(make())
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await check(pilot, *texts)


async def test_the_form_of_each_way_to_sign_in() -> None:
    app = Host(ConnectionForm(frozenset()))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "no keyring" in whole(app))
        way = app.screen.query_one("#authenticator", Select)
        for value, label in (("snowflake_jwt", "Key file"), ("externalbrowser", "browser opens")):
            way.value = value
            await until(pilot, lambda label=label: label in whole(app))
            buttons = ("Save and connect F3", "Connect without saving F4", "Test F2", "Back esc")
            await check(pilot, "New connection", label, *buttons)
        await pilot.press("f3")
        await until(pilot, lambda: "Name is missing" in whole(app))
        await check(pilot, "Name is missing", "Save and connect F3")


async def test_a_run_in_each_state(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {**place(sandbox), "bucket": f"s3://{sandbox.s3['bucket']}/{os.urandom(6).hex()}"}
    request = Request.of(table="LOCATIONS_595", date_column="DOB", **own)
    plan = plan_transfer(request).plan
    release = threading.Event()
    with monkeypatch.context() as patch:  # a run that hears of no wish to stop
        patch.setattr(Job, "_post_event", lambda *_: release.wait(SECONDS))
        screen = RunScreen(request.replace(verify=True), plan)
        app = Host(screen)
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await until(pilot, lambda: "Send this?" in shown(app))
            await check(pilot, "Send this?", "LOCATIONS_595", "Back esc", "Send anyway a")
            await pilot.press(send_key(screen))
            for number, phase in enumerate(Phase):
                rows = 10**11 * (phase is not Phase.CONNECT)
                moved = Progress(phase, rows, 3 * rows, 10**14, 10**15, float(number))
                screen.post_message(Moved(moved))
            await until(pilot, lambda: "▸ Verify" in whole(app))
            moving = ("Sending", "✓ Read and sum", "100,000,000,000 rows", "rows/s", "Cancel esc")
            await check(pilot, *moving, sizes=(TINY, SMALL, USUAL))
            await pilot.press("c", "y")
            await until(pilot, lambda: "can leave now" in whole(app))
            await check(pilot, "Stopping", "Leave now esc", "elapsed")
            release.set()
            await until(pilot, lambda: screen.state is State.FAILED)
    screen = RunScreen(request.replace(file_name="same.{ext}"), plan)
    app = Host(screen)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press(send_key(screen))
        await until(pilot, lambda: screen.state is State.DELIVERED)
        await check(
            pilot, "Delivered", '"row_count": 581', "Copy JSON j", "Run again r", "Close esc"
        )
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, FirstRowsScreen))
        await check(pilot, "First rows of the file", "LOCATION_ID NAME", "Close esc")
        await pilot.press("escape", "r")
        await until(pilot, lambda: screen.state is State.FAILED)
        await pilot.press("d")
        await check(pilot, "exists already", "destination_exists", "Run again r", "Close esc")
    app = Host(HistoryScreen())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "enter Repeat" in whole(app))  # the footer comes last
        await check(pilot, "✗ destination exists", "✓ delivered", "LOCATIONS_595", "enter Repeat")


async def test_faults_are_found() -> None:
    """What the others rely on."""

    class Broken(Screen[None]):
        CSS = "#wide { width: 200; height: 3; } #up { offset: 0 -1; }"

        def compose(self) -> Any:
            from textual.widgets import Button, Static

            yield Static("sticks out", id="wide")
            yield Static("covers", id="up")
            button = Button("too long a label", compact=True)
            button.styles.width = button.styles.min_width = 6
            yield button

    app = Host(Broken())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "covers" in shown(app))
        told = " ".join(faults(app))
    assert all(words in told for words in ("sticks out of", "overlap", "too narrow"))


async def test_a_crash_ends_the_waiting() -> None:
    """Else a crash would show as a test that waited for half a minute."""
    app = Host(HistoryScreen())

    def crash() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # noqa: PT012  that it ends at all is what is tested
        async with app.run_test() as pilot:
            app.call_later(crash)
            async with asyncio.timeout(SECONDS / 3):
                await until(pilot, lambda: False)
