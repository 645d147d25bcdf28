"""Keys of every type, with the values that tell engines apart."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.planning.source import ColumnType, SourceColumn
from core.query import Statement
from core.query.rows import key
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.tables import Column, Table, clock, ns, zoned
from tests.support.deliveries import delivered, make_table, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

JAN, FEB = date(2024, 1, 31), date(2024, 2, 29)


def keyed(kind: str, *values: Any, name: str = "K", **options: Any) -> Table:
    """Every value as a key in two months, twice in one of them, beside NULLs."""
    values = (*values, None)
    rows = [(JAN, v, 1) for v in values] * 2 + [(FEB, v, 3) for v in reversed(values)]
    days, keys, numbers = zip(*rows, strict=True)
    columns = (
        Column(name, kind, keys),
        Column("D", "DATE", days),
        Column("N", "NUMBER(9,0)", numbers),
    )
    return Table(columns, "D", (name,), ("N",), options=options)


KEYS: dict[str, Table] = {
    "text": keyed(
        "VARCHAR", "a", "A", "a ", " a", "", "ä", "a\u0308", "\uffff", "\U0001f600", "ß", "ss"
    ),
    "text_controls": keyed(
        "VARCHAR",
        "a\nb",
        "a\r\nb",
        "\r",
        "\n",
        "\t|",
        "\x01\x1f\x7f",
        'q"q',
        '"',
        "a,b",
        "\\",
        "\\n",
        "it's",
        "\u2028",
    ),
    "text_rtl": keyed(
        "VARCHAR",
        "שלום",
        "مرحبا",
        "\u202eabc",
        "日本",
        "👩‍👩‍👧",
        "e\u0301",
        "é",
        "NULL",
        "null",
        "\ufeffa",
    ),
    "boolean": keyed("BOOLEAN", True, False),
    "float": keyed(
        "FLOAT", 0.0, -0.0, 1.5, -1e300, 5e-324, 0.1, float("inf"), float("-inf"), float("nan")
    ),
    "negative_zero": keyed("FLOAT", -0.0),
    "integer": keyed("NUMBER(18,0)", 10**18 - 1, 1 - 10**18, 0, 7),
    "decimal": keyed(
        "NUMBER(12,2)", Decimal("1.10"), Decimal("-0.05"), 0, Decimal("9999999999.99")
    ),
    "widest": keyed("NUMBER(38,0)", 10**38 - 1, 1 - 10**38, 0),
    "fraction": keyed("NUMBER(38,37)", Decimal("9." + "9" * 37), Decimal("-0." + "0" * 36 + "1")),
    "date": keyed("DATE", date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(2024, 2, 29)),
    "time": keyed("TIME(6)", clock("00:00:00"), clock("23:59:59.999999"), clock("12:00:00.000001")),
    "time_ns": keyed(
        "TIME(9)", clock("00:00:00.000000001"), clock("23:59:59.999999999"), timestamp_unit="ns"
    ),
    "time_in_us": keyed("TIME(9)", clock("00:00:00.000001"), clock("23:59:59.999999")),
    "time_finer": keyed("TIME(7)", clock("00:00:00.0000001"), clock("00:00:00")),
    "ntz_s": keyed(
        "TIMESTAMP_NTZ(0)", ns("1969-12-31 23:59:59"), ns("9999-12-31 23:59:59"), ns("0001-01-01")
    ),
    "ntz_us": keyed(
        "TIMESTAMP_NTZ(6)", ns("1969-12-31 23:59:59.999999"), ns("0001-01-01 00:00:00.000001")
    ),
    "ntz_ns": keyed(
        "TIMESTAMP_NTZ(9)",
        ns("1969-12-31 23:59:59.999999999"),
        ns("2261-12-31 23:59:59.999999999"),
        ns("1678-01-01"),
        timestamp_unit="ns",
    ),
    "ntz_far": keyed(
        "TIMESTAMP_NTZ(9)", ns("0001-01-01"), ns("9999-12-31 23:59:59.999999"), ns("2024-01-01")
    ),
    "ntz_finer": keyed("TIMESTAMP_NTZ(9)", ns("9999-12-31"), ns("2024-01-01 00:00:00.000000001")),
    "ntz_far_ns": keyed(
        "TIMESTAMP_NTZ(9)", ns("1677-09-21"), ns("2024-01-01 00:00:00.1"), timestamp_unit="ns"
    ),
    "ltz": keyed(
        "TIMESTAMP_LTZ(3)",
        ns("2024-03-31 01:30:00.123"),
        ns("1969-12-31 23:59:59.999"),
        ns("9999-12-31"),
    ),
    "ltz_ns": keyed(
        "TIMESTAMP_LTZ(9)",
        ns("2024-03-31 01:30:00.123456789"),
        ns("1969-12-31 23:59:59.999999999"),
        timestamp_unit="ns",
    ),
    "ltz_in_us": keyed("TIMESTAMP_LTZ(9)", ns("2024-03-31 01:30:00.123456"), ns("9999-12-31")),
    "tz": keyed(
        "TIMESTAMP_TZ(3)",
        zoned("2024-01-01 05:00:00.5", 300),
        zoned("2024-01-01 00:00:00.5", 0),
        zoned("1969-12-31 12:00:00", -720),
    ),
    "tz_ns": keyed(
        "TIMESTAMP_TZ(9)",
        zoned("2024-01-01 05:00:00.000000001", 345),
        zoned("1969-12-31 23:59:59.999999999", 840),
        timestamp_unit="ns",
    ),
    "tz_in_us": keyed(
        "TIMESTAMP_TZ(9)", zoned("2024-01-01 05:00:00.000001", 345), zoned("1969-12-31", 840)
    ),
    "binary": keyed("BINARY", b"", b"\x00", b"\x00\xff", b"\xab\xcd", b"ab"),
    "variant": keyed(
        "VARIANT", "{}", "[]", '{"a":[1,null],"b":"x"}', '"text"', "1", "1.5", "true", "null", '""'
    ),
    "nul": keyed("VARCHAR", "\x00", "a\x00b", "a"),
    "decfloat": keyed("DECFLOAT", "1.5", "-2"),  # as text: no file format has such numbers
    "vector": keyed("VECTOR(FLOAT, 3)", "[1.5,2.0,-3.25]", "[0.0,0.0,1.0]"),
    "array": keyed("ARRAY", "[]", "[1,2]", '["a",null]'),
    "object": keyed("OBJECT", "{}", '{"a":1,"b":{"c":[]}}'),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys(parity: Bench, name: str) -> None:
    formats = ("parquet", "ndjson", "csv", "json")
    check(parity, KEYS[name], formats[list(KEYS).index(name) % 4])


# An element of an ARRAY that is NULL, which Snowflake prints as `undefined`.
UNDEFINED = {
    "first, last, several": ("ARRAY_CONSTRUCT(NULL, 1, NULL, NULL)", [None, 1, None, None]),
    "only": ("ARRAY_CONSTRUCT(NULL)", [None]),
    "nested": (
        "ARRAY_CONSTRUCT(OBJECT_CONSTRUCT('k', ARRAY_CONSTRUCT(NULL, TRUE)), NULL)",
        [{"k": [None, True]}, None],
    ),
    "in texts": (
        """ARRAY_CONSTRUCT(NULL, '[undefined,', 'a"undefined', 'undefined', '\\\\', NULL, ',')""",
        [None, "[undefined,", 'a"undefined', "undefined", "\\", None, ","],
    ),
    "in texts only": (
        """ARRAY_CONSTRUCT('undefined"', '\\\\undefined')""",
        ['undefined"', "\\undefined"],
    ),
    "in a name": ("OBJECT_CONSTRUCT('undefined', ARRAY_CONSTRUCT(NULL))", {"undefined": [None]}),
}


@pytest.mark.parametrize(("sql", "meant"), UNDEFINED.values(), ids=UNDEFINED)
def test_undefined_is_null_in_a_key(parity: Bench, sql: str, meant: object) -> None:
    column = SourceColumn("V", ColumnType.parse("ARRAY"))
    assert json.loads(text(parity, key(column), sql)) == meant


def test_snowflake_prints_undefined(parity: Bench) -> None:
    assert text(parity, "TO_JSON(V)", UNDEFINED["only"][0]) == "[undefined]"
    assert text(parity, "V", "ARRAY_CONSTRUCT(12, NULL)") == "[\n  12,\n  undefined\n]"


def text(parity: Bench, expression: str, sql: str) -> str:
    statement = Statement(f"SELECT {expression} AS T FROM (SELECT {sql} AS V)")
    (row,) = read_rows(run(parity.connection, statement, parity.cancel))
    return str(next(iter(row.values())))


@pytest.mark.adversity
@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_a_collation_that_ignores_case_keeps_them_apart(sandbox: Sandbox, engine: str) -> None:
    rows = ("('2024-01-05', 'a', 1)", "('2024-01-06', 'A', 2)", "('2024-01-07', 'a', 4)")
    table = make_table(sandbox, "D DATE, C VARCHAR(9) COLLATE 'en-ci', N NUMBER(5,0)", *rows)
    way = {"storage_integration": "SANDBOX_S3"} if engine == "unload" else {}
    found = delivered(sandbox, transfer(sandbox, table, engine=engine, verify=True, **way))
    assert [(row["C"], row["N"]) for row in found.to_pylist()] == [("A", 2), ("a", 5)]
