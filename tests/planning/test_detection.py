"""Detection of the date column, and of numeric columns that are identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from core.errors import SourceDataError, UsageError
from core.planning.date_formats import ISO as ISO_FORMAT
from core.planning.date_formats import EpochUnit, parse_format
from core.planning.detection import (
    DateCandidate,
    choose_date,
    find_date_candidates,
    find_identifiers,
)
from core.planning.source import ColumnType, SourceColumn

ISO = ["2024-01-31", "2023-12-13"]
SECONDS = [789_652_004, 1_511_000_000]


def table(**types: str) -> list[SourceColumn]:
    return [SourceColumn(name, ColumnType.parse(text)) for name, text in types.items()]


def names(columns: Sequence[SourceColumn], sample: Mapping[str, Sequence[object]]) -> list[str]:
    return [candidate.column for candidate in find_date_candidates(columns, sample)]


def choose(
    columns: Sequence[SourceColumn],
    sample: Mapping[str, Sequence[object]],
    column: str | None = None,
    date_format: str | None = None,
) -> DateCandidate:
    return choose_date(columns, sample, column=column, date_format=date_format)[0]


# -------------------------------------------------------------------------------------- ranking


def test_real_dates_come_before_text_and_text_before_epochs() -> None:
    columns = table(TS="NUMBER(38,0)", ORDER_DATE="VARCHAR(10)", X="DATE", Y="TIMESTAMP_TZ(9)")

    assert names(columns, {"TS": SECONDS, "ORDER_DATE": ISO}) == ["X", "Y", "ORDER_DATE", "TS"]


def test_a_name_that_refers_to_time_comes_first() -> None:
    columns = table(A="DATE", B="DATE", O_ORDERDATE="DATE", CANDIDATE="DATE")

    assert names(columns, {}) == ["O_ORDERDATE", "A", "B", "CANDIDATE"]


@pytest.mark.parametrize(
    "name",
    [
        "DATE", "dt", "orderDate", "L_SHIPDATE", "DOB", "birth_date", "CREATED_AT", "paidAt",
        "updatedOn", "TIMESTAMP", "EVENT_TS", "DATEOFBIRTH", "MONTH", "ShipTime", "ORDERED",
        "time",
    ],
)  # fmt: skip
def test_names_that_refer_to_time(name: str) -> None:
    assert names(table(FIRST="DATE", **{name: "DATE"}), {}) == [name, "FIRST"]


@pytest.mark.parametrize("name", ["CANDIDATE", "MANDATE", "LIFETIME", "ATTENDANCE", "AT", "TODAY"])
def test_names_that_do_not_refer_to_time(name: str) -> None:
    assert names(table(FIRST="DATE", **{name: "DATE"}), {}) == ["FIRST", name]


@pytest.mark.parametrize(
    ("name", "kind", "value", "found"),
    [
        ("CREATED_AT", "NUMBER(38,0)", 789_652_004, True),
        ("CREATED_AT", "FLOAT", 789_652_004, False),
        ("CREATED_AT", "BOOLEAN", 789_652_004, False),
        ("AMOUNT", "NUMBER(38,0)", 789_652_004, False),
        ("AMOUNT", "NUMBER(38,0)", 202_401_312_330, False),  # of a format of date and time
        ("PART", "VARCHAR", "19000115", False),
        ("DAY", "VARCHAR", "19000115", True),
        ("DAY", "VARCHAR", "21001231", True),
        ("DAY", "VARCHAR", "18991231", False),
        ("DAY", "VARCHAR", "21010115", False),
    ],
)
def test_numbers_are_dates_by_their_type_name_and_year(
    name: str, kind: str, value: object, found: bool
) -> None:
    assert names(table(**{name: kind}), {name: [value]}) == [name] * found


def test_a_name_counts_more_than_nulls() -> None:
    columns = table(A="DATE", ORDER_DATE="DATE")
    sample = {"A": ["2024-01-01"] * 2, "ORDER_DATE": ["2024-01-01", None]}

    assert names(columns, sample) == ["ORDER_DATE", "A"]


def test_fewer_nulls_come_first_and_then_the_order_of_the_table() -> None:
    columns = table(A="DATE", B="DATE", C="DATE")
    sample: dict[str, Sequence[object]] = {
        "A": ["2024-01-01", None],
        "B": ["2024-01-01"] * 2,
        "C": ["2024-01-01"] * 2,
    }

    assert names(columns, sample) == ["B", "C", "A"]


def test_the_best_is_chosen_and_the_others_are_alternatives() -> None:
    columns = table(SEEN="TIMESTAMP_NTZ(9)", DOB="VARCHAR(10)", QTY="NUMBER(5,0)")

    best, others = choose_date(columns, {"DOB": ISO}, column=None, date_format=None)

    assert best == DateCandidate("SEEN", None, 0.0, "TIMESTAMP_NTZ column")
    assert [other.column for other in others] == ["DOB"]
    assert choose_date(columns, {"DOB": ISO}, column="DOB", date_format=None)[1] == ()


# ------------------------------------------------------------------------------------------ text


def test_text_is_a_date_if_one_format_fits_95_percent_of_what_is_not_blank() -> None:
    columns = table(DOB="VARCHAR(20)")
    enough = [" 01/31/2024 "] * 95 + ["unknown"] * 5 + ["", "  ", None] * 25

    found = choose(columns, {"DOB": enough})

    assert found.format == parse_format("%m/%d/%Y")
    assert found.nulls == 75 / 175
    assert found.why == "text, 95% of 100 sampled values are MM/DD/YYYY"
    assert find_date_candidates(columns, {"DOB": [*enough, "unknown"]}) == []


def test_the_share_that_fits_is_never_rounded_up_to_all() -> None:
    found = choose(table(D="TEXT"), {"D": [*ISO * 2000, "?"]})

    assert found.why == "text, 99.9% of 4,001 sampled values are ISO 8601"


@pytest.mark.parametrize(
    "values",
    [
        ["red", "green"],
        ["12.5", "13.25"],
        ["1.2024", "99.2024"],
        ["12345678", "87654321"],
        ["10:30", "11:45"],
        ["2024", "2023"],
        ["10.0.0.1", "10.0.0.2"],
        ["555-01-2024x"],
        ["2024-01-31", "31.01.2024"],
        ["", " ", None],
        [],
    ],
)
def test_other_text_is_not_a_date(values: list[object]) -> None:
    assert find_date_candidates(table(D="VARCHAR(100)"), {"D": values}) == []


def test_one_value_decides_between_day_first_and_month_first() -> None:
    columns = table(D="VARCHAR(10)")
    unclear = ["01/02/2024", "03/04/2024"] * 50

    assert choose(columns, {"D": [*unclear, "13/01/2024"]}).format == parse_format("%d/%m/%Y")
    assert choose(columns, {"D": [*unclear, "01/13/2024"]}).format == parse_format("%m/%d/%Y")


@pytest.mark.parametrize("values", [["01/02/2024"], ["05.05.2024"], ["01-02-99 10:30"]])
@pytest.mark.parametrize("column", [None, "D"])
def test_an_ambiguous_order_of_day_and_month_is_an_error(
    column: str | None, values: list[object]
) -> None:
    with pytest.raises(SourceDataError, match=r"column D can be read in \d ways: ") as raised:
        choose(table(D="VARCHAR(30)"), {"D": values}, column)

    first, second, *_ = raised.value.remedies
    assert (first.option, second.option) == ("date_format", "date_format")
    assert str(first.value).startswith("%m")
    assert str(second.value).startswith("%d")
    assert str(values[0]) not in raised.value.stored


def test_the_error_about_two_digit_years_shows_each_reading() -> None:
    with pytest.raises(SourceDataError) as raised:
        choose(table(D="VARCHAR(30)"), {"D": ["24-01-31", "24-02-15"]}, "D")

    assert raised.value.message == (
        "The dates of column D can be read in 2 ways: "
        "24-01-31 is 24 January 2031 as %d-%m-%y, 31 January 2024 as %y-%m-%d."
    )
    assert [each.value for each in raised.value.remedies] == ["%d-%m-%y", "%y-%m-%d"]


def test_the_error_about_an_ambiguous_order_names_other_date_columns() -> None:
    columns = table(ORDER_DATE="VARCHAR(10)", E="VARCHAR(10)")

    with pytest.raises(SourceDataError, match=r"another date column \(E\)"):
        choose(columns, {"ORDER_DATE": ["01/02/2024"], "E": ISO})


def test_an_ambiguous_column_that_is_not_chosen_is_not_an_error() -> None:
    columns = table(D="VARCHAR(10)", SEEN="DATE")

    best, others = choose_date(columns, {"D": ["01/02/2024"]}, column=None, date_format=None)

    assert best.column == "SEEN"
    assert others[0].rivals == (parse_format("%d/%m/%Y"),)


@pytest.mark.parametrize("column", [None, "D"])
def test_a_given_format_decides_the_order_of_day_and_month(column: str | None) -> None:
    found = choose(table(D="VARCHAR(10)"), {"D": ["01/02/2024"]}, column, "%d/%m/%Y")

    assert found.format == parse_format("%d/%m/%Y")
    assert found.rivals == ()


def test_a_given_format_selects_the_column_that_has_it() -> None:
    columns = table(SEEN="DATE", A="VARCHAR(10)", B="VARCHAR(10)")

    found = choose(columns, {"A": ISO, "B": ["31.01.2024"]}, date_format="%d.%m.%Y")

    assert found.column == "B"


def test_a_named_column_has_the_given_format_whatever_its_values() -> None:
    found = choose(table(D="TEXT"), {"D": ["2024-01-31", "?", "?", "?"]}, "D", "%Y-%m-%d")

    assert found.format == parse_format("%Y-%m-%d")
    assert found.why == "text, 25% of 4 sampled values are YYYY-MM-DD"


def test_a_named_text_column_without_values_has_the_iso_format() -> None:
    assert choose(table(D="TEXT"), {"D": [None, " "]}, "D").format is ISO_FORMAT
    assert choose(table(D="TEXT"), {}, "D").format is ISO_FORMAT


def test_a_named_text_column_in_no_one_format_is_an_error() -> None:
    with pytest.raises(SourceDataError, match=r"4 values were sampled; iso fits 50% of them"):
        choose(table(D="TEXT"), {"D": [*ISO, "?", "??"]}, "D")


# ---------------------------------------------------------------------------------------- epochs


@pytest.mark.parametrize("unit", list(EpochUnit))
def test_numbers_are_a_date_if_they_are_epochs_and_their_name_refers_to_time(
    unit: EpochUnit,
) -> None:
    columns = table(TIMESTAMP="NUMBER(38,0)", PRICE="NUMBER(38,0)")
    values = [Decimal(second * 10**unit.scale) for second in SECONDS]

    found = find_date_candidates(columns, {"TIMESTAMP": values, "PRICE": values})

    assert [(each.column, each.format) for each in found] == [("TIMESTAMP", unit)]
    assert found[0].why.endswith("seconds, 1995-2017")


@pytest.mark.parametrize(
    "values",
    [
        *([1, 12], [20240131, 0], [20240131, 20240230], [19691231], [21010101]),
        *([*SECONDS, -1], [*SECONDS, 10**10], [None], []),
    ],
)
def test_other_numbers_are_not_a_date(values: list[object]) -> None:
    assert find_date_candidates(table(MONTH="NUMBER(38,0)"), {"MONTH": values}) == []


def test_a_named_number_column_needs_no_name_that_refers_to_time() -> None:
    columns = table(N="NUMBER(38,3)", F="FLOAT")

    assert choose(columns, {"N": [Decimal("789652004.500")]}, "N").format is EpochUnit.SECONDS
    assert choose(columns, {}, "F", "epoch_ms").format is EpochUnit.MILLISECONDS
    assert choose(columns, {"N": [10**30]}, "N", "epoch_s").why == "epoch seconds"


@pytest.mark.parametrize("values", [[45322], [1, 12], []])
def test_a_named_number_column_without_epochs_is_an_error(values: list[object]) -> None:
    with pytest.raises(SourceDataError, match="%Y%m%d, %Y%m, epoch_s"):
        choose(table(N="NUMBER(8,0)"), {"N": values}, "N")


@pytest.mark.parametrize("kind", ["NUMBER(8,0)", "VARCHAR(8)"])
@pytest.mark.parametrize(
    ("texts", "pattern"),
    [(["20240131", "19991231"], "%Y%m%d"), (["202401", "199912"], "%Y%m")],
)
def test_dates_of_digits_need_a_name_that_refers_to_time(
    kind: str, texts: list[str], pattern: str
) -> None:
    columns = table(ORDERDATEKEY=kind, QTY=kind)
    values: list[object] = list(texts) if kind.startswith("V") else [*map(int, texts), None]

    found = find_date_candidates(columns, {"ORDERDATEKEY": values, "QTY": values})

    assert [(each.column, str(each.format)) for each in found] == [("ORDERDATEKEY", pattern)]
    assert found[0].why.endswith(f"100% of 2 sampled values are {found[0].format.words}")
    # One value that is no such date is enough.
    wrong = {"ORDERDATEKEY": [*values * 50, "20240230" if kind.startswith("V") else 20240230]}
    assert find_date_candidates(columns, wrong) == []


def test_numbers_of_two_readings_are_an_error_unless_the_format_is_given() -> None:
    columns = table(PERIOD="NUMBER(6,0)")

    with pytest.raises(SourceDataError, match="200101 is 1 January 2001 as %Y%m, 1 January 2020"):
        choose(columns, {"PERIOD": [200101]})

    assert str(choose(columns, {"PERIOD": [200101]}, None, "%y%m%d").format) == "%y%m%d"
    assert choose(columns, {"PERIOD": [200101, 201301]}).rivals == ()


def test_epochs_as_text_need_a_name_that_refers_to_time() -> None:
    texts = [f"{second}" for second in SECONDS]
    columns = table(TS="VARCHAR(20)", PHONE="VARCHAR(20)")

    found = find_date_candidates(columns, {"TS": texts, "PHONE": texts})

    assert [(each.column, each.format) for each in found] == [("TS", EpochUnit.SECONDS)]
    assert found[0].why == "text, epoch seconds, 1995-2017"


def test_months_after_the_current_one_are_told() -> None:
    columns = table(D="VARCHAR(10)", N="NUMBER(8,0)", S="DATE")
    sample: dict[str, Sequence[object]] = {
        "D": ["01/31/24", "02/28/69", None],
        "N": [20240131, 90000101],
        "S": ["9999-12-31"],
    }

    assert choose(columns, sample, "D").future == (
        "1 of 2 sampled dates of D are after the current month, read as MM/DD/YY. "
        "Their years have two digits."
    )
    assert "1 of 2" in choose(columns, sample, "N", "%Y%m%d").future
    assert choose(columns, sample, "S").future == ""
    assert choose(columns, {"D": ["01/31/24"]}, "D").future == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["2024-Q1", "2023-Q4"], "quarters, which have no month"),
        (["2024-W05", "2023W52"], "weeks"),
        (["2024", "2023"], "years"),
        (["2024-031", "2024-366"], "days of a year"),
        (["10:30", "11:45:10"], "times without a date"),
        (["45322", "45323.5"], "numbers of days"),
        (["31-Jan", "1 Feb"], "days without a year"),
        (['"soon"', '"later"'], "in quotation marks"),
    ],
)
def test_texts_that_cannot_be_dates_are_refused_with_the_reason(
    values: list[object], reason: str
) -> None:
    with pytest.raises(SourceDataError, match=f"of column D are {reason}") as raised:
        choose(table(D="VARCHAR(30)"), {"D": values}, "D")

    assert [each.option for each in raised.value.remedies] == ["date_column"]
    assert str(values[0]) not in raised.value.stored
    with pytest.raises(SourceDataError, match=f"The texts of START_DATE are {reason}"):
        choose(table(START_DATE="VARCHAR(30)"), {"START_DATE": values})


@pytest.mark.parametrize(("others", "said"), [(1, True), (2, False)])
def test_of_twenty_texts_one_may_be_something_else(others: int, said: bool) -> None:
    texts = [*["soon"] * others, *["2024-Q1"] * (20 - others)]
    with pytest.raises(SourceDataError) as raised:
        choose(table(D="VARCHAR(30)"), {"D": texts}, "D")
    assert ("quarters" in str(raised.value)) is said


def test_a_single_mark_quotes_nothing() -> None:
    with pytest.raises(SourceDataError) as raised:
        choose(table(D="VARCHAR(30)"), {"D": ['"', "'"]}, "D")
    assert "quotation marks" not in str(raised.value)


def test_dates_in_quotation_marks_are_refused_with_their_format() -> None:
    for text, pattern in (('"2024-01-31"', '"%Y-%m-%d"'), ("'31.01.2024'", "'%d.%m.%Y'")):
        with pytest.raises(SourceDataError, match="in quotation marks") as raised:
            choose(table(D="VARCHAR(30)"), {"D": [text]}, "D")

        (remedy,) = raised.value.remedies
        assert remedy.value == pattern
        assert str(choose(table(D="VARCHAR(30)"), {"D": [text]}, None, pattern).format) == pattern


# ---------------------------------------------------------------------------------------- errors


def test_no_candidate_is_an_error_that_lists_the_columns() -> None:
    with pytest.raises(SourceDataError, match=r"NAME \(VARCHAR\(5\)\), QTY \(NUMBER\(5,0\)\)"):
        choose(table(NAME="VARCHAR(5)", QTY="NUMBER(5,0)"), {"NAME": ["a"], "QTY": [1]})


@pytest.mark.parametrize(
    ("column", "date_format"),
    [("D", "%Y-%m-%d"), ("D", "epoch_s"), ("N", "%Y-%m-%d"), ("N", "iso"), (None, "%d.%m.%Y")],
)
def test_a_format_for_another_type_of_column_is_a_usage_error(
    column: str | None, date_format: str
) -> None:
    columns = table(D="DATE", T="VARCHAR(10)", N="NUMBER(38,0)")

    with pytest.raises(UsageError):
        choose(columns, {"T": ISO, "N": SECONDS}, column, date_format)


def test_a_format_that_fits_no_column_is_an_error_that_lists_the_columns() -> None:
    with pytest.raises(SourceDataError, match=r"has the format %d\.%m\.%Y. Columns: T"):
        choose(table(T="VARCHAR(10)"), {"T": ISO}, None, "%d.%m.%Y")


@pytest.mark.parametrize("kind", ["BOOLEAN", "TIME(9)", "BINARY", "VARIANT", "GEOGRAPHY"])
def test_a_named_column_of_another_type_is_an_error(kind: str) -> None:
    with pytest.raises(SourceDataError, match="cannot be the date column"):
        choose(table(X=kind), {}, "X")


# ----------------------------------------------------------------------------------- identifiers


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("CUSTOMER_ID", "ID"), ("userID", "ID"), ("USERID", "ID"), ("MOVIEID", "ID"),
        ("JOBID", "ID"), ("MAILID", "ID"), ("ID_2", "ID"), ("id", "ID"), ("Order Id", "ID"),
        ("CustKey", "KEY"), ("O_ORDERKEY", "KEY"), ("custkey", "KEY"),
        ("ORDERNO", "NO"), ("EMPNO", "NO"), ("LINENO", "NO"), ("INVOICE_NO", "NO"),
        ("CUSTNUM", "NUM"), ("ACCOUNT_NUMBER", "NUMBER"), ("zipCode", "CODE"), ("BARCODE", "CODE"),
        ("ZIP", "ZIP"), ("SHIPZIP", "ZIP"), ("YEAR", "YEAR"), ("fiscal_year", "YEAR"),
    ],
)  # fmt: skip
def test_names_of_identifiers(name: str, word: str) -> None:
    columns = table(**{name: "NUMBER(38,0)"})

    assert find_identifiers(columns) == {name: f"name ends in {word}"}


@pytest.mark.parametrize(
    "name",
    [
        "PAID", "AMOUNT_PAID", "AMOUNTPAID", "PREPAID", "VALID", "GRID", "BID", "MAXBID",
        "MEDICAID", "CASINO", "PIANO", "VOLCANO", "MONKEY", "TURKEY", "PLATINUM", "AREA_KM2",
        "QTY", "NUM_ITEMS", "ID_COUNT", "KEYED", "NOTE", "YEARS", "ZIPPED", "CODED",
        "O_TOTALPRICE", "RATING", "2",
    ],
)  # fmt: skip
def test_names_of_measures(name: str) -> None:
    assert find_identifiers(table(**{name: "NUMBER(38,0)"})) == {}


def test_only_numbers_are_identifiers() -> None:
    columns = table(USER_ID="VARCHAR(10)", DAY_KEY="DATE", RATE_ID="FLOAT", D_ID="DECFLOAT")

    assert list(find_identifiers(columns)) == ["RATE_ID", "D_ID"]
