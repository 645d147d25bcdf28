"""The check of the account, in the app."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import SECONDS, Host, until, whole
from tests.tui.app_layout import faults
from tui.screens.check import CheckScreen
from tui.screens.error import ErrorDialog

if TYPE_CHECKING:
    from core import Finding
    from core.sandbox.launcher import Sandbox


async def test_a_check_from_the_palette_is_stopped_by_a_key(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, post = threading.Event(), CheckScreen._post_finding

    def hold(screen: CheckScreen, finding: Finding) -> None:
        """Wait in the middle of the check."""
        post(screen, finding)
        if finding.subject == "month of a DATE":
            release.wait(SECONDS)

    monkeypatch.setattr(CheckScreen, "_post_finding", hold)
    async with workbench(sandbox, {"bucket": sandbox.s3["bucket"]}, size=SMALL) as drive:
        await drive.tables()
        offered = [each.title for each in drive.app.get_system_commands(drive.bench)]
        assert "Check the account" in offered
        await drive.app.run_action("check")
        await until(drive.pilot, lambda: "month of a DATE" in whole(drive.app))
        assert "✓ sign-in" in whole(drive.app)
        assert faults(drive.app) == []
        running = [each for each in threading.enumerate() if each.name == "check"]
        assert running
        await drive.press("escape")
        release.set()
        await until(drive.pilot, lambda: not any(each.is_alive() for each in running))
        assert drive.app.screen is drive.bench


async def test_what_differs_is_shown_with_what_to_do(sandbox: Sandbox) -> None:
    wrong = {**sandbox.snowflake, "password": "another"}
    app = Host(CheckScreen({"connection": wrong, "table": "T"}))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "1 differs, 2 not checked, in" in whole(app))
        text = whole(app)
        assert "✗ sign-in: The user name or the password is wrong" in text
        assert "Check both in the connection." in text
        assert "- bucket: No bucket was named." in text
        assert "Close esc" in text
        assert faults(app) == []
        await pilot.press("escape")
    assert app.answers == [None]


async def test_a_check_with_an_invalid_option_says_so() -> None:
    app = Host(CheckScreen({"stream_limit": "wrong"}))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog))
        assert "'wrong' is not a number of rows or bytes" in whole(app)
        await pilot.press("escape")
        await until(pilot, lambda: "The check has failed." in whole(app))
