"""Formats of dates: parsing, translation for Snowflake, and recognition in samples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.planning.date_directives import shape_of_pattern
from core.planning.date_formats import ISO, EpochUnit, TextFormat, parse_format
from core.planning.date_recognition import (
    list_known_formats,
    recognise_epoch,
    recognise_text,
)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("%Y-%m-%d", "YYYY-MM-DD"),
        ("%m/%d/%Y", "MM/DD/YYYY"),
        ("%d.%m.%y", "DD.MM.YY"),
        ("%d-%b-%Y", "DD-MON-YYYY"),
        ("%B %d, %Y", "MMMM DD, YYYY"),
        ("%a, %d %b %Y %H:%M:%S %z", "DY, DD MON YYYY HH24:MI:SS TZHTZM"),
        ("%Y-%m-%dT%H:%M:%S.%f%:z", "YYYY-MM-DDTHH24:MI:SS.FFTZH:TZM"),
        ("%Y-%m-%dT%H:%M:%SZ", "YYYY-MM-DDTHH24:MI:SSZ"),
        ("%m/%d/%Y %I:%M %p", "MM/DD/YYYY HH12:MI AM"),
        ("%Y%m%d", "YYYYMMDD"),
        ("  %Y-%m ", "YYYY-MM"),
        ("%F %T", "YYYY-MM-DD HH24:MI:SS"),
        ("%-d/%-m/%Y", "DD/MM/YYYY"),
        ("day %d of %m in %Y", "day DD of MM in YYYY"),
        ("%A, %e %B %Y", "DAY, DD MMMM YYYY"),
        ('"%Y-%m-%d"', '"YYYY-MM-DD"'),
        (" ISO ", "ISO 8601"),
        ("%Y%%%m", "YYYY%MM"),
    ],
)
def test_a_pattern_is_written_in_words(pattern: str, words: str) -> None:
    found = parse_format(pattern)

    assert isinstance(found, TextFormat)
    assert found.words == words
    assert parse_format(str(found)) == found


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
        ("%Y-%j", "%j, the day of the year, is not supported"),
        ("%s", "seconds since 1970 are epoch_s"),
        ("%G-W%V", "about weeks"),
        ("%c", "not the same on every machine"),
        ("%Y-%m-%d %Q", "there is no directive %Q"),
        ("%Y-%m-%", "there is no directive %"),
        ("%d%a%b%Y", "nothing separates %a and %b"),
        ("%Y", "needs a year and a month"),
        ("%m/%d", "needs a year and a month"),
        ("MM/DD/YYYY", "needs a year and a month"),
        ("", "needs a year and a month"),
        ("epoch", "needs a year and a month"),
        ("%Y-%m-%b", "the month twice"),
        ("%Y-%m-%d %d", "the day twice"),
    ],
)
def test_a_pattern_that_is_not_supported_is_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        parse_format(pattern)

    assert all(each in raised.value.hint for each in ("%d", "iso", "epoch_ms"))


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
        ("%Y-%m-%d", "24-01-31", None),
        ("%b %d %Y", "Sept  5 2024", date(2024, 9, 5)),
        ("%B %d %Y", "Sept 5 2024", None),
        ("%A, %d-%b-%y", "Sunday, 06-Nov-94", date(1994, 11, 6)),
        ("%y%m%d", "690131", date(2069, 1, 31)),
        ("%d.%m.%Y %H:%M %Z", "31.01.2024 23:30 CET", date(2024, 1, 31)),
        ("iso", "2024-01-31", date(2024, 1, 31)),
        ("iso", "2024-01-31T23:30", date(2024, 1, 31)),
        ("iso", "2024-01-31 23:30:00+00", date(2024, 1, 31)),
        ("iso", "2024-01-31t23:30:00,123456789z", date(2024, 1, 31)),
        ("iso", "2024-01-31 23:30:00.5 -0830", date(2024, 1, 31)),
        ("iso", "2024-01-31T23:30:00.1234567890Z", None),
        ("iso", "2024-01-31T24:00:00", None),
        ("iso", "2024-01-31T23:59:60Z", None),
        ("iso", "2024-01-31T23", None),
        ("iso", "2024-01-31T23:30+24:00", None),
        ("iso", "2024-01-31Z", None),
        ("iso", "2024-02-30", None),
        ("iso", "2024-1-31", None),
        ("iso", "0000-01-01", None),
        ("iso", "0001-01-01", date(1, 1, 1)),
    ],
)
def test_a_text_is_parsed_as_a_date(pattern: str, text: str, meant: date | None) -> None:
    found = parse_format(pattern)

    assert isinstance(found, TextFormat)
    assert found.read(text) == meant


@pytest.mark.parametrize(
    ("pattern", "number", "meant"),
    [
        ("%Y%m%d", 20240131, date(2024, 1, 31)),
        ("%Y%m%d", Decimal("20240131.00"), date(2024, 1, 31)),
        ("%Y%m%d", 20240131.0, date(2024, 1, 31)),
        ("%Y%m%d", Decimal("20240131.5"), None),
        ("%Y%m%d", 20240230, None),
        ("%Y%m%d", 240131, None),
        ("%Y%m%d", 0, None),
        ("%Y%m%d", -20240131, None),
        ("%Y%m", 202401, date(2024, 1, 1)),
        ("%y%m%d", 50131, date(2005, 1, 31)),
        ("%d%m%Y", 1022024, date(2024, 2, 1)),
        ("%Y-%m-%d", 20240131, None),
        ("%Y%m%d", float("nan"), None),
        ("epoch_s", "1706745599.999", date(2024, 1, 31)),
        ("epoch_ms", 1706745600000, date(2024, 2, 1)),
        ("epoch_s", "1e9", None),
        ("epoch_s", 10**30, None),
    ],
)
def test_a_number_is_read_as_a_date(pattern: str, number: object, meant: date | None) -> None:
    assert parse_format(pattern).read(number) == meant


# Formats that must be recognised from any sample that contains DISTINCTIVE.
WRITTEN = [
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
    "%a %b %d %H:%M:%S %Y",
    "%A, %d %B %Y",
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


ISO_PATTERNS = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f %z",
]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ISO_PATTERNS), MOMENTS), min_size=1, max_size=10))
def test_iso_dates_and_times_are_recognised_as_one_format(
    written: list[tuple[str, datetime]],
) -> None:
    texts = [moment.strftime(pattern) for pattern, moment in written]
    fit = recognise_text(texts)

    assert fit is not None
    assert str(fit.format) == "iso"
    assert fit.fitting == fit.total == len(texts)
    months = [fit.format.read(text) for text in texts]
    assert months == [moment.date() for _, moment in written]


@pytest.mark.parametrize("pattern", WRITTEN)
@settings(max_examples=25)
@given(moments=st.lists(MOMENTS, max_size=10))
def test_the_format_of_dates_is_recognised(pattern: str, moments: list[datetime]) -> None:
    moments = [*moments, DISTINCTIVE]

    fit = recognise_text([moment.strftime(pattern) for moment in moments])

    assert fit is not None
    assert fit.enough
    assert fit.rivals == ()
    assert str(fit.format) == pattern
    assert fit.fitting == fit.total == len(moments)
    for moment in moments:
        day = fit.format.read(moment.strftime(pattern))
        assert day is not None
        assert (day.year, day.month) == (moment.year, moment.month)


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        (["24-01-31"], ["%d-%m-%y", "%y-%m-%d"]),
        (["24/01/31", "24/02/15"], ["%d/%m/%y", "%y/%m/%d"]),
        (["24.01.31 23:30"], ["%d.%m.%y %H:%M", "%y.%m.%d %H:%M"]),
        (["01-02-03"], ["%m-%d-%y", "%d-%m-%y", "%y-%m-%d"]),
        (["200101"], ["%Y%m", "%y%m%d", "%d%m%y"]),
        (["240131"], ["%y%m%d", "%d%m%y"]),
        (["24-01-31", "99-12-31"], ["%y-%m-%d"]),
        (["01/31/24"], ["%m/%d/%y"]),
        (["200101", "201301"], ["%Y%m"]),
        (["31-JAN-24"], ["%d-%b-%y"]),
    ],
)
def test_every_order_of_year_month_and_day_that_fits_is_a_reading(
    texts: list[str], readings: list[str]
) -> None:
    fit = recognise_text(texts)

    assert fit is not None
    assert [str(each) for each in (fit.format, *fit.rivals)] == readings
    assert (fit.example in texts) == (len(readings) > 1)


def test_the_example_of_an_ambiguity_is_read_differently() -> None:
    fit = recognise_text(["05/05/2024", "01/02/2024"])

    assert fit is not None
    assert fit.example == "01/02/2024"


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


def test_every_known_format_has_a_digit() -> None:
    """So that text without one need not be compared with any."""
    shapes = {shape_of_pattern(known.pattern) for known in list_known_formats() if known != ISO}
    assert all("0" in each for each in shapes)
    assert len(shapes) > 50
    fit = recognise_text(["no date", "31 Jan 2024", "01 Feb 2024"])
    assert fit is not None
    assert (str(fit.format), fit.fitting, fit.total) == ("%d %b %Y", 2, 3)
