"""The code of a second factor, asked in the app and on the terminal."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from core.errors import CancelledError
from tests.support.programs.terminal import terminal
from tests.tui.app_hosts import Host, shown, until
from tui.screens.code import CodeDialog, ask_in_app
from tui.screens.quit import QuitDialog

DEVICE = "arn:aws:iam::123456789012:mfa/somebody"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("code", ["123456", None])
async def test_in_the_app(size: tuple[int, int], code: str | None) -> None:
    app = Host(QuitDialog("runs"))
    async with app.run_test(size=size) as pilot:
        asking = asyncio.create_task(asyncio.to_thread(ask_in_app, app, DEVICE))
        await until(pilot, lambda: isinstance(app.screen, CodeDialog))
        assert "mfa/somebody" in shown(app)
        await pilot.press("enter")  # no code yet
        assert isinstance(app.screen, CodeDialog)
        if code:
            await pilot.press(*code, "x", "enter")
            assert await asking == code
        else:
            await pilot.press("escape")
            with pytest.raises(CancelledError):
                await asking


ON_TERMINAL = f"""
from tui.cli.code import ask_on_terminal, can_ask
print("can ask:", can_ask())
print("typed:", ask_on_terminal({DEVICE!r}))
"""


def test_on_the_terminal() -> None:
    with terminal([sys.executable, "-c", ON_TERMINAL], dict(os.environ)) as screen:
        screen.read_until(f"MFA code of {DEVICE}: ")
        screen.press("123456\r")
        screen.read_until("typed: 123456")
        assert screen.end() == 0
        assert screen.saw("can ask: True")
