"""Formats of dates: parsing, translation for Snowflake, and recognition in samples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.planning.date_formats import EpochUnit, TextFormat, parse_format
from core.planning.date_recognition import recognise_epoch, recognise_text


@pytest.mark.parametrize(
    ("pattern", "snowflake"),
    [
        ("%Y-%m-%d", "YYYY-MM-DD"),
        ("%m/%d/%Y", "MM/DD/YYYY"),
        ("%d.%m.%y", "DD.MM.YY"),
        ("%d-%b-%Y", "DD-MON-YYYY"),
        ("%B %d, %Y", "MMMM DD, YYYY"),
        ("%a, %d %b %Y %H:%M:%S %z", "DY, DD MON YYYY HH24:MI:SS TZHTZM"),
        ("%Y-%m-%dT%H:%M:%S.%f%:z", 'YYYY-MM-DD"T"HH24:MI:SS.FFTZH:TZM'),
        ("%Y-%m-%dT%H:%M:%SZ", 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        ("%m/%d/%Y %I:%M %p", "MM/DD/YYYY HH12:MI AM"),
        ("%Y%m%d", "YYYYMMDD"),
        ("  %Y-%m ", "YYYY-MM"),
        ("%F %T", "YYYY-MM-DD HH24:MI:SS"),
        ("%-d/%-m/%Y", "DD/MM/YYYY"),
        ("day %d of %m in %Y", '"day" DD "of" MM "in" YYYY'),
        ("%Y%%%m", "YYYY%MM"),
    ],
)
def test_a_pattern_is_translated_for_snowflake(pattern: str, snowflake: str) -> None:
    found = parse_format(pattern)

    assert isinstance(found, TextFormat)
    assert found.snowflake == snowflake
    assert parse_format(found.strptime) == found


@pytest.mark.parametrize(
    ("text", "unit", "scale"),
    [
        ("epoch_s", EpochUnit.SECONDS, 0),
        ("EPOCH_MS", EpochUnit.MILLISECONDS, 3),
        (" epoch_us", EpochUnit.MICROSECONDS, 6),
        ("epoch_ns", EpochUnit.NANOSECONDS, 9),
    ],
)
def test_an_epoch_unit_has_a_scale(text: str, unit: EpochUnit, scale: int) -> None:
    assert parse_format(text) is unit
    assert unit.scale == scale


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("%Y-%j", "does not support %j"),
        ("%s", "does not support %s"),
        ("%Y-%m-%d %Z", "does not support %Z"),
        ("%A %d %m %Y", "does not support %A"),
        ("%Y-%m-%", "does not support %"),
        ("%Y", "needs a year and a month"),
        ("%m/%d", "needs a year and a month"),
        ("MM/DD/YYYY", "needs a year and a month"),
        ("", "needs a year and a month"),
        ("epoch", "needs a year and a month"),
        ("%Y-%m-%b", "the month twice"),
        ("%Y-%m-%d %d", "the day twice"),
        ('%Y"%m', "quotation marks"),
    ],
)
def test_a_pattern_that_snowflake_does_not_support_is_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        parse_format(pattern)

    assert "%d" in raised.value.hint
    assert "epoch_ms" in raised.value.hint


@pytest.mark.parametrize(
    ("pattern", "text", "meant"),
    [
        ("%Y-%m-%d", "2024-02-29", date(2024, 2, 29)),
        ("%Y-%m-%d", "2023-02-29", None),
        ("%Y-%m-%d", "2024-04-31", None),
        ("%Y-%m-%d", "2024-13-01", None),
        ("%Y-%m-%d", "0000-01-01", None),
        ("%Y-%m-%d", "9999-12-31", date(9999, 12, 31)),
        ("%Y-%m-%d", "2024-01-01 ", None),
        ("%m/%d/%Y", "1/5/2024", date(2024, 1, 5)),
        ("%m/%d/%y", "01/05/69", date(2069, 1, 5)),
        ("%m/%d/%y", "01/05/70", date(1970, 1, 5)),
        ("%d-%b-%Y", "17-DEC-1980", date(1980, 12, 17)),
        ("%d %B %Y", "3 march 2001", date(2001, 3, 3)),
        ("%Y%m%d", "2024105", None),
        ("%Y-%m", "2024-07", date(2024, 7, 1)),
        ("%Y-%m-%d %H:%M", "2024-07-01 24:00", None),
        ("%Y-%m-%d %I:%M %p", "2024-07-01 12:59 am", date(2024, 7, 1)),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-07-01 00:00:00.123456789", date(2024, 7, 1)),
        ("%Y-%m-%d", "٢٠٢٤-01-01", None),
    ],
)
def test_a_text_is_parsed_as_a_date(pattern: str, text: str, meant: date | None) -> None:
    found = parse_format(pattern)

    assert isinstance(found, TextFormat)
    assert found.read(text) == meant


def test_whether_a_format_has_a_time_and_an_offset() -> None:
    formats = [parse_format(p) for p in ("%Y-%m", "%Y-%m %H", "%Y-%m %H%z", "%Y-%m%%z")]

    assert [isinstance(f, TextFormat) and (f.has_time, f.has_offset) for f in formats] == [
        (False, False),
        (True, False),
        (True, True),
        (False, False),
    ]


# Formats that must be recognised from any sample that contains DISTINCTIVE.
WRITTEN = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y-%m",
    "%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d%b%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%d. %B %Y",
    "%b %Y",
    "%a, %d %b %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d%H%M%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y, %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%b %d, %Y %I:%M %p",
]
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Its day is after the 12th, and its month is not May, whose name equals its abbreviation.
DISTINCTIVE = datetime(1999, 12, 31, 23, 59, 58, 123000, tzinfo=UTC)


MOMENTS = st.builds(
    lambda microseconds, zone: (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone),
    st.integers(86_400 * 10**6, 3_000_000_000 * 10**6),
    OFFSETS,
)


@pytest.mark.parametrize("pattern", WRITTEN)
@settings(max_examples=25)
@given(moments=st.lists(MOMENTS, max_size=10))
def test_the_format_of_dates_is_recognised(pattern: str, moments: list[datetime]) -> None:
    moments = [*moments, DISTINCTIVE]

    fit = recognise_text([moment.strftime(pattern) for moment in moments])

    assert fit is not None
    assert fit.enough
    assert fit.rival is None
    assert fit.format.strptime == pattern
    assert fit.fitting == fit.total == len(moments)
    for moment in moments:
        day = fit.format.read(moment.strftime(pattern))
        assert day is not None
        assert (day.year, day.month) == (moment.year, moment.month)


def test_an_offset_with_a_colon_is_another_format() -> None:
    fit = recognise_text(["2024-01-31T23:30:00+01:00", "2024-02-01T00:30:00-05:30"])

    assert fit is not None
    assert fit.format.snowflake == 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'
    assert fit.enough


@pytest.mark.parametrize("unit", list(EpochUnit))
@given(seconds=st.lists(st.integers(0, 4_133_980_799), max_size=20))
def test_the_unit_of_epochs_is_recognised(unit: EpochUnit, seconds: list[int]) -> None:
    counted = [second * 10**unit.scale for second in [*seconds, 1_000_000_000]]

    assert recognise_epoch(counted) is unit


@pytest.mark.parametrize(
    "values",
    [
        *([], [None], [1, 15, 31], [20240131, 20241231], [99_999_999_999]),
        *([10**20], [10**400], [float("nan")]),
    ],
)
def test_other_numbers_are_not_epochs(values: list[object]) -> None:
    assert recognise_epoch(values) is None
