"""Months that are delivered again: which, by the figures of their last delivery, and where."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from core import Outcome, Planned, Request, Skipped, UsageError, Warned, plan_transfer
from core.aggregation.delivered_months import DeliveredMonth
from core.aggregation.reconciliation import Total
from core.errors import IntegrityError, SourceDataError
from core.notify.message import as_text
from core.planning.window import Window
from core.records import restatement
from core.records.history import read_history, record, run_recorded
from core.remedy import remedies
from core.verify.month_totals import MonthFigures
from tests.support.deliveries import bucket_client, execute, make_table, objects, options
from tests.support.sources import plan, request
from tui.cli import batch

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

TODAY = date(2024, 5, 15)
COLUMNS = "D DATE, K VARCHAR, N NUMBER(9,2), F FLOAT"
ROWS = [f"('2024-0{month}-03', '{key}', {month}.25, 0.1)" for month in (1, 2, 3, 4) for key in "ab"]
MONTHS = ["2024-02", "2024-03", "2024-04"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of its own, in May 2024."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("core.run_steps.find_today", lambda *_: TODAY)


@pytest.fixture
def table(sandbox: Sandbox) -> Iterator[str]:
    name = make_table(sandbox, COLUMNS, *ROWS)
    yield name
    execute(sandbox, f"DROP TABLE {name}")


@pytest.fixture
def folder(sandbox: Sandbox) -> Iterator[str]:
    """A prefix of the sandbox's bucket, emptied at the end."""
    prefix = f"{uuid.uuid4().hex}/"
    yield prefix
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


def asked(box: Sandbox, table: str, folder: str, **more: Any) -> Request:
    given = {
        "table": table,
        "bucket": f"s3://{box.s3['bucket']}/{folder}",
        "last_months": 1,
        "restate_months": 3,
        "split_by": "month",
        "file_name": "{table}_{month}.{ext}",
        "if_exists": "overwrite",
    }
    return Request.of(**options(box, **{**given, **more}))


def run(wanted: Request, events: list[Any] | None = None) -> Outcome | Skipped:
    listen = None if events is None else events.append
    return run_recorded(wanted, by="batch", on_event=listen)


def due(outcome: Outcome | Skipped) -> dict[str, str]:
    assert outcome.restatement is not None
    return {f"{each.month:%Y-%m}": each.why for each in outcome.restatement.months if each.due}


def read_sums(box: Sandbox, key: str) -> list[Decimal]:
    data = bucket_client(box).get_object(Bucket=box.s3["bucket"], Key=key)["Body"].read()
    return list(map(Decimal, pq.read_table(io.BytesIO(data))["N"].to_pylist()))


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        (0, "unchanged since 2024-05-01 08:30 UTC"),
        (1, "A 2, was 1"),
        (3, "A 2, was 1; B 2, was 1; C 2, was 1"),
        (4, "C 2, was 1; 1 more"),
        (5, "C 2, was 1; 2 more"),
    ],
)
def test_the_reason_names_three_sums_and_counts_the_others(changed: int, end: str) -> None:
    made = plan({"DAY": "DATE", **dict.fromkeys("ABCDE", "NUMBER(9,0)")}, date_column="DAY")
    names = [column.name for column in made.sums]
    one, two = Total(Decimal(1)), Total(Decimal(2))
    month = date(2024, 4, 1)
    delivered = DeliveredMonth(month, "k", 1, 9, dict.fromkeys(names, one), ())
    when = datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
    former = restatement.Former(when, when, delivered, True, "s3://b/k")
    now = MonthFigures(1, tuple(two if n < changed else one for n in range(len(names))))
    found = restatement._judge(made, month, now, former, new=False)
    assert found.due is (changed > 0)
    assert found.why.endswith(end)
    doubted = restatement._judge(made, month, now, replace(former, agreed=False), new=False)
    assert (doubted.due, "did not agree" in doubted.why) == (True, True)


@pytest.mark.parametrize(
    ("figure", "before", "end"),
    [
        (None, None, "unchanged since 2024-05-01 08:30 UTC"),
        (None, Total(Decimal(0)), "A NULL, was 0"),
        (Total(Decimal(0)), None, "A 0, was NULL"),
    ],
)
def test_a_sum_of_nulls_is_not_zero(figure: Total | None, before: Total | None, end: str) -> None:
    made = plan({"DAY": "DATE", "A": "NUMBER(9,0)"}, date_column="DAY")
    month, when = date(2024, 4, 1), datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
    delivered = DeliveredMonth(month, "k", 1, 9, {"A": before}, ())
    former = restatement.Former(when, when, delivered, True, "s3://b/k")
    found = restatement._judge(made, month, MonthFigures(1, (figure,)), former, new=False)
    assert (found.due, found.why) == (figure is not before, end)


@pytest.mark.parametrize("engine", ["stream", pytest.param("pushdown", marks=pytest.mark.lengthy)])
def test_only_months_whose_figures_changed_are_delivered_again(
    sandbox: Sandbox, table: str, folder: str, engine: str
) -> None:
    def key(month: str) -> str:
        return f"{folder}{table}_{month}.parquet"

    first = run(asked(sandbox, table, folder, last_months=3, engine=engine))
    assert due(first) == dict.fromkeys(MONTHS, "not delivered yet")
    assert sorted(objects(sandbox, folder)) == list(map(key, MONTHS))

    nothing = run(asked(sandbox, table, folder, engine=engine))
    assert isinstance(nothing, Skipped)
    assert (due(nothing), nothing.row_count) == ({}, 6)
    assert (nothing.file_name, nothing.timestamp) == (
        folder,
        first.timestamp.replace(microsecond=0),
    )

    def moments() -> dict[str, Any]:
        listed = bucket_client(sandbox).list_objects_v2(Bucket=sandbox.s3["bucket"], Prefix=folder)
        return {each["Key"]: each["ETag"] for each in listed["Contents"]}

    before, events = moments(), list[Any]()
    execute(
        sandbox,
        f"INSERT INTO {table} SELECT * FROM VALUES ('2024-02-09', 'late', 10, 0)",
        f"UPDATE {table} SET N = 7 WHERE D = '2024-04-03' AND K = 'a'",
    )
    third = run(asked(sandbox, table, folder, engine=engine, verify=True), events)
    assert isinstance(third, Outcome)
    assert due(third) == {
        "2024-02": "3 rows, were 2; N 14.50, was 4.50",
        "2024-04": "N 11.25, was 8.50",
    }
    assert third.comparison is not None
    assert third.comparison.agrees
    assert [each.key for each in third.objects] == [key("2024-02"), key("2024-04")]
    assert third.row_count == 5
    changed = {name for name, tag in moments().items() if tag != before[name]}
    assert changed == {key("2024-02"), key("2024-04")}
    assert read_sums(sandbox, key("2024-04")) == [Decimal(7), Decimal("4.25")]
    (planned,) = (each for each in events if isinstance(each, Planned))
    assert str(planned.plan.window) == "2024-02 to 2024-04 without 2024-03"
    assert planned.restatement == third.restatement
    assert isinstance(run(asked(sandbox, table, folder, engine=engine)), Skipped)
    newest, third_run, *_ = read_history()
    assert (newest.outcome, third_run.window) == ("unchanged", str(planned.plan.window))
    assert (newest.window, newest.exit_code) == ("2024-02 to 2024-04", 0)
    kept = f"s3://{sandbox.s3['bucket']}/{folder}"
    assert as_text(newest) == (
        f"Unchanged {newest.table} (2024-02 to 2024-04): every month is as it was delivered to "
        f"{kept}."
    )


def test_a_manifest_is_that_of_one_delivery(sandbox: Sandbox, table: str, folder: str) -> None:
    """It lists the months that the run delivered again; the others are in those before it."""
    named = {"manifest": True, "file_name": "{run_id}/{month}.{ext}", "if_exists": "fail"}
    first = run(asked(sandbox, table, folder, last_months=3, **named))
    execute(sandbox, f"UPDATE {table} SET N = 7 WHERE D <> '2024-03-03' AND K = 'a'")
    second = run(asked(sandbox, table, folder, **named))
    listed: list[list[str]] = []
    for outcome in (first, second):
        assert isinstance(outcome, Outcome)
        assert outcome.manifest is not None
        where = {"Bucket": sandbox.s3["bucket"], "Key": outcome.manifest.key}
        made = json.loads(bucket_client(sandbox).get_object(**where)["Body"].read())
        assert made["file_name"] == outcome.file_name == f"{folder}{made['run_id']}/"
        assert made["window"].get("without") == (["2024-03"] if listed else None)
        listed.append([each["key"].removeprefix(outcome.file_name) for each in made["files"]])
    assert listed == [[f"{month}.parquet" for month in months] for months in (MONTHS, MONTHS[::2])]


def test_the_dry_run_has_the_same_months_and_a_report_too(
    sandbox: Sandbox,
    table: str,
    folder: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = asked(sandbox, table, folder, last_months=2).as_data()
    assert batch.run(given, batch.Manner()) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["row_count"] == 4
    assert "2024-02 is left out: no delivery is known, and it is not new" in err
    assert "2024-03 is delivered: not delivered yet" in err
    execute(sandbox, f"DELETE FROM {table} WHERE D = '2024-04-03'")
    preview = plan_transfer(asked(sandbox, table, folder, last_months=2))
    assert preview.restatement is not None
    assert preview.restatement.due == ()
    (warning,) = preview.warnings
    assert warning == (
        "2024-04 has no rows any more, so it is not delivered again: "
        f"s3://{sandbox.s3['bucket']}/{folder}{table}_2024-04.parquet remains as it was."
    )
    assert batch.run(given, batch.Manner(dry_run=True)) == 0
    out, _ = capsys.readouterr()
    assert "Restate      2024-02 is left out: no delivery is known, and it is not new\n" in out
    assert "             2024-03 is left out: unchanged since 20" in out
    assert "             So nothing would be delivered.\n" in out
    execute(sandbox, f"DELETE FROM {table} WHERE D = '2024-03-03' AND K = 'a'")
    report = tmp_path / "report.json"
    assert batch.run({**given, "report": str(report)}, batch.Manner()) == 0
    months = json.loads(report.read_text())["restatement"]
    assert [(each["month"], each["due"]) for each in months] == [
        ("2024-02", False), ("2024-03", True), ("2024-04", False)
    ]  # fmt: skip
    assert months[1]["why"] == "1 rows, were 2; N 3.25, was 6.50; F 0.1, was 0.2"


@pytest.mark.lengthy
def test_names_with_a_timestamp_are_further_objects(
    sandbox: Sandbox, table: str, folder: str
) -> None:
    named = {"file_name": "{run_id}/{month}.{ext}", "if_exists": "fail", "last_months": 2}
    run(asked(sandbox, table, folder, **named))
    execute(sandbox, f"UPDATE {table} SET K = 'c' WHERE D = '2024-03-03'")  # one row less
    again = run(asked(sandbox, table, folder, **named))
    assert due(again) == {"2024-03": "1 rows, were 2"}
    assert len(objects(sandbox, folder)) == 3
    skipped = run(asked(sandbox, table, folder, **named))
    assert isinstance(skipped, Skipped)
    assert (skipped.file_name, skipped.row_count) == (folder, 3)


def test_what_is_no_delivery_of_these_months_does_not_count(
    sandbox: Sandbox, table: str, folder: str
) -> None:
    wanted = asked(sandbox, table, folder)
    run(wanted)
    (entry,) = read_history()
    others = {"format": "csv"}, {"file_name": "x_{month}.{ext}"}, {"key_columns": "none"}
    for other, why in zip(
        others, [*["not delivered yet"] * 2, "the columns have changed"], strict=True
    ):
        preview = plan_transfer(asked(sandbox, table, folder, **other))
        assert preview.restatement is not None
        assert [(each.due, each.why) for each in preview.restatement.months][2] == (True, why)
    record(entry.__class__(**{**vars(entry), "outcome": IntegrityError.label}))
    preview = plan_transfer(wanted)
    assert preview.restatement is not None
    assert preview.restatement.months[2].why == "the last delivery did not agree with the table"
    record(entry.__class__(**{**vars(entry), "months": ({"month": "2024-04-01"},)}))  # malformed
    assert plan_transfer(wanted).restatement == preview.restatement


@pytest.mark.lengthy
def test_a_date_that_cannot_be_parsed_is_an_error_also_if_nothing_changed(
    sandbox: Sandbox, folder: str
) -> None:
    table = make_table(sandbox, "D VARCHAR, N NUMBER", *["('2024-04-03', 1)"] * 40)
    try:
        wanted, events = asked(sandbox, table, folder), list[Any]()
        run(wanted)
        execute(sandbox, f"INSERT INTO {table} SELECT * FROM VALUES ('2024-13-03', 1)")
        with pytest.raises(SourceDataError, match="2024-13-03"):
            run(wanted, events)
        assert not [each for each in events if isinstance(each, Warned | Planned)]
    finally:
        execute(sandbox, f"DROP TABLE {table}")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"last_months": None}, "delivered for the first time: last_months"),
        ({"last_months": 4}, r"\(3\) counts those of last_months"),
        ({"split_by": None}, "needs a file for each month: split_by"),
        ({"undated": "keep"}, "belong to no month"),
        ({"max_change": "5%"}, "depends on which months"),
        ({"if_exists": "fail"}, 'replace its object. if_exists="overwrite"'),
        ({"if_exists": "skip", "manifest": True}, "are left out anyway"),
        ({"file_name": "{month}_{since}.{ext}"}, "{since}, while"),
        ({"manifest": True}, "would list only the months"),
        ({"manifest": True, "file_name": "{month}_{timestamp}.{ext}"}, "would list only"),
    ],
)
def test_what_has_two_meanings_is_refused(changed: dict[str, Any], text: str) -> None:
    known = {"last_months": 1, "restate_months": 3, "split_by": "month", "if_exists": "overwrite"}
    given = {"file_name": "{month}.{ext}", **known, **changed}
    with pytest.raises(UsageError, match=text) as caught:
        request(**given)
    assert "restate_months" in {each.option for each in remedies(caught.value.message)} or (
        "if_exists" in changed
    )


@pytest.mark.parametrize(
    ("keys", "folder"),
    [
        (["in/a/x", "in/a/y"], "in/a/"),
        (["in/a/x", "in/b/x", "in/z"], "in/"),
        (["in/a/b/x", "in/a/y"], "in/a/"),
        (["in/x", "inn/x"], ""),
        (["x", "in/x"], ""),
    ],
)
def test_objects_are_named_by_the_directory_that_they_share(keys: list[str], folder: str) -> None:
    assert restatement._find_folder(keys) == folder


def test_the_usual_names_may_have_a_manifest() -> None:
    known = {"last_months": 2, "restate_months": 2, "split_by": "month", "manifest": True}
    assert request(**known).if_exists == "fail"
    assert request(**known, file_name="{timestamp}/{month}.{ext}").manifest


def test_months_are_the_same_from_the_history() -> None:
    sums = {"N": Total(Decimal("1E+3")), "F": Total(float("nan")), "G": Total(0.1), "H": None}
    month = DeliveredMonth(date(2024, 2, 1), "k", 3, 99, sums, ("K",))
    again = DeliveredMonth.parse(json.loads(json.dumps(month.as_dict())))
    assert again.sums["N"].value == 1000
    assert str(again.sums["F"].value) == "nan"
    assert again.sums["H"] is None
    assert (again.sums["G"], again.keys, again.size) == (Total(0.1), ("K",), 99)
    undated = DeliveredMonth(None, "k", 3, 99, {}, ())
    assert DeliveredMonth.parse(undated.as_dict()) == undated


def test_a_window_with_gaps() -> None:
    whole = Window(date(2023, 11, 1), date(2024, 3, 1))
    window = whole.restrict([date(2023, 12, 1), date(2024, 2, 1), date(2024, 3, 1)])
    assert window.list_months() == [date(2023, 12, 1), date(2024, 2, 1), date(2024, 3, 1)]
    assert str(window) == "2023-12 to 2024-03 without 2024-01"
    assert window.as_dict()["without"] == ["2024-01"]
    assert str(whole.restrict([date(2024, 1, 1)])) == "2024-01"
