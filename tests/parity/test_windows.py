"""Windows of every type of date, at their edges: the engines, the preview and the verification."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.preview.month_preview import preview_months
from core.verify.source_totals import read_source_totals
from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.oracle import expect
from tests.parity.tables import Table, dated, ns, zoned

# The first and the last moment of February, and those around them.
MOMENTS = (
    "2024-01-31 23:59:59.999999999", "2024-02-01", "2024-02-29 23:59:59.999999999", "2024-03-01",
    "2024-01-31", "2024-03-31", "0001-01-01", "9999-12-31 23:59:59.999999999",
)  # fmt: skip
DAYS = tuple(date.fromisoformat(text[:10]) for text in MOMENTS)
TEXTS = {f"{day.day:02}.{day.month:02}.{day.year:04}": day for day in DAYS}
DIGITS = (20240131, 20240201, 20240229, 20240301, 10000101, 99991231)
SECONDS = tuple(ns(text) // 10**9 for text in MOMENTS)
ZONED = tuple(zoned(text, minutes) for text in MOMENTS[:4] for minutes in (0, 345, -720, 840, -840))
TABLES: dict[str, Table] = {
    "date": dated("DATE", *DAYS),
    "ntz": dated("TIMESTAMP_NTZ(9)", *map(ns, MOMENTS)),
    "tz": dated("TIMESTAMP_TZ(9)", *ZONED),
    "ltz": dated("TIMESTAMP_LTZ(9)", *map(ns, MOMENTS[:4]), timezone="Asia/Kolkata"),
    "text": dated("VARCHAR", *TEXTS, " ", "", meant=TEXTS, date_format="%d.%m.%Y"),
    "epoch": dated("NUMBER(38,0)", *SECONDS, date_format="epoch_s"),
    "digits": dated("NUMBER(8,0)", *DIGITS, date_format="%Y%m%d"),
    "months": dated("NUMBER(38,0)", *{each // 100 for each in DIGITS}, date_format="%Y%m"),
    "epoch_fraction": dated("FLOAT", 1706745600.0, 1706745599.75, date_format="epoch_s"),
}
WINDOWS: dict[str, dict[str, Any]] = {
    "one_month": {"since": "2024-02", "until": "2024-02"},
    "two_months": {"since": "2024-02", "until": "2024-03", "undated": "keep"},
    "since": {"since": "2024-02"},
    "until": {"until": "2024-02", "undated": "keep"},
    "all": {"since": "0001-01", "until": "9999-12"},
    "none": {"since": "1999-12", "until": "1999-12"},
    "until_the_last": {"until": "9999-12"},
}


def with_options(table: Table, **more: Any) -> Table:
    options = {**table.options, **more}
    return Table(table.columns, table.month, table.keys, table.sums, table.meant, options)


@pytest.mark.parametrize("kind", TABLES)
def test_a_month(parity: Bench, kind: str) -> None:
    check(parity, with_options(TABLES[kind], **WINDOWS["one_month"]), described=False)


@pytest.mark.thorough
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("kind", TABLES)
def test_windows(parity: Bench, kind: str, window: str) -> None:
    table = with_options(TABLES[kind], **WINDOWS[window])
    check(parity, table, "ndjson", described=False)
    check_preview(parity, table)


@pytest.mark.parametrize("kind", ["tz", "text"])
def test_preview_and_verification(parity: Bench, kind: str) -> None:
    check_preview(parity, with_options(TABLES[kind], **WINDOWS["two_months"]))


def check_preview(parity: Bench, table: Table) -> None:
    """The months of the preview, and what a verification asks, are those of the window."""
    expected = expect(table)
    plan = parity.plan(table, parity.load(table), described=False)
    months = preview_months(parity.connection, plan, parity.cancel, exact=True)
    assert (months.rows_seen, months.total_rows) == (expected.read, expected.read)
    assert months.blank_rows == expected.blank
    assert [row.month for row in months.months] == [row[0] for row in expected.rows]
    totals = read_source_totals(parity.connection, plan, None, parity.cancel)
    found = (totals.rows, totals.blank_rows, totals.null_dates, totals.bad_dates)
    assert found == (expected.read, expected.blank, expected.null, expected.bad)
    assert len(totals.figures) == len(expected.rows)


BAD = {
    "text": dated("VARCHAR", "01.02.2024", "soon", " ", meant=TEXTS, date_format="%d.%m.%Y"),
    "epoch": dated("NUMBER(38,0)", 1706745600, 10**12, -(10**12), date_format="epoch_s"),
    "float": dated("FLOAT", 1706745600.0, float("nan"), 1e300, date_format="epoch_s"),
    "digits": dated("NUMBER(9,0)", 20240201, 20240230, 20240200, 20241301, date_format="%Y%m%d"),
    "digits_beyond": dated("NUMBER(9,0)", 20240201, 0, -1, 100000000, date_format="%Y%m%d"),
    "digits_float": dated("FLOAT", 20240201.0, 20240202.5, float("nan"), date_format="%Y%m%d"),
}


@pytest.mark.parametrize(
    ("kind", "on_bad_date", "undated"),
    [
        ("text", "fail", "drop"),
        ("text", "null", "drop"),
        ("epoch", "null", "keep"),
        ("digits", "null", "drop"),
        *(
            pytest.param(kind, on_bad_date, undated, marks=pytest.mark.thorough)
            for kind in BAD
            for on_bad_date in ("fail", "null")
            for undated in ("drop", "keep")
        ),
    ],
)
def test_bad_dates(parity: Bench, kind: str, on_bad_date: str, undated: str) -> None:
    """Their month is not known: they end the run, or count as no date, as the options say."""
    how = {"since": "2024-02", "on_bad_date": on_bad_date, "undated": undated}
    done = check(parity, with_options(BAD[kind], **how), "ndjson", described=False)
    assert bool(done) == (on_bad_date == "null")


@pytest.mark.parametrize(
    ("since", "until", "fails"), [("2024-01", "2024-01", False), ("2024-02", "2024-02", True)]
)
def test_a_number_that_is_no_date_belongs_to_its_month(
    parity: Bench, since: str, until: str, *, fails: bool
) -> None:
    """So that a window is a range of numbers, which Snowflake can skip."""
    table = dated("NUMBER(8,0)", 20240131, 20240201, 20240230, date_format="%Y%m%d")
    done = check(parity, with_options(table, since=since, until=until), "ndjson", described=False)
    assert bool(done) != fails


# In these zones a month began at 01:00, or its first hour came twice.
@pytest.mark.parametrize(
    ("zone", "month", "moments"),
    [
        ("America/Asuncion", "2023-10", ("2023-10-01 03:59:59", "2023-10-01 04:00:00")),
        ("America/Havana", "2015-11", ("2015-11-01 03:59:59", "2015-11-01 04:30:00",
                                       "2015-11-01 05:30:00")),
    ],
)  # fmt: skip
def test_months_that_begin_with_another_clock(
    parity: Bench, zone: str, month: str, moments: tuple[str, ...]
) -> None:
    table = dated("TIMESTAMP_LTZ(0)", *map(ns, moments), timezone=zone, since=month, until=month)
    assert expect(table).read == len(moments) - 1
    check(parity, table, "ndjson")
