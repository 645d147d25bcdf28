"""Types on their way through: months in the right zone, sums to the last digit, keys as stored."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from core.errors import SourceDataError
from core.events import Warned
from core.remedy import Remedy
from tests.support.deliveries import (
    delivered,
    download,
    execute,
    make_table,
    objects,
    rows_of,
    transfer,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

JAN, FEB = date(2024, 1, 1), date(2024, 2, 1)


def months(sandbox: Sandbox, columns: str, *rows: str, **options: Any) -> list[tuple[Any, ...]]:
    """The delivered rows of a new table."""
    return rows_of(
        delivered(sandbox, transfer(sandbox, make_table(sandbox, columns, *rows), **options))
    )


def test_a_timestamp_with_time_zone_is_cut_in_its_own_offset(sandbox: Sandbox) -> None:
    rows = (
        "('2024-01-31 23:30:00 -0500'::TIMESTAMP_TZ, 1)",  # February in UTC
        "('2024-02-01 00:30:00 +0500'::TIMESTAMP_TZ, 2)",  # January in UTC
    )
    assert months(sandbox, "D TIMESTAMP_TZ, N NUMBER(3,0)", *rows) == [
        (JAN, Decimal(1)),
        (FEB, Decimal(2)),
    ]


@pytest.mark.parametrize(
    ("zone", "month"), [("UTC", FEB), ("America/New_York", JAN), ("Asia/Tokyo", FEB)]
)
def test_a_local_timestamp_is_cut_in_the_zone_asked_for(
    sandbox: Sandbox, zone: str, month: date
) -> None:
    row = "('2024-02-01 02:00:00 +0000'::TIMESTAMP_TZ::TIMESTAMP_LTZ, 1)"
    got = months(sandbox, "D TIMESTAMP_LTZ, N NUMBER(3,0)", row, timezone=zone)
    assert got == [(month, Decimal(1))]


def test_a_wall_clock_is_cut_as_stored(sandbox: Sandbox) -> None:
    rows = ("('2024-01-31 23:59:59.999999999', 1)", "('0001-01-01', 2)", "('9999-12-31', 3)")
    assert months(sandbox, "D TIMESTAMP_NTZ(9), N NUMBER(3,0)", *rows) == [
        (date(1, 1, 1), Decimal(2)),
        (JAN, Decimal(1)),
        (date(9999, 12, 1), Decimal(3)),
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-01-31", "2024-02-01"], [JAN, FEB]),
        (["1/31/2024", "02/01/2024"], [JAN, FEB]),
        (["31.01.2024", "01.02.2024"], [JAN, FEB]),
        (["2024-01-31T23:59:59.5Z", "2024-02-01T00:00:00.0Z"], [JAN, FEB]),
        (["2024-01-31 23:59:59", "2024-02-01 00:00:00"], [JAN, FEB]),
        (["20240131", "20240201"], [JAN, FEB]),
        (["31-Jan-2024", "01-FEB-2024"], [JAN, FEB]),
        (["January 31, 2024", "February 1, 2024"], [JAN, FEB]),
        ([" 2024-01-31\t", "2024-02-01"], [JAN, FEB]),
        (["2024-01-31T23:30:00-05:00", "2024-02-01T00:30:00+05:00"], [JAN, FEB]),
    ],
)
def test_text_dates_are_read_in_their_format(
    sandbox: Sandbox, texts: list[str], expected: list[date]
) -> None:
    rows = [f"('{text}', {n})" for n, text in enumerate(texts)]
    got = months(sandbox, "ORDER_DATE VARCHAR, N NUMBER(3,0)", *rows)
    assert [row[0] for row in got] == expected


def test_blank_text_dates_are_null_dates(sandbox: Sandbox) -> None:
    rows = ("('2024-01-31', 1)", "('  ', 2)", "(NULL, 4)")
    assert months(sandbox, "D VARCHAR, N NUMBER(3,0)", *rows) == [
        (JAN, Decimal(1)),
        (None, Decimal(6)),
    ]


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_epochs_are_told_apart_by_magnitude(sandbox: Sandbox, digits: int) -> None:
    last, first = 1_706_745_599, 1_706_745_600  # around 2024-02-01T00:00:00Z
    end = last * 10**digits + 10**digits - 1  # the last tick of January
    rows = (f"({end}, 1)", f"({first * 10**digits}, 2)")
    assert months(sandbox, "CREATED_AT NUMBER(38,0), N NUMBER(3,0)", *rows) == [
        (JAN, Decimal(1)),
        (FEB, Decimal(2)),
    ]


def test_epochs_before_1970_round_down(sandbox: Sandbox) -> None:
    rows = ("(-0.5, 1)", "(-2678400.5, 2)")
    got = months(
        sandbox, "TS NUMBER(18,1), N NUMBER(3,0)", *rows, date_column="TS", date_format="epoch_s"
    )
    assert got == [(date(1969, 11, 1), Decimal(2)), (date(1969, 12, 1), Decimal(1))]


BAD = ("D VARCHAR, N NUMBER(3,0)", *["('2024-01-31', 1)"] * 40, "('soon', 2)", "('2024-02-30', 4)")


def test_dates_that_do_not_parse_stop_the_run(sandbox: Sandbox) -> None:
    with pytest.raises(SourceDataError) as caught:
        months(sandbox, *BAD)
    assert "2 dates of D cannot be parsed" in caught.value.message
    assert "'soon'" in caught.value.message
    assert "'2024-02-30'" in caught.value.message
    assert Remedy("on_bad_date", "null") in caught.value.remedies


def test_dates_that_do_not_parse_go_to_the_null_month(sandbox: Sandbox) -> None:
    told: list[Any] = []
    got = months(sandbox, *BAD, on_bad_date="null", on_progress=told.append)
    assert got == [(JAN, Decimal(40)), (None, Decimal(6))]
    assert any(isinstance(e, Warned) and "2 dates of D cannot be parsed" in e.message for e in told)


def test_epochs_out_of_range_do_not_parse(sandbox: Sandbox) -> None:
    rows = ("(1706745599, 1)", "(99999999999999, 2)")
    with pytest.raises(SourceDataError, match="'99999999999999'"):
        months(
            sandbox,
            "TS NUMBER(18,0), N NUMBER(3,0)",
            *rows,
            date_column="TS",
            date_format="epoch_s",
        )


def test_epochs_may_be_floats(sandbox: Sandbox) -> None:
    bad = ("'NaN'::FLOAT", "'-inf'::FLOAT", "1e300", "1e17")
    rows = ("(1706745599.5, 1)", "(NULL, 2)", *(f"({value}, 4)" for value in bad))
    how = {"date_column": "TS", "date_format": "epoch_s"}
    got = months(sandbox, "TS FLOAT, N NUMBER(3,0)", *rows, **how, on_bad_date="null")
    assert got == [(JAN, Decimal(1)), (None, Decimal(18))]
    with pytest.raises(SourceDataError, match="4 dates of TS cannot be parsed"):
        months(sandbox, "TS FLOAT, N NUMBER(3,0)", *rows, **how)


def test_sums_are_exact_to_the_last_digit(sandbox: Sandbox) -> None:
    big, small = "9" * 35 + ".01", "0.01"
    rows = (f"('2024-01-01', {big}, 90071992547409.93)", f"('2024-01-02', {small}, 0.02)")
    got = months(sandbox, "D DATE, N NUMBER(38,2), M NUMBER(18,2)", *rows)
    assert got == [(JAN, Decimal("9" * 35 + ".02"), Decimal("90071992547409.95"))]


def test_a_sum_past_38_digits_stops_the_run(sandbox: Sandbox) -> None:
    rows = [f"('2024-01-01', {'9' * 38})"] * 2
    with pytest.raises(SourceDataError, match="more than 38 digits"):
        months(sandbox, "D DATE, N NUMBER(38,0)", *rows)


def test_integers_of_every_width_arrive_in_one_sum(sandbox: Sandbox) -> None:
    """Each batch has its own width on the wire: int8, int16, int32, int64, decimal."""
    name = make_table(sandbox, "D DATE, N NUMBER(38,0)")
    tens = ["10", "1000", "100000", "10000000000", "10000000000000000000000"]
    for value in tens:
        execute(
            sandbox,
            f"INSERT INTO {name} SELECT '2024-01-01'::DATE, {value} "
            "FROM TABLE(GENERATOR(ROWCOUNT => 20000))",
        )
    table = delivered(sandbox, transfer(sandbox, name))
    assert rows_of(table) == [(JAN, Decimal(20_000 * sum(map(int, tens))))]


def test_floats_keep_nan_and_infinity(sandbox: Sandbox) -> None:
    rows = (
        "('2024-01-01', 'a', 'NaN'::FLOAT)",
        "('2024-01-01', 'a', 1.5::FLOAT)",
        "('2024-01-01', 'b', 'inf'::FLOAT)",
        "('2024-01-01', 'c', 0.1::FLOAT)",
        "('2024-01-01', 'c', 0.2::FLOAT)",
    )
    (_, _, a), (_, _, b), (_, _, c) = months(sandbox, "D DATE, K VARCHAR, F FLOAT", *rows)
    assert math.isnan(a)
    assert b == math.inf
    assert c == pytest.approx(0.3, rel=1e-12)


def test_text_keys_are_compared_to_the_letter(sandbox: Sandbox) -> None:
    keys = ["a", "A", "a ", "ä", "", "\U0001f600", "\uffff"]
    rows = [f"('2024-01-01', '{key}', 1)" for key in keys] + ["('2024-01-01', NULL, 1)"] * 2
    got = months(sandbox, "D DATE, K VARCHAR, N NUMBER(3,0)", *rows)
    assert [row[1] for row in got] == [*sorted(keys), None]
    assert got[-1][2] == 2


def test_keys_keep_their_types(sandbox: Sandbox) -> None:
    columns = (
        "D DATE, B BOOLEAN, E DATE, T TIME(9), T0 TIME(0), X BINARY, M NUMBER(12,2), I NUMBER(9,0),"
        " F FLOAT, S3 TIMESTAMP_NTZ(3), S9 TIMESTAMP_NTZ(9), Z TIMESTAMP_TZ(6), L TIMESTAMP_LTZ(0)"
    )
    row = (
        "('2024-01-05', TRUE, '0001-01-01', '23:59:59.123456789', '01:02:03', TO_BINARY('00FF'),"
        " 1.10, -7, -0.0::FLOAT, '2024-01-01 12:00:00.125', '2024-01-01 12:00:00.123456789',"
        " '2024-01-31 23:30:00.5 -0500', '2024-01-31 23:30:00 -0500'::TIMESTAMP_TZ)"
    )
    name = make_table(sandbox, columns, row)
    keys = "B,E,T,T0,X,M,I,F,S3,S9,Z,L"
    plan: dict[str, Any] = {"date_column": "D", "key_columns": keys, "timestamp_unit": "ns"}
    result = transfer(sandbox, name, **plan)
    table = delivered(sandbox, result)
    assert table.schema.types[1:] == [
        pa.bool_(),
        pa.date32(),
        pa.time64("ns"),
        pa.time64("us"),
        pa.binary(),
        pa.decimal128(38, 2),
        pa.int64(),
        pa.float64(),
        pa.timestamp("us"),
        pa.timestamp("ns"),
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "UTC"),
    ]
    plain = table.set_column(3, "T", table["T"].cast(pa.int64()))
    plain = plain.set_column(10, "S9", plain["S9"].cast(pa.int64()))
    day = 24 * 3600 * 10**9
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert rows_of(plain) == [
        (
            JAN,
            True,
            date(1, 1, 1),
            day - 10**9 + 123_456_789,
            time(1, 2, 3),
            b"\x00\xff",
            Decimal("1.10"),
            -7,
            0.0,
            datetime(2024, 1, 1, 12, 0, 0, 125_000),
            int(noon.timestamp()) * 10**9 + 123_456_789,
            datetime(2024, 2, 1, 4, 30, 0, 500_000, tzinfo=UTC),
            datetime(2024, 2, 1, 4, 30, tzinfo=UTC),
        )
    ]
    text = download(sandbox, transfer(sandbox, name, format="ndjson", **plan))
    assert json.loads(text, parse_float=Decimal) == {
        "D": "2024-01-01",
        "B": True,
        "E": "0001-01-01",
        "T": "23:59:59.123456789",
        "T0": "01:02:03.000000",
        "X": "00FF",
        "M": Decimal("1.10"),
        "I": -7,
        "F": Decimal("0.0"),
        "S3": "2024-01-01T12:00:00.125000",
        "S9": "2024-01-01T12:00:00.123456789",
        "Z": "2024-02-01T04:30:00.500000Z",
        "L": "2024-02-01T04:30:00.000000Z",
    }


def test_timestamps_are_delivered_in_microseconds(sandbox: Sandbox) -> None:
    rows = ("('2024-01-05', '9999-12-31 23:59:59')", "('2024-01-06', '2024-01-01 00:00:00.000001')")
    name = make_table(sandbox, "D DATE, VALID_TO TIMESTAMP_NTZ(9)", *rows)
    table = delivered(sandbox, transfer(sandbox, name, date_column="D"))
    assert table.schema.field("VALID_TO").type == pa.timestamp("us")
    assert rows_of(table) == [
        (JAN, datetime(2024, 1, 1) + timedelta(microseconds=1)),
        (JAN, datetime(9999, 12, 31, 23, 59, 59)),
    ]


def test_nanoseconds_before_1970_arrive_whole(sandbox: Sandbox) -> None:
    row = "('2024-01-05', '1969-12-31 23:59:59.999999999', '1900-01-01 00:00:00.5 +0100')"
    columns = "D DATE, K TIMESTAMP_NTZ(9), Z TIMESTAMP_TZ(9)"
    name = make_table(sandbox, columns, row)
    plan = {"date_column": "D", "timestamp_unit": "ns", "format": "ndjson"}
    text = download(sandbox, transfer(sandbox, name, **plan)).decode()
    assert json.loads(text) == {
        "D": "2024-01-01",
        "K": "1969-12-31T23:59:59.999999999",
        "Z": "1899-12-31T23:00:00.500000000Z",
    }


@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_fractions_of_a_microsecond_are_refused(sandbox: Sandbox, engine: str) -> None:
    rows = ("('2024-01-05', '2024-01-01 00:00:00.0000001')", "('2024-01-05', '1969-12-31')")
    name = make_table(sandbox, "D DATE, K TIMESTAMP_TZ(7)", *rows)
    prefix = f"fine/{uuid.uuid4().hex}"
    plan = {"date_column": "D", "file_name": f"{prefix}/a.{{ext}}", "format": "csv"}
    if engine == "unload":
        plan["storage_integration"] = "SANDBOX_S3"
    with pytest.raises(SourceDataError, match="Column K has values with fractions") as caught:
        transfer(sandbox, name, engine=engine, **plan)
    assert Remedy("timestamp_unit", "ns") in caught.value.remedies
    assert not objects(sandbox, prefix)


@pytest.mark.parametrize("engine", ["stream", "pushdown"])
def test_nanoseconds_do_not_hold_every_year(sandbox: Sandbox, engine: str) -> None:
    rows = ("('2024-01-05', '2024-01-01')", "('2024-01-05', '9999-12-31')")
    name = make_table(sandbox, "D DATE, K TIMESTAMP_NTZ(9)", *rows)
    with pytest.raises(SourceDataError, match="Column K has years outside 1677-2262") as caught:
        transfer(sandbox, name, date_column="D", engine=engine, timestamp_unit="ns")
    assert Remedy("timestamp_unit", "us") in caught.value.remedies


def test_semi_structured_keys_become_json_text(sandbox: Sandbox) -> None:
    name = make_table(sandbox, "D DATE, V VARIANT, A ARRAY, O OBJECT, N NUMBER(3,0)")
    execute(
        sandbox,
        f"""INSERT INTO {name} SELECT '2024-01-01', PARSE_JSON('{{"a": [1, null]}}'),
            PARSE_JSON('[]')::ARRAY, PARSE_JSON('{{}}')::OBJECT, 1""",
        f"INSERT INTO {name} SELECT NULL, PARSE_JSON('null'), NULL, NULL, NULL",  # blank
        f"INSERT INTO {name} SELECT NULL, NULL, PARSE_JSON('[]')::ARRAY, NULL, NULL",  # a value
    )
    (_, v, a, o, n), last = rows_of(delivered(sandbox, transfer(sandbox, name)))
    assert (json.loads(v), json.loads(a), json.loads(o), n) == ({"a": [1, None]}, [], {}, 1)
    assert last == (None, None, "[]", None, None)


def test_names_of_any_kind_arrive_as_they_are(sandbox: Sandbox) -> None:
    hostile = [
        'd"; DROP TABLE x --',
        "[/b]",
        "it's",
        "id",
        "ID",
        "ünï cödé",
        "a,b",
        "🎬",
        "x" * 255,
    ]
    columns = ", ".join(
        f'"{name.replace(chr(34), chr(34) * 2)}" ' + ("DATE" if n == 0 else "NUMBER(3,0)")
        for n, name in enumerate(hostile)
    )
    name = make_table(sandbox, columns, "('2024-01-05', 1, 2, 3, 4, 5, 6, 7, 8)")
    table = delivered(sandbox, transfer(sandbox, name))
    assert table.column_names == hostile
    assert rows_of(table) == [(JAN, *map(Decimal, range(1, 9)))]
