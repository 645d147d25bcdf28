"""The colours of both themes: every text of the workbench and of a run can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.color import Color
from textual.geometry import Region

from core.records.history import HistoryEntry, record
from tests.tui.app_driver import workbench
from tests.tui.app_hosts import shown, until
from tui.screens.dialog import Dialog
from tui.screens.run.screen import RunScreen
from tui.themes import THEMES

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEXT = 4.5  # WCAG 2.2, 1.4.3


def luminance(color: Color) -> float:
    """The relative luminance of WCAG."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.r / 255, color.g / 255, color.b / 255)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def find_faint(app: Any, least: float, within: Region | None = None) -> set[str]:
    """The words on the screen, or in a part of it, with less contrast than `least`."""
    region = app.screen.region if within is None else within
    found: set[str] = set()
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            words = [word for word in text.split() if any(map(str.isalnum, word))]
            colors = style and style.color and style.bgcolor
            if not words or not colors or style.dim or style.reverse:
                continue
            front, back = map(Color.from_rich_color, (style.color, style.bgcolor))
            if contrast(front, back) < least:
                found.add(f"{' '.join(words)} {contrast(front, back):.1f}")
    return found


def test_the_measure_is_that_of_wcag() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(119, 119, 119), Color(255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [theme.name for theme in THEMES])
async def test_every_text_can_be_read(
    sandbox: Sandbox, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
    for outcome in ("delivered", "cancelled", "temporary"):
        record(HistoryEntry(MOMENT, 1.5, "app", False, "A.B.ORDERS", "s3://b-x/o", outcome))
    options = {"table": "ORDERS_100K", "bucket": "b-x", "format": "csv"}
    async with workbench(sandbox, options) as drive:
        drive.app.theme = name
        await drive.previewed()
        for part in "1234":
            await drive.press("escape", part)
            assert find_faint(drive.app, TEXT) == set()
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        await drive.pilot.pause()
        dialog = drive.app.screen.query_one(Dialog).region
        assert find_faint(drive.app, TEXT, dialog) == set()
        await drive.press("escape", "f9")
        for _ in range(3):  # the cursor on each of the runs
            await until(drive.pilot, lambda: "temporary" in shown(drive.app))
            for part in map(drive.app.screen.query_one, ("#runs", "#run")):
                assert find_faint(drive.app, TEXT, part.region) == set()
            await drive.press("down")
        await drive.press("escape")
        drive.app.theme = "textual-dark"
        await drive.pilot.pause()
        assert find_faint(drive.app, 21.5), "nothing has more contrast than black on white"
