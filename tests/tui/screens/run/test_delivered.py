"""The result of a run: each total as it is in the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.app import ComposeResult
from textual.screen import Screen

from core import Outcome
from core.records.history import run_recorded
from core.request.request import Request
from tests.support.deliveries import delivered, make_table, options
from tests.tui.app_hosts import Host, until, whole
from tui.screens.history import HistoryScreen
from tui.screens.run.delivered import Delivered

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


LONG, CUT = "REVENUE_BEFORE_ALL_RETURNS_2024", "REVENUE_BEFO…ETURNS_2024"  # 24 cells


class ResultScreen(Screen[None]):
    """Shows nothing but the result of a run."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self._outcome = outcome

    def compose(self) -> ComposeResult:
        yield Delivered(self._outcome, 1.0, ())


@pytest.mark.parametrize("engine", ["stream", "pushdown"])
async def test_a_sum_of_nulls_is_null_everywhere(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
    columns = f"D DATE, NONE NUMBER(9,2), NO_FLOAT FLOAT, ZERO NUMBER(9,0), {LONG} NUMBER(9,0)"
    table = make_table(sandbox, columns, "('2024-01-03', NULL::NUMBER, NULL::FLOAT, 0, 7)")
    report = tmp_path / "report.json"
    place = options(sandbox, bucket=sandbox.s3["bucket"], file_name="null/{run_id}.{ext}")
    wanted = Request.of(table=table, engine=engine, verify=True, report=str(report), **place)
    outcome = run_recorded(wanted, by="app", demo=True)
    assert isinstance(outcome, Outcome)
    assert delivered(sandbox, outcome.result).to_pylist()[0]["NONE"] is None
    totals = json.loads(report.read_text())["account"]["totals"]
    assert totals == {"NONE": None, "NO_FLOAT": None, "ZERO": "0", LONG: "7"}

    result = Host(ResultScreen(outcome))
    async with result.run_test() as pilot:
        await until(pilot, lambda: "ZERO" in whole(result))
        for name, figure in (("NONE", "NULL"), ("NO_FLOAT", "NULL"), ("ZERO", "0"), (CUT, "7")):
            assert re.search(rf"Σ {name} +{figure} +✓", whole(result))
    history = Host(HistoryScreen())
    async with history.run_test(size=(80, 40)) as pilot:
        await until(pilot, lambda: "NONE NULL · NO_FLOAT NULL · ZERO 0" in whole(history))
        assert "0 without a date · 1 group " in whole(history)
