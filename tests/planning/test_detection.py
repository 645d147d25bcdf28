"""Detection of the date column, and of numeric columns that are identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from core.errors import SourceDataError, UsageError
from core.planning.date_formats import EpochUnit, TextFormat
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

    assert found.format == TextFormat("%m/%d/%Y", "MM/DD/YYYY")
    assert found.nulls == 75 / 175
    assert found.why == "text, 95% of 100 sampled values are MM/DD/YYYY"
    assert find_date_candidates(columns, {"DOB": [*enough, "unknown"]}) == []


def test_the_share_that_fits_is_never_rounded_up_to_all() -> None:
    found = choose(table(D="TEXT"), {"D": [*ISO * 2000, "?"]})

    assert found.why == "text, 99.9% of 4,001 sampled values are YYYY-MM-DD"


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

    assert choose(columns, {"D": [*unclear, "13/01/2024"]}).format == TextFormat(
        "%d/%m/%Y", "DD/MM/YYYY"
    )
    assert choose(columns, {"D": [*unclear, "01/13/2024"]}).format == TextFormat(
        "%m/%d/%Y", "MM/DD/YYYY"
    )


@pytest.mark.parametrize("values", [["01/02/2024"], ["05.05.2024"], ["01-02-99 10:30"]])
@pytest.mark.parametrize("column", [None, "D"])
def test_an_ambiguous_order_of_day_and_month_is_an_error(
    column: str | None, values: list[object]
) -> None:
    with pytest.raises(SourceDataError, match=r"column D fit both %m.%d.* and %d.%m") as raised:
        choose(table(D="VARCHAR(30)"), {"D": values}, column)

    first, second = raised.value.remedies
    assert (first.option, second.option) == ("date_format", "date_format")
    assert str(first.value).startswith("%m")
    assert str(second.value).startswith("%d")


def test_the_error_about_an_ambiguous_order_names_other_date_columns() -> None:
    columns = table(ORDER_DATE="VARCHAR(10)", E="VARCHAR(10)")

    with pytest.raises(SourceDataError, match=r"another date column \(E\)"):
        choose(columns, {"ORDER_DATE": ["01/02/2024"], "E": ISO})


def test_an_ambiguous_column_that_is_not_chosen_is_not_an_error() -> None:
    columns = table(D="VARCHAR(10)", SEEN="DATE")

    best, others = choose_date(columns, {"D": ["01/02/2024"]}, column=None, date_format=None)

    assert best.column == "SEEN"
    assert others[0].rival == TextFormat("%d/%m/%Y", "DD/MM/YYYY")


@pytest.mark.parametrize("column", [None, "D"])
def test_a_given_format_decides_the_order_of_day_and_month(column: str | None) -> None:
    found = choose(table(D="VARCHAR(10)"), {"D": ["01/02/2024"]}, column, "%d/%m/%Y")

    assert found.format == TextFormat("%d/%m/%Y", "DD/MM/YYYY")
    assert found.rival is None


def test_a_given_format_selects_the_column_that_has_it() -> None:
    columns = table(SEEN="DATE", A="VARCHAR(10)", B="VARCHAR(10)")

    found = choose(columns, {"A": ISO, "B": ["31.01.2024"]}, date_format="%d.%m.%Y")

    assert found.column == "B"


def test_a_named_column_has_the_given_format_whatever_its_values() -> None:
    found = choose(table(D="TEXT"), {"D": ["2024-01-31", "?", "?", "?"]}, "D", "%Y-%m-%d")

    assert found.format == TextFormat("%Y-%m-%d", "YYYY-MM-DD")
    assert found.why == "text, 25% of 4 sampled values are YYYY-MM-DD"


def test_a_named_text_column_without_values_has_the_iso_format() -> None:
    assert choose(table(D="TEXT"), {"D": [None, " "]}, "D").format == TextFormat(
        "%Y-%m-%d", "YYYY-MM-DD"
    )
    assert choose(table(D="TEXT"), {}, "D").format == TextFormat("%Y-%m-%d", "YYYY-MM-DD")


def test_a_named_text_column_in_no_one_format_is_an_error() -> None:
    with pytest.raises(SourceDataError, match=r"4 values were sampled; %Y-%m-%d fits 50% of them"):
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
    [[1, 12], [20240131], [*SECONDS, -1], [*SECONDS, 10**10], [None], []],
)
def test_other_numbers_are_not_a_date(values: list[object]) -> None:
    assert find_date_candidates(table(MONTH="NUMBER(38,0)"), {"MONTH": values}) == []


def test_a_named_number_column_needs_no_name_that_refers_to_time() -> None:
    columns = table(N="NUMBER(38,3)", F="FLOAT")

    assert choose(columns, {"N": [Decimal("789652004.500")]}, "N").format is EpochUnit.SECONDS
    assert choose(columns, {}, "F", "epoch_ms").format is EpochUnit.MILLISECONDS
    assert choose(columns, {"N": [10**30]}, "N", "epoch_s").why == "epoch seconds"


@pytest.mark.parametrize("values", [[20240131], [1, 12], []])
def test_a_named_number_column_without_epochs_is_an_error(values: list[object]) -> None:
    with pytest.raises(SourceDataError, match="epoch_s, epoch_ms"):
        choose(table(N="NUMBER(8,0)"), {"N": values}, "N")


# ---------------------------------------------------------------------------------------- errors


def test_no_candidate_is_an_error_that_lists_the_columns() -> None:
    with pytest.raises(SourceDataError, match=r"NAME \(VARCHAR\(5\)\), QTY \(NUMBER\(5,0\)\)"):
        choose(table(NAME="VARCHAR(5)", QTY="NUMBER(5,0)"), {"NAME": ["a"], "QTY": [1]})


@pytest.mark.parametrize(
    ("column", "date_format"),
    [("D", "%Y-%m-%d"), ("D", "epoch_s"), ("T", "epoch_s"), ("N", "%Y-%m-%d"), (None, "%d.%m.%Y")],
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

    assert find_identifiers(columns, {}) == {name: f"name ends in {word}"}


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
    assert find_identifiers(table(**{name: "NUMBER(38,0)"}), {}) == {}


def test_nearly_unique_whole_numbers_are_identifiers() -> None:
    columns = table(N="NUMBER(38,0)", AMT="NUMBER(12,2)", SIGNED="NUMBER(9,0)", FEW="NUMBER(9,0)")
    ids: list[object] = [*range(4990), *range(10)]
    sample: dict[str, Sequence[object]] = {
        "N": ids,
        "AMT": ids,
        "SIGNED": [-1, *ids],
        "FEW": list(range(99)),
    }

    assert find_identifiers(columns, sample) == {"N": "4,990 distinct in 5,000 sampled rows"}
    assert find_identifiers(columns, {"N": [*ids, *range(100)], "AMT": []}) == {}


def test_only_numbers_are_identifiers() -> None:
    columns = table(USER_ID="VARCHAR(10)", DAY_KEY="DATE", RATE_ID="FLOAT", D_ID="DECFLOAT")

    assert list(find_identifiers(columns, {})) == ["RATE_ID", "D_ID"]
