"""The conditions of a request: what they refuse, and that nothing is delivered then."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import CheckFailedError, Request, Warned, plan_transfer, run_transfer
from core.bucket.target import open_bucket
from core.engines.delivery_checks import DeliveryChecks, LastDelivery
from core.planning.names import TableName
from core.planning.window import find_window
from core.records.history import HistoryEntry, read_history, record, run_recorded
from core.records.last_delivery import find_in_history
from core.remedy import remedies
from core.runtime.progress import Reporter
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import bucket_client, make_table, objects, options
from tests.support.sources import request
from tui.cli import dry_run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
LAST = LastDelivery(100, "2026-01-01T12:00:00Z")
ORDERS = TableName("DB", "S", "ORDERS")
WAYS: dict[str, dict[str, Any]] = {
    "stream": {"engine": "stream"},
    "pushdown": {"engine": "pushdown"},
    "unload": {"engine": "unload", "storage_integration": "SANDBOX_S3"},
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of its own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))


def check(
    rows: int,
    months: tuple[date, ...] = (),
    last: LastDelivery | None = None,
    events: list[Any] | None = None,
    **asked: Any,
) -> None:
    """Check a delivery that would have these rows and months."""
    made = request(**asked)
    progress = Reporter(None if events is None else events.append)
    checks = DeliveryChecks(made, find_window(made, None), lambda _: last, progress)
    with open_bucket(made) as bucket:
        checks.check(bucket, rows, lambda: months)


def refusal(*given: Any, **asked: Any) -> CheckFailedError:
    with pytest.raises(CheckFailedError) as caught:
        check(*given, **asked)
    assert {each.option for each in remedies(caught.value.hint)} <= asked.keys()
    return caught.value


class TestConditions:
    @pytest.mark.parametrize(
        ("rows", "asked"),
        [
            (10, {"min_rows": 10, "max_rows": 10}),
            (0, {"min_rows": 0}),
            (120, {"max_change": "20%"}),
            (80, {"max_change": "20%"}),
            (0, {"max_change": "100%"}),
            (100, {"max_change": "0%"}),
        ],
    )
    def test_are_met_at_their_limits(self, rows: int, asked: dict[str, Any]) -> None:
        check(rows, last=LAST, **asked)

    @pytest.mark.parametrize(
        ("rows", "asked", "said"),
        [
            (9, {"min_rows": 1_000}, "There would be 9 rows; at least 1,000 are demanded."),
            (11, {"max_rows": 10}, "There would be 11 rows; at most 10 are allowed."),
            (
                121,
                {"max_change": "20%"},
                "There would be 121 rows, 21% more than the 100 of the last delivery, at "
                "2026-01-01T12:00:00Z; at most 20% are allowed.",
            ),
            (79, {"max_change": "20.5%"}, "79 rows, 21% less than the 100 of the last delivery"),
        ],
    )
    def test_state_both_figures(self, rows: int, asked: dict[str, Any], said: str) -> None:
        assert said in refusal(rows, (), LAST, **asked).message

    def test_any_row_is_more_than_none(self) -> None:
        assert (
            "1 rows, more than the 0 of"
            in refusal(1, (), LastDelivery(0, "then"), max_change="999999%").message
        )

    def test_missing_months_are_named(self) -> None:
        found = (date(2024, 1, 1), date(2024, 3, 1))
        error = refusal(2, found, since="2024-01", until="2024-03", require_months=True)
        assert error.message == (
            "There would be no rows of 1 of the 3 months that are read: 2024-02."
        )
        error = refusal(0, (), since="2024-01", until="2025-02", require_months=True)
        assert error.message.endswith("2024-11, 2024-12 and 2 others.")
        check(2, found, since="2024-01", until="2024-01", require_months=True)

    def test_all_failures_are_in_one_error(self) -> None:
        error = refusal(3, (), LAST, min_rows=5, max_change="1%")
        assert "at least 5" in error.message
        assert "at most 1%" in error.message
        assert [each.option for each in remedies(error.hint)] == ["min_rows", "max_change"]
        assert (error.exit_code, error.delivered) == (10, False)

    def test_without_a_last_delivery_there_is_a_warning(self) -> None:
        events: list[Any] = []
        check(5, events=events, max_change="1%")
        (warned,) = (each.message for each in events if isinstance(each, Warned))
        assert "No earlier delivery" in warned
        assert [each.option for each in remedies(warned)] == ["max_change"]


def entry(rows: int, **more: Any) -> HistoryEntry:
    about: dict[str, Any] = {
        "by": "batch", "demo": False, "table": str(ORDERS), "outcome": "delivered",
        "url": "s3://partner-inbox/in/orders.parquet",
        "request": request(bucket="s3://partner-inbox/in"), **more,
    }  # fmt: skip
    result = {"file_name": "f", "row_count": rows, "timestamp": f"{rows}"}
    return HistoryEntry(MOMENT, 1.0, result=result, **about)


class TestLastDelivery:
    def found(self, **asked: Any) -> int | None:
        made = request(**{"bucket": "s3://partner-inbox/in/", **asked})
        found = find_in_history(made, ORDERS)
        return found and found.rows

    def test_is_the_newest_of_the_table_to_the_destination(self) -> None:
        assert self.found() is None
        for each in (
            entry(1),
            entry(2),
            entry(3, table="DB.S.OTHER"),
            entry(4, request=request(bucket="partner-inbox")),
            entry(5, request=request(bucket="s3://partner-inbox/in/deep")),
            entry(6, request=request(bucket="s3://partner-inbox/in", endpoint_url="http://[::1]")),
            entry(7, outcome="integrity"),
        ):
            record(each)
        record(HistoryEntry(MOMENT, 1.0, "app", False, str(ORDERS), "s3://b/k", "temporary"))
        assert self.found() == 2
        assert self.found(bucket="partner-inbox") == 4

    def test_of_a_connection_without_a_name_is_found_by_its_url(self) -> None:
        record(entry(1, request=None))
        record(entry(2, request=None, url="s3://partner-inbox/input.parquet"))
        assert self.found() == 1

    @pytest.mark.parametrize("line", ["nonsense", "[]", '{"result": {"row_count": 1}}', "null"])
    def test_ignores_lines_that_are_no_entries(self, tmp_path: Path, line: str) -> None:
        record(entry(1))
        with closing(sqlite3.connect(tmp_path / "state" / "history.db")) as database, database:
            database.execute(
                "INSERT INTO runs (started, demo, name, destination, outcome, delivered, words,"
                " entry) SELECT started, demo, name, destination, outcome, 1, words, ? FROM runs",
                [line],
            )
        assert self.found() == 1


@pytest.fixture(scope="module")
def example(sandbox: Sandbox) -> str:
    return make_table(sandbox, *EXAMPLE)


@pytest.fixture
def folder(sandbox: Sandbox) -> Iterator[str]:
    """A destination of its own, emptied at the end."""
    prefix = f"{uuid.uuid4().hex}/"
    yield f"s3://{sandbox.s3['bucket']}/{prefix}"
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


def asked(box: Sandbox, table: str, folder: str, **more: Any) -> Request:
    return Request.of(**options(box, table=table, bucket=folder, **more))


class TestRuns:
    @pytest.mark.parametrize("engine", WAYS)
    def test_nothing_is_delivered_if_a_condition_is_not_met(
        self, sandbox: Sandbox, example: str, folder: str, engine: str
    ) -> None:
        window = {"since": "2024-01", "until": "2024-03", "require_months": True, "min_rows": 5}
        made = asked(sandbox, example, folder, **WAYS[engine], **window)
        with pytest.raises(CheckFailedError) as caught:
            run_transfer(made)
        assert "There would be 4 rows; at least 5 are demanded." in caught.value.message
        assert "no rows of 1 of the 3 months that are read: 2024-03." in caught.value.message
        assert caught.value.delivered is False
        assert not objects(sandbox, folder.split("/", 3)[3])
        met = made.replace(until="2024-02", min_rows=4)
        assert run_transfer(met).row_count == 4

    def test_the_number_of_rows_is_compared_with_the_last_delivery(
        self, sandbox: Sandbox, example: str, folder: str
    ) -> None:
        first = asked(sandbox, example, folder, max_change="30%", file_name="{run_id}.{ext}")
        events: list[Any] = []
        run_recorded(first, by="batch", connection_name="prod", on_event=events.append)
        assert sum("No earlier delivery" in e.message for e in events if isinstance(e, Warned)) == 1
        with pytest.raises(CheckFailedError, match="3 rows, 40% less than the 5 of the last"):
            run_recorded(first.replace(key_columns=()), by="batch")
        assert read_history(1)[0].outcome == "check_failed"
        run_transfer(first)

    def test_the_dry_run_shows_the_conditions(self, sandbox: Sandbox, example: str) -> None:
        window = {"last_months": 2, "require_months": True, "max_change": "20 %", "min_rows": 1}
        preview = plan_transfer(asked(sandbox, example, "partner-inbox", **window))
        assert "Checks       --min-rows 1  --max-change 20%  --require-months" in dry_run.as_text(
            preview
        )
