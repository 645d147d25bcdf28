"""The end of a run is announced once, in the way that the terminal knows."""

from __future__ import annotations

import pytest
from textual.app import App

from core import CancelledError
from tui.screens.run.announce import announce_end, make_notification


@pytest.mark.parametrize(
    ("terminal", "sequence"),
    [
        ("xterm-256color", "\x1b]9;amplify-transfer: delivered A, 3 rows\x07"),
        ("foot", "\x1b]777;notify;amplify-transfer;delivered A, 3 rows\x07"),
        ("rxvt-unicode-256color", "\x1b]777;notify;amplify-transfer;delivered A, 3 rows\x07"),
        ("linux", ""),
        ("dumb", ""),
    ],
)
def test_each_terminal_has_its_sequence(terminal: str, sequence: str) -> None:
    assert make_notification("delivered A; 3 rows", {"TERM": terminal}) == sequence


def test_a_name_cannot_end_the_sequence() -> None:
    text = make_notification("a\x07b\x1b\\c\nd\u202ee", {})
    assert text.startswith("\x1b]9;")
    assert text.endswith("\x07")
    assert text[4:-1].isprintable()


async def test_the_bell_rings_and_the_terminal_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    app = App[None]()
    written: list[str] = []
    async with app.run_test():
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        monkeypatch.setattr(app, "bell", lambda: written.append("bell"))
        announce_end(app, "T", None, CancelledError())
        assert written == []  # whoever cancelled it is there
        announce_end(app, "T", None, ValueError())
        assert written == ["bell", "\x1b]9;amplify-transfer: T: not delivered\x07"]
