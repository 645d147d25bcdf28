"""Only some months: what is read, delivered, named and recorded, through the whole journey."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from core import Outcome, Planned, Request, UsageError, Warned, plan_transfer, run_transfer
from core.errors import IntegrityError
from core.planning.window import add_months
from core.records.history import read_history, run_recorded
from core.runtime.cancel import NEVER
from core.warehouse import catalog
from core.warehouse.catalog import find_today
from core.warehouse.connect import connect
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import delivered, execute, make_table, options, rows_of

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

FEBRUARY = (date(2024, 2, 1), "eu", "a", None, Decimal("0.30"), None)
UNDATED = (None, "us", None, Decimal(8), Decimal("1.00"), 1.0)
SPAN = 4  # months


@pytest.fixture(scope="module")
def example(sandbox: Sandbox) -> str:
    """The table of the contract's example."""
    return make_table(sandbox, *EXAMPLE)


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    given = {"table": table, "bucket": box.s3["bucket"], "file_name": "windows/{run_id}.{ext}"}
    return Request.of(**options(box, **{**given, **more}))


def read(outcome: Outcome) -> tuple[int, ...]:
    totals = outcome.totals
    return totals.rows_declared, totals.rows_read, totals.blank_rows, totals.null_dates


@pytest.mark.parametrize("engine", ["stream", "pushdown"])
def test_the_contracts_example(sandbox: Sandbox, example: str, engine: str) -> None:
    outcome = run_transfer(asked(sandbox, example, since="2024-02", engine=engine, verify=True))
    assert rows_of(delivered(sandbox, outcome.result)) == [FEBRUARY]
    assert read(outcome) == (1, 1, 0, 0)
    assert outcome.comparison is not None
    assert (outcome.comparison.agrees, outcome.comparison.rows) == (True, 1)


def test_rows_without_a_date_are_kept_on_request(sandbox: Sandbox, example: str) -> None:
    request = asked(sandbox, example, since="2024-02", undated="keep", verify=True)
    outcome = run_transfer(request)
    assert rows_of(delivered(sandbox, outcome.result)) == [FEBRUARY, UNDATED]
    assert read(outcome) == (3, 3, 1, 1)
    assert outcome.comparison is not None
    assert outcome.comparison.agrees


def test_by_unload(sandbox: Sandbox, example: str) -> None:
    way = {"engine": "unload", "storage_integration": "SANDBOX_S3", "sum_columns": "QTY,AMT"}
    request = asked(sandbox, example, since="2024-02", **way, verify=True)
    outcome = run_transfer(request)
    assert rows_of(delivered(sandbox, outcome.result)) == [FEBRUARY[:5]]
    assert read(outcome) == (1, 1, 0, 0)
    assert outcome.comparison is not None
    assert outcome.comparison.agrees


def test_months_without_rows_are_an_empty_file_and_a_warning(
    sandbox: Sandbox, example: str
) -> None:
    told: list[object] = []
    request = asked(sandbox, example, since="2020-01", until="2020-03")
    outcome = run_transfer(request, on_event=told.append)
    assert outcome.row_count == delivered(sandbox, outcome.result).num_rows == 0
    assert [e.message for e in told if isinstance(e, Warned)] == [
        "The table has only blank rows of 2020-01 to 2020-03, or none: the file has no rows."
    ]


# ------------------------------------------------------------------------------ the last months


@pytest.fixture(scope="module")
def recent(sandbox: Sandbox) -> str:
    """A row for each of the last months and the current one; N is 2^(months ago)."""
    this = datetime.now(UTC).date().replace(day=1)
    months = [add_months(this, -ago) for ago in range(SPAN)]
    rows = (f"('{month}', {2**ago})" for ago, month in enumerate(months))
    return make_table(sandbox, "D DATE, N NUMBER(9,0)", *rows)


@pytest.mark.parametrize(
    ("how", "total"),
    [
        ({"last_months": 2}, 0b110),
        ({"last_months": 1, "include_current": True}, 0b11),
    ],
)
def test_the_last_months(sandbox: Sandbox, recent: str, how: dict[str, Any], total: int) -> None:
    name = "windows/{run_id}/{table}_{since}_{until}.{ext}"
    outcome = run_transfer(asked(sandbox, recent, **how, timezone="UTC", file_name=name))
    found = rows_of(delivered(sandbox, outcome.result))
    assert sum(int(row[1]) for row in found) == total
    assert outcome.file_name.endswith(f"_{found[0][0]:%Y-%m}_{found[-1][0]:%Y-%m}.parquet")


# 26 hours apart, so that these zones never have the same date.
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_current_date_is_that_of_the_sessions_zone(sandbox: Sandbox, zone: str) -> None:
    with closing(connect(sandbox.snowflake, query_tag="windows", timezone=zone)) as session:
        before = datetime.now(ZoneInfo(zone)).date()
        found = find_today(session, NEVER)
        assert before <= found <= datetime.now(ZoneInfo(zone)).date()


def test_the_date_is_asked_only_for_the_last_months(
    sandbox: Sandbox, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.run_steps.find_today", None)
    assert plan_transfer(asked(sandbox, example, since="2024-02")).plan.window is not None


@pytest.mark.parametrize("rows", [[], [{"today": "soon"}]])
def test_an_answer_that_holds_no_date(
    sandbox: Sandbox, rows: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "read_rows", lambda *_: rows)
    with (
        closing(connect(sandbox.snowflake, query_tag="windows")) as session,
        pytest.raises(IntegrityError, match="no current date"),
    ):
        find_today(session, NEVER)


# ------------------------------------------------------------------------- names and the records


def test_a_file_name_of_a_month(sandbox: Sandbox, example: str) -> None:
    request = asked(
        sandbox, example, since="2024-02", until="2024-02", file_name="windows/{month}.{ext}",
        if_exists="overwrite",
    )  # fmt: skip
    assert run_transfer(request).file_name == "windows/2024-02.parquet"
    with pytest.raises(UsageError, match=r"\{month\}, but not exactly one month is read"):
        run_transfer(request.replace(until=None))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def test_the_report_the_history_and_the_events_name_the_window(
    sandbox: Sandbox, example: str, state: Path
) -> None:
    path, told = state / "report.json", list[object]()
    request = asked(sandbox, example, until="2024-02", undated="keep", report=str(path))
    run_recorded(request, by="batch", connection_name="prod", on_event=told.append)
    window = {"since": None, "until": "2024-02", "undated": "keep"}
    assert json.loads(path.read_text())["window"] == window
    (entry,) = read_history()
    assert entry.window == "until 2024-02 and rows without a date"
    assert entry.request is not None
    assert (entry.request.until, entry.request.undated) == ("2024-02", "keep")
    (planned,) = (event for event in told if isinstance(event, Planned))
    assert planned.plan.window is not None
    assert planned.plan.window.as_dict() == window


def test_without_a_window_none_is_named(sandbox: Sandbox, example: str, state: Path) -> None:
    path = state / "report.json"
    run_recorded(asked(sandbox, example, report=str(path)), by="batch")
    assert json.loads(path.read_text())["window"] is None
    assert read_history()[0].window == ""


# --------------------------------------------------------------------------------- the estimates


def test_a_dry_run_estimates_the_window(sandbox: Sandbox) -> None:
    """It reads a sample of a table that has more rows than a preview reads."""
    rows = 120_000
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE IN_TWO_MONTHS AS SELECT IFF(SEQ4() % 3 = 0, '2024-01-15',"
        f" '2024-02-15')::DATE AS D, SEQ4() % {rows // 2} AS K, 1 AS N"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {rows}))",
    )
    request = asked(sandbox, "IN_TWO_MONTHS", since="2024-02", key_columns="K", sum_columns="N")
    found = plan_transfer(request).estimate
    assert found.rows_estimated
    assert found.rows == pytest.approx(rows * 2 / 3, rel=0.05)
    assert found.groups == pytest.approx(rows / 3, rel=0.15)
    assert found.ways[0].rows == found.rows
    counted = plan_transfer(request, exact=True).estimate
    assert (counted.rows, counted.groups, counted.rows_estimated) == (80_000, 40_000, False)
    nowhere = plan_transfer(asked(sandbox, "IN_TWO_MONTHS", since="2030-01")).estimate
    assert (nowhere.rows, nowhere.groups) == (0, 0)
