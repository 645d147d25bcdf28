"""Engine `pushdown` makes the same files as `stream`, and keeps the same promises."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from core.aggregation.reconciliation import RunTotals
from core.engines import EngineName, write_from_groups
from core.engines.grouped import open_totals
from core.engines.write_from_groups import Groups
from core.errors import CancelledError, IntegrityError, SourceDataError
from core.events import Event, Phase, Planned, Progress, Warned
from core.query import Field
from core.request.request import Request
from core.transfer import run_transfer
from core.warehouse.results.download import Download
from tests.support.deliveries import (
    delivered,
    download,
    execute,
    make_table,
    objects,
    options,
    rows_of,
    transfer,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

JAN, FEB = date(2024, 1, 1), date(2024, 2, 1)


def both(box: Sandbox, table: str, **more: Any) -> list[bytes]:
    """The files of both engines."""
    engines = ("stream", "pushdown")
    return [download(box, transfer(box, table, engine=engine, **more)) for engine in engines]


def pushed(box: Sandbox, columns: str, *rows: str, **more: Any) -> list[tuple[Any, ...]]:
    """The delivered rows of a new table."""
    table = make_table(box, columns, *rows)
    return rows_of(delivered(box, transfer(box, table, engine="pushdown", **more)))


# ------------------------------------------------------------------------------- the same files


@pytest.mark.parametrize("kind", ["parquet", "json", "ndjson", "csv"])
def test_locations_in_every_format(sandbox: Sandbox, kind: str) -> None:
    streamed, made = both(sandbox, "LOCATIONS_595", date_column="DOB", format=kind)
    assert streamed == made


def test_the_sample_of_every_type(sandbox: Sandbox) -> None:
    streamed, made = both(sandbox, '"Mixed Case"')
    assert streamed == made


KEYS = {
    "T": ("TEXT", "'a'", "'A'", "'a '", "''", "'ä'", "'\U0001f600'", "'\uffff'", "NULL"),
    "B": ("BOOLEAN", "TRUE", "FALSE", "NULL"),
    "F": ("FLOAT", "'NaN'::FLOAT", "-0.0::FLOAT", "0.0::FLOAT", "'-inf'::FLOAT", "1e9", "NULL"),
    "M": ("NUMBER(12,2)", "-1.10", "0", "99.99", "NULL"),
    "C": ("TIME(9)", "'23:59:59.999999999'", "'00:00:00'", "NULL"),
    "X": ("BINARY", "TO_BINARY('00FF')", "TO_BINARY('')", "TO_BINARY('7F')", "NULL"),
    "S3": ("TIMESTAMP_NTZ(3)", "'1969-12-31 23:59:59.999'", "'9999-12-31'", "NULL"),
    "S9": ("TIMESTAMP_NTZ(9)", "'1969-12-31 23:59:59.999999999'", "'2024-01-01'", "NULL"),
    "FAR": ("TIMESTAMP_NTZ(9)", "'0001-01-01'", "'2024-01-01 00:00:00.000001'", "NULL"),
    "L": ("TIMESTAMP_LTZ(6)", "'2024-01-31 23:30:00 -0500'::TIMESTAMP_TZ", "NULL"),
    # One moment in two zones is one key.
    "Z": ("TIMESTAMP_TZ(3)", "'2024-01-01 00:00:00 +0000'", "'2024-01-01 05:00:00 +0500'"),
    "Z9": ("TIMESTAMP_TZ(9)", "'2024-01-01 00:00:00 +0000'", "'2024-01-01 05:00:00 +0500'"),
}
SUMS = {
    "N": ("NUMBER(5,0)", "1", "-7", "0", "NULL"),
    "BIG": ("NUMBER(38,0)", "9" * 34, "-1", "NULL"),
    "CENTS": ("NUMBER(38,10)", "0.0000000001", "1234567890123456789012345", "NULL"),
    "G": ("FLOAT", "1.5::FLOAT", "-0.25::FLOAT", "1e6", "NULL"),  # their sums are exact
}
DAYS = ("D TIMESTAMP_TZ(9)", "'2024-01-31 23:30:00 -0500'", "'2024-02-01 00:30:00 +0500'", "NULL")


@pytest.fixture(scope="module")
def messy(sandbox: Sandbox) -> str:
    """Few values of every type in many rows, some of them blank."""
    chance = random.Random(4)
    pools = [DAYS, *((f"{name} {kind}", *pool) for name, (kind, *pool) in (KEYS | SUMS).items())]
    rows = [f"({', '.join(chance.choice(pool) for _, *pool in pools)})" for _ in range(90)]
    one_key = [f"({', '.join(pool[0] for _, *pool in pools)})" for _ in range(5)]
    blank = [f"(NULL, ' \t', {', '.join(['NULL'] * (len(pools) - 2))})"] * 3
    return make_table(sandbox, ", ".join(pool[0] for pool in pools), *rows, *one_key, *blank)


@pytest.mark.parametrize("key", ["T", "B,F", "M,C", "X,S3", "S9", "FAR,L", "Z,Z9", "none"])
def test_keys_of_every_type(sandbox: Sandbox, messy: str, key: str) -> None:
    """A few keys at a time, for the groups to have many rows."""
    unit = "us" if "FAR" in key else "ns"
    plan = {"date_column": "D", "sum_columns": ",".join(SUMS), "timestamp_unit": unit}
    streamed, made = both(sandbox, messy, key_columns=key, **plan)
    assert streamed == made


def test_all_keys_at_once(sandbox: Sandbox, messy: str) -> None:
    keys = ",".join(KEYS.keys() - {"FAR"})
    streamed, made = both(sandbox, messy, date_column="D", key_columns=keys, timestamp_unit="ns")
    assert streamed == made


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_local_months_are_cut_in_the_zone_asked_for(
    sandbox: Sandbox, messy: str, zone: str
) -> None:
    how = {"date_column": "L", "key_columns": "B", "sum_columns": "N", "timezone": zone}
    streamed, made = both(sandbox, messy, **how)
    assert streamed == made


def test_semi_structured_keys_become_json_text(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "D DATE, V VARIANT, A ARRAY, N NUMBER(3,0)")
    for value in ('{"a": [1, null]}', "null", "[]", "1.50"):
        execute(
            sandbox,
            f"INSERT INTO {table} SELECT '2024-01-01', PARSE_JSON('{value}'),"
            " PARSE_JSON('[1, 2]')::ARRAY, 1 FROM TABLE(GENERATOR(ROWCOUNT => 2))",
        )
    streamed, made = both(sandbox, table, format="ndjson")
    assert streamed == made
    assert len(made.splitlines()) == 4


def test_float_sums_agree_to_their_last_digits(sandbox: Sandbox) -> None:
    columns, row = "D DATE, F FLOAT", "('2024-01-01', {})"
    table = make_table(sandbox, columns, *(row.format(f"{n / 7}e{n % 9}") for n in range(500)))
    sums = [
        rows_of(delivered(sandbox, transfer(sandbox, table, engine=engine)))[0][1]
        for engine in ("stream", "pushdown")
    ]
    assert sums[0] == pytest.approx(sums[1], rel=1e-12)


def test_float_sums_that_cancel_out_still_agree(sandbox: Sandbox) -> None:
    """Their rounding is measured by what was summed, not by the little that is left."""
    rows = [
        f"('2024-0{1 + n % 2}-01', {value})"
        for n, value in enumerate(["1e16", "-1e16", "0.3"] * 20)
    ]
    assert len(pushed(sandbox, "D DATE, F FLOAT", *rows)) == 2


@pytest.mark.parametrize("rows", [(), ("(NULL, '\t\u3000 ', NULL)", "(NULL, NULL, NULL)")])
def test_a_table_without_rows_is_a_file_without_rows(
    sandbox: Sandbox, rows: tuple[str, ...]
) -> None:
    table = make_table(sandbox, "D DATE, K VARCHAR, N NUMBER(12,2)", *rows)
    streamed, made = both(sandbox, table)
    assert streamed == made


def test_a_table_of_one_group(sandbox: Sandbox) -> None:
    rows = ["('2024-01-31', 'x', 1.10)"] * 3
    got = pushed(sandbox, "D DATE, K VARCHAR, N NUMBER(12,2)", *rows)
    assert got == [(JAN, "x", Decimal("3.30"))]


# ------------------------------------------------------------------------------------ bad dates

BAD = ("D VARCHAR, N NUMBER(3,0)", *["('2024-01-31', 1)"] * 40, "('soon', 2)", "('2024-02-30', 4)")


def test_dates_that_do_not_parse_stop_the_run(sandbox: Sandbox) -> None:
    told: list[Event] = []
    before = objects(sandbox)
    with pytest.raises(SourceDataError) as caught:
        pushed(sandbox, *BAD, on_progress=told.append)
    assert "2 dates of D cannot be parsed" in caught.value.message
    assert "'soon'" in caught.value.message
    assert "'2024-02-30'" in caught.value.message
    assert not any(e.rows for e in told if isinstance(e, Progress))
    assert objects(sandbox) == before


def test_dates_that_do_not_parse_go_to_the_null_month(sandbox: Sandbox) -> None:
    told: list[Event] = []
    got = pushed(sandbox, *BAD, on_bad_date="null", on_progress=told.append)
    assert got == [(JAN, Decimal(40)), (None, Decimal(6))]
    said = [e.message for e in told if isinstance(e, Warned)]
    assert any("2 dates of D cannot be parsed, such as" in message for message in said)


def test_epochs(sandbox: Sandbox) -> None:
    how = {"date_column": "TS", "date_format": "epoch_s"}
    rows = ("(1706745599, 1)", "(1706745600, 2)", "(NULL, 4)")
    columns = "TS NUMBER(18,0), N NUMBER(3,0)"
    assert pushed(sandbox, columns, *rows, **how) == [
        (JAN, Decimal(1)),
        (FEB, Decimal(2)),
        (None, Decimal(4)),
    ]
    with pytest.raises(SourceDataError, match="'99999999999999'"):
        pushed(sandbox, columns, *rows, "(99999999999999, 1)", **how)


# ------------------------------------------------------------------------------------ overflows

NINES = "9" * 38


def test_a_group_past_38_digits_stops_the_run(sandbox: Sandbox) -> None:
    with pytest.raises(SourceDataError, match="A sum has more than 38 digits"):
        pushed(sandbox, "D DATE, N NUMBER(38,0)", *[f"('2024-01-01', {NINES})"] * 2)


def test_a_grand_total_may_have_more_digits_than_any_group(sandbox: Sandbox) -> None:
    """Then the widest totals are compared as floats; the groups stay exact."""
    rows = [f"('2024-0{month}-01', {NINES}, 0.1, {month})" for month in (1, 2, 3)]
    blank = "(NULL, NULL, NULL, NULL)"
    table = make_table(sandbox, "D DATE, N NUMBER(38,0), F FLOAT, S NUMBER(3,0)", *rows, blank)
    streamed, made = both(sandbox, table)
    assert streamed == made


# ------------------------------------------------------------------------------------ the books


class Losing(Download[Groups]):
    """A download that loses its last batch."""

    def __iter__(self) -> Iterator[tuple[int, Groups]]:
        yield from list(super().__iter__())[:-1]


def test_a_lost_batch_is_noticed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_from_groups, "Download", Losing)
    before = objects(sandbox)
    with pytest.raises(IntegrityError, match="rows are in the groups instead of"):
        transfer(sandbox, "ORDERS_100K", engine="pushdown")
    assert objects(sandbox) == before


def changed(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Have every batch changed on its way."""
    real = write_from_groups.to_groups

    def to_groups(fields: tuple[Field, ...], table: pa.Table) -> Groups:
        return change(real(fields, table))

    monkeypatch.setattr(write_from_groups, "to_groups", to_groups)


def test_a_changed_sum_is_noticed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    more = pl.col("sum_1") + pl.lit(Decimal("0.01"))
    changed(monkeypatch, lambda groups: replace(groups, frame=groups.frame.with_columns(more)))
    rows = ("('2024-01-01', 1.10)", "('2024-01-02', 2.20)")
    with pytest.raises(IntegrityError, match=r"sums of AMT do not agree: 3\.30 .* 3\.31 "):
        pushed(sandbox, "D DATE, AMT NUMBER(12,2)", *rows)


@pytest.mark.parametrize("copies", [0, 2])
def test_there_is_one_grand_total(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, copies: int
) -> None:
    changed(monkeypatch, lambda groups: replace(groups, totals=groups.totals * copies))
    with pytest.raises(IntegrityError, match="one grand total"):
        pushed(sandbox, "D DATE, N NUMBER(3,0)", "('2024-01-01', 1)")


def test_the_books_of_a_run(sandbox: Sandbox) -> None:
    rows = ("('2024-01-01', 'x', 1)", "(NULL, 'y', 2)", "('soon', 'y', 4)", "(NULL, ' ', NULL)")
    table = make_table(sandbox, "D VARCHAR, K VARCHAR, N NUMBER(3,0)", *rows)
    request = Request.of(
        **options(sandbox, table=table, bucket=sandbox.s3["bucket"], engine="pushdown"),
        on_bad_date="null",
        date_column="D",
        date_format="%Y-%m-%d",
        file_name="books/{run_id}",
    )
    told: list[Event] = []
    outcome = run_transfer(request, on_event=told.append)
    totals = outcome.totals
    assert (totals.rows_declared, totals.rows_read, totals.blank_rows) == (4, 4, 1)
    assert (totals.null_dates, totals.bad_dates, totals.groups) == (2, 1, 2)
    assert totals.bad_examples == ("soon",)
    assert totals.read["sum_1"].value == totals.written["sum_1"].value == 7
    assert outcome.first_rows.rows == (("2024-01-01", "x", "1"), (None, "y", "6"))
    assert outcome.choice.engine is EngineName.PUSHDOWN
    assert [e.choice for e in told if isinstance(e, Planned)] == [outcome.choice]
    scan = f"SELECT COUNT(*) FROM TABLE(RESULT_SCAN('{outcome.query_id}'))"
    assert execute(sandbox, scan) == [(3,)]  # two groups, and the grand total


def test_a_table_without_a_total_has_empty_books() -> None:
    assert open_totals((), {}) == RunTotals()


# ----------------------------------------------------------------------------- progress, cancel


def test_progress_is_of_groups(sandbox: Sandbox) -> None:
    told: list[Event] = []
    how = {"date_column": "DOB", "engine": "pushdown"}
    result = transfer(sandbox, "LOCATIONS_595", **how, on_progress=told.append)
    read = [e for e in told if isinstance(e, Progress) and e.phase is Phase.READ]
    assert {e.total_rows for e in read} == {result["row_count"]}
    assert read[-1].rows == result["row_count"]
    assert [e.rows for e in read] == sorted(e.rows for e in read)


@pytest.mark.parametrize("phase", [Phase.QUERY, Phase.READ, Phase.WRITE])
def test_cancelled_in_any_phase(sandbox: Sandbox, phase: Phase) -> None:
    cancel = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is phase:
            cancel.set()

    how = {"date_column": "DOB", "engine": "pushdown"}
    before = objects(sandbox)
    with pytest.raises(CancelledError):
        transfer(sandbox, "LOCATIONS_595", **how, on_progress=listen, cancel=cancel)
    assert cancel.is_set()
    assert objects(sandbox) == before
