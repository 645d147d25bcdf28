"""`--history`: the runs as a table of 80 cells and as lines of JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import UsageError
from core.records.history import HistoryEntry, read_history, record
from core.remedy import Advice, Remedy
from tests.support.programs.batch_runs import run
from tests.support.sources import request
from tui.cli import batch, history

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "s3://partner-inbox/from-us/a-folder-with-a-long-name/ORDERS_monthly_20261123T120000Z.parquet"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "state"


def entry(number: int = 0, **more: Any) -> HistoryEntry:
    about = {
        "by": "batch", "demo": False, "table": "SALES.PUBLIC.ORDERS", "url": URL,
        "outcome": "delivered", "rows": 99_998, "request": request(), **more,
    }  # fmt: skip
    return HistoryEntry(NOON + timedelta(minutes=number), 83.0, **about)


def failed(number: int) -> HistoryEntry:
    message = Advice("The object exists: ", Remedy("if_exists", "overwrite"), ".")
    more = {"outcome": "destination_exists", "rows": None, "url": "partner-inbox"}
    return entry(number, message=message, **more)


def test_the_table() -> None:
    record(failed(0))
    record(entry(1, window="2024-01 to 2024-03"))
    first, delivered, months, url, refused, why = history.as_text(read_history())
    assert first.split() == ["started", "outcome", "rows", "took", "table"]
    assert delivered.split()[2:] == ["delivered", "99,998", "1:23", "SALES.PUBLIC.ORDERS"]
    for head, text in (("outcome", "delivered"), ("table", "SALES")):
        assert first.index(head) == delivered.index(text)  # texts begin in one column
    for head, number in (("rows", "99,998"), ("took", "1:23")):
        assert first.index(head) + len(head) == delivered.index(number) + len(number)
    assert months == "    months 2024-01 to 2024-03"
    assert (len(url), url[:30]) == (80, "    s3://partner-inbox/from-us")
    assert url.endswith("0261123T120000Z.parquet")
    assert refused.split()[2:] == ["destination", "exists", "1:23", "SALES.PUBLIC.ORDERS"]
    assert why == "    The object exists: --if-exists overwrite."


@pytest.mark.parametrize("table", ["T" * 300, "\u8868" * 90, "\x1b[31m\u202e" * 30, "a\nb"])
def test_no_line_is_wider_than_80_cells_or_holds_a_control_character(table: str) -> None:
    record(entry(table=table, url=f"s3://b/{table}", message=table))
    lines = history.as_text(read_history())
    assert len(lines) == 4
    assert all(history._count_cells(line) <= 80 and line.isprintable() for line in lines)


def test_as_json() -> None:
    record(failed(0))
    record(entry(1, run_id="7f", columns=({"name": "D", "role": "month"},)))
    good, bad = map(json.loads, history.as_json(read_history()))
    assert (good["exit_code"], good["rows"], good["run_id"]) == (0, 99_998, "7f")
    assert good["started"] == "2026-11-23T12:01:00+00:00"
    assert good["columns"] == [{"name": "D", "role": "month"}]
    assert (bad["exit_code"], bad["outcome"], bad["rows"]) == (7, "destination_exists", None)
    assert bad["message"] == "The object exists: --if-exists overwrite."
    assert bad["request"] == {"table": "T", "bucket": "partner-inbox"}


@pytest.mark.parametrize(("since", "found"), [("2026-11-23", 2), ("2026-12", 1), ("36500d", 2)])
def test_since(since: str, found: int) -> None:
    record(entry(1))
    record(entry(60 * 24 * 20))
    assert len(history.find("ORDERS", since, 50)) == found
    assert len(history.find("orders", "", 1)) == 1
    assert history.find("OTHER", "", 50) == []


@pytest.mark.parametrize("since", ["yesterday", "2026-13", "2026-02-30", "7", "99999d"])
def test_an_invalid_moment(since: str) -> None:
    if since != "99999d":
        with pytest.raises(UsageError, match="2026-11"):
            history.find("", since, 50)
    else:
        assert history.find("", since, 50) == []


def test_the_program_prints_it() -> None:
    record(failed(0))
    record(entry(1))
    ended = run("--history", "--json", "--limit", "1")
    assert (ended.code, ended.err) == (0, "")
    assert ended.result["url"] == URL
    shown = run("--history", "--since", "2027-01", "--table", "ORDERS")
    assert (shown.code, shown.out) == (0, "No runs are recorded.\n")
    for wrong in (("--history", "--batch"), ("--json",), ("--history", "--limit", "0")):
        assert run(*wrong).code == 2


def test_a_mistake_is_not_a_delivery_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch.run({"since": "yesterday"}, batch.Manner(history=True)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "is not a day, a month or a number of days" in err
    assert "delivered" not in err
