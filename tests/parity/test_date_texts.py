"""A corpus of date texts: in detection, in Snowflake's SQL, and through the engines.

Every text is tried in every format: where none is written for it, Python and Snowflake must at
least agree.
"""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.errors import SourceDataError
from core.planning.date_candidates import DateCandidate
from core.planning.date_formats import EpochUnit, parse_format
from core.planning.detection import choose_date
from core.planning.source import ColumnType, SourceColumn
from core.query.dates import find_bad_date, truncate_to_month
from core.query.statement import Binds, Field, quote, select
from core.warehouse.results.read_result import read_columns
from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.tables import Column, Table, dated
from tests.support.date_texts import AMBIGUOUS, DETECTED, GIVEN, REFUSED, TEXTS, months_by_format
from tests.support.sources import plan

FORMATS = months_by_format()
# Each takes another way through detection or SQL; the others are run by CI apart.
USUAL = ("iso", "%y-%m-%d", "%b %d, %Y", "%Y%m%d", "epoch_s")


def detect(text: str) -> DateCandidate:
    columns = [SourceColumn("EVENT_DATE", ColumnType.parse("VARCHAR(100)"))]
    return choose_date(columns, {"EVENT_DATE": [text]}, column="EVENT_DATE", date_format=None)[0]


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def test_the_corpus_has_150_texts() -> None:
    assert len(TEXTS) >= 150


@pytest.mark.parametrize("form", DETECTED)
def test_a_format_is_detected(form: str) -> None:
    for text, month in DETECTED[form].items():
        found = detect(text)
        assert (str(found.format), found.rivals) == (form, ())
        day = found.format.read(text.strip()) if found.format else None
        assert day is not None
        assert day.replace(day=1) == first_day(month)


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_text_of_several_readings_is_refused_with_them(text: str) -> None:
    with pytest.raises(SourceDataError, match=f"{text} is ") as raised:
        detect(text)

    assert [each.value for each in raised.value.remedies] == list(AMBIGUOUS[text])


@pytest.mark.parametrize("text", [*REFUSED, *(text for texts in GIVEN.values() for text in texts)])
def test_a_text_in_no_known_format_is_refused(text: str) -> None:
    word = REFUSED.get(text, "quotation marks|known date format|years")
    with pytest.raises(SourceDataError, match=word) as raised:
        detect(text)

    # No hint would lose months, or does not fit.
    suggested = [each.value for each in raised.value.remedies if each.value]
    assert all(parse_format(str(form)).read(text) for form in suggested)
    assert not any(each.option == "on_bad_date" for each in raised.value.remedies)


def test_snowflake_reads_every_text_in_every_format_as_python_does(parity: Bench) -> None:
    rows = Column("D", "VARCHAR", TEXTS)
    name = parity.load(Table((rows, Column("N", "NUMBER(9,0)", tuple(range(len(TEXTS))))), "D"))
    bind, fields = Binds(), [Field("text", quote("D"))]
    for n, form in enumerate(FORMATS):
        made = plan({"D": "VARCHAR", "N": "NUMBER(9,0)"}, date_column="D", date_format=form)
        fields.append(Field(f"month_{n}", truncate_to_month(made, bind)))
        fields.append(Field(f"bad_{n}", find_bad_date(made, bind) or ""))
    asked = select(fields, f"FROM {quote(name.table)}", bind)
    texts, *found = read_columns(parity.connection, asked, threading.Event())

    assert sorted(texts) == sorted(TEXTS)
    for n, form in enumerate(FORMATS):
        for text, month, bad in zip(texts, found[2 * n], found[2 * n + 1], strict=True):
            written = FORMATS[form].get(text)
            day = parse_format(form).read(text)
            assert month == (day.replace(day=1) if day else None), (form, text)
            assert bad == (None if month else text), (form, text)
            assert not written or month == first_day(written), (form, text)


def through_engines(parity: Bench, form: str) -> None:
    """Transfer the texts that are written for a format, and those that it does not read."""
    known = parse_format(form)
    meant = {text: first_day(month) for text, month in FORMATS[form].items()}
    others = [text for text in TEXTS if text not in meant and not known.read(text)]
    how: dict[str, Any] = {"meant": meant, "date_format": form, "on_bad_date": "null"}
    check(parity, dated("VARCHAR", *meant, *others[:90], **how), "csv")


@pytest.mark.parametrize("form", USUAL)
def test_the_texts_through_the_engines(parity: Bench, form: str) -> None:
    through_engines(parity, form)


@pytest.mark.thorough
@pytest.mark.parametrize("form", [form for form in FORMATS if form not in USUAL])
def test_the_other_texts_through_the_engines(parity: Bench, form: str) -> None:
    through_engines(parity, form)


def test_a_mixture_of_iso_texts_is_detected_and_delivered(parity: Bench) -> None:
    meant = {text: first_day(month) for text, month in DETECTED["iso"].items()}
    table = dated("VARCHAR", *meant, meant=meant)
    done = check(parity, table)

    assert set(done) == {"stream", "pushdown", "unload"}


@pytest.mark.parametrize("kind", ["NUMBER(8,0)", "NUMBER(12,2)", "FLOAT"])
def test_numbers_of_digits(parity: Bench, kind: str) -> None:
    days = (20240131, 20240229, 19691231, 10101, 99991231, 20240201)
    bad = (20240230, 0, 240131, -20240131, 20241301)
    cents = (Decimal("20240131.50"),) if kind == "NUMBER(12,2)" else ()
    values = [float(n) if kind == "FLOAT" else n for n in (*days, *bad, *cents)]
    check(parity, dated(kind, *values, date_format="%Y%m%d", on_bad_date="null"), "ndjson")


def test_numbers_of_a_year_and_a_month_are_detected(parity: Bench) -> None:
    check(parity, dated("NUMBER(6,0)", 202401, 202412, 199901, name="PERIOD"))


def test_years_of_two_digits_do_not_depend_on_the_account(parity: Bench) -> None:
    meant = {"24-01-31": date(2024, 1, 31), "70-01-31": date(1970, 1, 31)}
    table = dated("VARCHAR", *meant, meant=meant, date_format="%y-%m-%d")
    parity.execute("ALTER SESSION SET TWO_DIGIT_CENTURY_START = 1900")
    try:
        check(parity, table)
    finally:
        parity.execute("ALTER SESSION UNSET TWO_DIGIT_CENTURY_START")


def test_a_short_year_is_a_bad_date_where_four_digits_are_asked_for(parity: Bench) -> None:
    meant = {"2024-01-31": date(2024, 1, 31)}
    how: dict[str, Any] = {"meant": meant, "date_format": "%Y-%m-%d", "on_bad_date": "null"}
    check(parity, dated("VARCHAR", *meant, "24-01-31", **how))


def test_every_unit_of_epochs_is_in_the_corpus() -> None:
    assert set(EpochUnit) <= set(DETECTED)
