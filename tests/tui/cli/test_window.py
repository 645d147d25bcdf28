"""The months of a window on the command line: the line of the plan, as text and as JSON."""

from __future__ import annotations

import io
import json

from core import Planned
from core.engines.choice import choose
from tests.support.sources import ORDERS, plan, request
from tui.cli.console import Console, JsonConsole, TextConsole


def show(kind: type[Console], **options: str) -> str:
    stream = io.StringIO()
    made = plan(ORDERS, **options)
    kind(stream, quiet=False).event(Planned(made, choose(request(**options), made)))
    return stream.getvalue()


def test_the_plan_line_names_the_months() -> None:
    months = "1995-02 to 1995-04 and rows without a date"
    shown = show(TextConsole, since="1995-02", until="1995-04", undated="keep")
    assert f"Plan: month of O_ORDERDATE, {months}; sums O_ORDERKEY" in shown
    assert "Plan: month of O_ORDERDATE; sums" in show(TextConsole)


def test_the_plan_line_names_eight_columns_of_a_role() -> None:
    columns = {"D": "DATE", **{f"K{n}": "TEXT" for n in range(10)}}
    stream, made = io.StringIO(), plan(columns)
    TextConsole(stream, quiet=False).event(Planned(made, choose(request(), made)))
    keys = "K0, K1, K2, K3, K4, K5, K6, K7 and 2 more"
    assert f"month of D; sums none; keys {keys}\n" in stream.getvalue()


def test_the_plan_event_holds_the_months() -> None:
    shown = json.loads(show(JsonConsole, since="1995-02"))
    assert shown["window"] == {"since": "1995-02", "until": None, "undated": "drop"}
    assert json.loads(show(JsonConsole))["window"] is None
