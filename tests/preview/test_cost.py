"""What a transfer is said to cost, against what it then costs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot

from core import Phase, Preview, Progress, Request, plan_transfer, query, run_transfer
from core.engines import EngineName
from core.engines.stream import BENCHMARK_SECONDS, BENCHMARK_START
from core.engines.widths import measure_widths
from core.errors import SourceDataError
from core.planning.plan import make_plan
from core.preview.browser import Explorer
from core.preview.cost import (
    Estimate,
    FormerRun,
    Way,
    estimate,
)
from core.preview.month_preview import Months
from core.records.history import find_former_runs, run_recorded
from tests.support.deliveries import execute, make_table, options
from tests.support.golden import GOLDEN
from tests.support.programs.batch_runs import place, run
from tests.support.sources import ORDERS, plan, request, source

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
LARGE = 120_000
MILLION = 1_000_000


@pytest.fixture(scope="module")
def large(sandbox: Sandbox) -> str:
    """More rows than a preview reads: K is there twice, and C a hundred times."""
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE ESTIMATED AS SELECT '2024-01-15'::DATE AS D,"
        f" 'key-' || (SEQ4() % {LARGE // 2}) AS K, 'c' || (SEQ4() % {LARGE // 100}) AS C, 1 AS N"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {LARGE}))",
    )
    return "ESTIMATED"


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    given = {"table": table, "bucket": box.s3["bucket"], "file_name": "estimate/{run_id}.{ext}"}
    return Request.of(**options(box, **given, **more))


def looked(box: Sandbox, table: str, **more: Any) -> Preview:
    exact = more.pop("exact", False)
    return plan_transfer(asked(box, table, **more), exact=exact)


def of(rows: int | None = None, **more: Any) -> Estimate:
    """The estimate of orders without a look at their values."""
    former = more.pop("former", ())
    given = request(**more)
    made = make_plan(source(ORDERS, rows=rows), {}, given)
    return estimate(given, made, {}, former=former)


def way(found: Estimate, engine: EngineName) -> Way:
    return next(each for each in found.ways if each.engine is engine)


class TestBytes:
    @pytest.mark.parametrize("engine", ["stream", "pushdown"])
    def test_they_are_those_that_travel(self, sandbox: Sandbox, engine: str) -> None:
        columns = {"key_columns": "O_ORDERSTATUS,O_CLERK", "drop_columns": "O_ORDERKEY"}
        wanted = asked(sandbox, "ORDERS_100K", engine=engine, **columns)
        found = plan_transfer(wanted).estimate
        seen: list[Progress] = []

        def listen(event: object) -> None:
            if isinstance(event, Progress) and event.phase is Phase.READ:
                seen.append(event)

        outcome = run_transfer(wanted, on_event=listen)
        assert found.chosen.bytes == pytest.approx(seen[-1].total_bytes, rel=0.05)
        assert found.chosen.rows == seen[-1].rows
        assert (found.groups, found.counted) == (outcome.row_count, True)
        assert (found.rows, found.unsized) == (100_000, ())
        assert found.stored

    def test_values_that_the_sample_cuts_make_it_a_lower_bound(self, sandbox: Sandbox) -> None:
        table = make_table(sandbox, "D DATE, LONG VARCHAR, SHORT VARCHAR, V VARIANT",
                           f"('2024-01-01', '{'x' * 100}', 'x', NULL)")  # fmt: skip
        assert looked(sandbox, table).estimate.unsized == ("LONG",)
        with Explorer.open(sandbox.snowflake) as explorer:
            look = explorer.look(table, NEVER)
        made = explorer.plan(look, request(table=table))
        assert estimate(request(), made, look.widths).unsized == ("LONG",)

    def test_numbers_travel_in_the_narrowest_integers(self) -> None:
        columns = source({"N": "NUMBER(12,2)", "W": "NUMBER(38,0)"}).columns
        narrow = measure_widths(columns, {"N": [1, None], "W": [127, -3]})
        assert [(w.bytes, w.largest) for w in narrow.values()] == [(1, 100), (1, 127)]
        wide = measure_widths(columns, {"N": [3.5, 99], "W": [128, 10**30]})
        assert [w.bytes for w in wide.values()] == [2, 16]
        assert [w.bytes for w in measure_widths(columns, {"N": [], "W": []}).values()] == [1, 1]

    def test_unload_moves_nothing_here(self) -> None:
        moved = way(of(rows=MILLION), EngineName.UNLOAD)
        assert (moved.rows, moved.bytes) == (0, 0)


class TestGroups:
    def test_they_are_estimated_from_a_sample(self, sandbox: Sandbox, large: str) -> None:
        found = looked(sandbox, large).estimate
        assert found.groups == pytest.approx(LARGE / 2, rel=0.15)
        assert not found.counted

    def test_or_counted_on_request(self, sandbox: Sandbox, large: str) -> None:
        found = looked(sandbox, large, exact=True).estimate
        assert (found.rows, found.groups, found.counted) == (LARGE, LARGE // 2, True)

    def test_a_hyperloglog_is_no_count(self, sandbox: Sandbox, large: str) -> None:
        with Explorer.open(sandbox.snowflake) as explorer:
            look = explorer.look(large, NEVER)

            def exactly(**columns: Any) -> Months:
                made = explorer.plan(look, request(table=large, **columns))
                return explorer.preview(made, NEVER, exact=True)

            assert not exactly().counted
            assert exactly(key_columns="none").counted

    def test_the_statement_that_counts(self) -> None:
        made = make_plan(source(ORDERS, rows=LARGE), {}, request())
        counted = query.select_months(made, exact=True, counted=True)
        assert "SAMPLE" not in counted.sql
        sampled = (GOLDEN / "sql/months_orders_sample.sql").read_text()
        assert "APPROX" not in counted.sql
        assert sqlglot.parse_one(counted.sql, read="snowflake").named_selects == [
            field.alias for field in counted.fields
        ]
        assert 'COUNT_IF("size" = 1)' in sampled
        assert 'COUNT_IF("size" = 1)' in counted.sql

    def test_of_a_view_little_is_known(self, sandbox: Sandbox, large: str) -> None:
        small = looked(sandbox, "ORDERS_1998").estimate
        assert small.counted
        assert small.rows
        execute(sandbox, f"CREATE OR REPLACE VIEW ESTIMATED_VIEW AS SELECT * FROM {large}")
        try:
            found = looked(sandbox, "ESTIMATED_VIEW").estimate
        finally:
            execute(sandbox, "DROP VIEW ESTIMATED_VIEW")
        assert (found.rows, found.stored, found.groups) == (None, None, None)
        stream = way(found, EngineName.STREAM)
        assert (stream.rows, stream.bytes, stream.seconds) == (None, None, None)
        assert stream.pace == "time unknown: row count unknown"

    def test_dates_beyond_the_calendar_do_not_hinder_a_look(self, sandbox: Sandbox) -> None:
        table = make_table(
            sandbox, "D DATE, N NUMBER(3,0)", "(DATEADD('YEAR', 9000, '2024-03-15'::DATE), 1)"
        )
        with pytest.raises(SourceDataError):
            looked(sandbox, table, exact=True)
        assert looked(sandbox, table).estimate.groups is None

    def test_many_groups_are_named(self, sandbox: Sandbox) -> None:
        found = looked(sandbox, "ORDERS_100K").estimate
        assert "nearly as many groups" in way(found, EngineName.PUSHDOWN).limit


class TestTime:
    def test_without_a_run_only_stream_is_known(self) -> None:
        found = of(rows=10 * MILLION)
        stream, *others = found.ways
        assert stream.seconds == BENCHMARK_START + 10 * BENCHMARK_SECONDS
        assert stream.pace == "estimate: 0.9 s per million rows (benchmark)"
        assert [each.seconds for each in others] == [None, None]
        assert all("not measured on this machine yet" in each.pace for each in others)

    def test_the_median_of_the_latest_runs_of_the_engine(self) -> None:
        former = [
            *(FormerRun(EngineName.PUSHDOWN, MILLION, seconds) for seconds in (3, 1, 2, 90, 1.5)),
            FormerRun(EngineName.PUSHDOWN, MILLION, 1000),
            FormerRun(EngineName.UNLOAD, MILLION, 7),
        ]
        found = of(rows=2 * MILLION, former=former)
        assert way(found, EngineName.PUSHDOWN).seconds == 4
        pace = way(found, EngineName.PUSHDOWN).pace
        assert pace == "estimate: 2 s per million rows (median of 5 runs on this machine)"
        assert way(found, EngineName.UNLOAD).seconds == 14
        assert "one run" in way(found, EngineName.UNLOAD).pace

    def test_runs_of_another_size_tell_nothing(self) -> None:
        former = [FormerRun(EngineName.STREAM, rows, 1) for rows in (0, 50_000, 11 * MILLION)]
        assert "benchmark" in way(of(rows=MILLION, former=former), EngineName.STREAM).pace
        assert way(of(rows=0, former=former), EngineName.STREAM).seconds == BENCHMARK_START

    def test_they_come_from_the_history(
        self, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
        small = {"date_column": "DOB", "key_columns": "none"}
        run_recorded(asked(sandbox, "LOCATIONS_595", **small), by="batch")
        pushed = asked(sandbox, "LOCATIONS_595", **small, engine="pushdown")
        run_recorded(pushed, by="batch", demo=True)
        run_recorded(pushed.replace(verify=True), by="batch", demo=True)
        (here,), (demo,) = find_former_runs(demo=False), find_former_runs(demo=True)
        assert (here.engine, here.rows, demo.engine) == (
            EngineName.STREAM,
            595,
            EngineName.PUSHDOWN,
        )
        assert 0 < here.seconds < 60


class TestObstacles:
    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({}, "It needs a way to write: storage_integration"),
            ({"format": "json", "stage": "S"}, "json array"),
            ({"stage": "S", "bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint/p"}, "ARN"),
            ({"stage": "S"}, ""),
            ({"storage_integration": "I", "format": "csv"}, ""),
        ],
    )
    def test_of_unload(self, more: dict[str, str], why: str) -> None:
        found = of(rows=MILLION, **more)
        obstacle = way(found, EngineName.UNLOAD).obstacle
        assert (why in obstacle) if why else not obstacle
        assert not way(found, EngineName.STREAM).obstacle
        assert not way(found, EngineName.PUSHDOWN).obstacle

    def test_a_column_that_snowflake_cannot_unload(self) -> None:
        made = plan({"D": "DATE", "T": "TIME(9)"})
        found = estimate(request(stage="S"), made, {})
        assert "column T" in way(found, EngineName.UNLOAD).obstacle

    def test_the_choice_is_marked(self) -> None:
        found = of(rows=60 * MILLION)
        assert found.chosen.engine is found.choice.engine is EngineName.PUSHDOWN
        assert "streaming limit" in found.choice.why


class TestDryRun:
    def test_as_text(self, sandbox: Sandbox, tmp_path: Path) -> None:
        own = {**place(sandbox), "AMPLIFY_STATE_DIR": str(tmp_path)}  # no runs before this one
        ended = run("--dry-run", "--table", "ORDERS_100K", env=own)
        assert ended.code == 0, ended.err
        lines = ended.out.splitlines()
        assert "Rows out     99,998" in lines
        heading = next(n for n, line in enumerate(lines) if line.startswith("   engine"))
        shown = [line.split() for line in lines[heading + 1 : heading + 4]]
        assert [line[:3] for line in shown] == [
            [">", "stream", "about"], ["pushdown", "about", "14.5"], ["unload", "-", "-"],
        ]  # fmt: skip
        assert "cannot:" in shown[2]
        assert "(benchmark)" in shown[0]

    def test_as_json_with_the_count(self, sandbox: Sandbox, large: str) -> None:
        arguments = ("--dry-run", "--exact", "--table", large, "--log-format", "json")
        found = run(*arguments, env=place(sandbox)).result["estimate"]
        assert (found["rows"], found["groups"], found["groups_counted"]) == (
            LARGE, LARGE // 2, True,
        )  # fmt: skip
        assert list(found["engines"]) == ["stream", "pushdown", "unload"]
        assert found["engines"]["unload"]["possible"] is False
        assert found["engines"]["pushdown"]["seconds"] is None

    def test_exact_goes_with_a_dry_run(self) -> None:
        ended = run("--batch", "--exact", "--table", "T", "--bucket", "partner-inbox")
        assert (ended.code, ended.out) == (2, "")
        assert "--dry-run" in ended.err
