"""Types and functions, with the values and the types that Snowflake gives."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.sandbox.warehouse.engine.engine import EngineSession
from tests.sandbox.warehouse.queries import failing, one, rows, types

D = Decimal


@pytest.mark.parametrize(
    ("sql", "value", "type_"),
    [
        ("1", 1, ("FIXED", 1, 0)),
        ("-12.50", D("-12.50"), ("FIXED", 4, 2)),
        ("1e3", 1000.0, ("REAL",)),
        ("'abc'", "abc", ("TEXT", 3)),
        ("TRUE", True, ("BOOLEAN",)),
        ("NULL", None, ("TEXT", 16_777_216)),
        ("1 + 2.5", D("3.5"), ("FIXED", 3, 1)),
        ("1.25 * 1.5", D("1.875"), ("FIXED", 5, 3)),
        ("123456789012.34 * 98765432109.8", D("12193263113692168864434.932"), ("FIXED", 26, 3)),
        ("99999999999999 + 99999999999999", 199999999999998, ("FIXED", 15, 0)),
        ("1 / 3", D("0.333333"), ("FIXED", 7, 6)),
        ("2 / 3", D("0.666667"), ("FIXED", 7, 6)),
        ("-2 / 3", D("-0.666667"), ("FIXED", 7, 6)),
        ("10.0000000 / 4", D("2.500000000000"), ("FIXED", 14, 12)),
        ("7 % 3", 1, ("FIXED", 1, 0)),
        ("MOD(-7, 3)", -1, ("FIXED", 1, 0)),
        ("1::FLOAT / 4", 0.25, ("REAL",)),
        ("12.345::NUMBER(38,2)", D("12.35"), ("FIXED", 38, 2)),
        ("-12.345::NUMBER(10,2)", D("-12.35"), ("FIXED", 10, 2)),
        ("' 12.5 '::NUMBER(5,1)", D("12.5"), ("FIXED", 5, 1)),
        ("TRY_TO_NUMBER('1x')", None, ("FIXED", 38, 0)),
        ("TO_NUMBER('12.345', 10, 1)", D("12.3"), ("FIXED", 10, 1)),
        ("FLOOR(-1.5)", -2, ("FIXED", 2, 0)),
        ("CEIL(1.25, 1)", D("1.3"), ("FIXED", 3, 1)),
        ("ROUND(2.5)", 3, ("FIXED", 2, 0)),
        ("ROUND(-1.255, 2)", D("-1.26"), ("FIXED", 4, 2)),
        ("ROUND(1250, -2)", 1300, ("FIXED", 5, 0)),
        ("TRUNC(-1.29, 1)", D("-1.2"), ("FIXED", 3, 1)),
        ("ABS(-3)", 3, ("FIXED", 1, 0)),
        ("SIGN(-3)", -1, ("FIXED", 2, 0)),
        ("DIV0(1, 0)", D(0), ("FIXED", 7, 6)),
        ("ZEROIFNULL(NULL::NUMBER(5,2))", D("0.00"), ("FIXED", 5, 2)),
        ("GREATEST(1, 2.5)", D("2.5"), ("FIXED", 2, 1)),
        ("GREATEST(1, NULL)", None, ("FIXED", 1, 0)),
        ("IFF(1 > 2, 1, 2.5)", D("2.5"), ("FIXED", 2, 1)),
        ("NVL(NULL, 'a')", "a", ("TEXT", 1)),
        ("CASE 3 WHEN 1 THEN 'a' WHEN 3 THEN 'bcd' END", "bcd", ("TEXT", 3)),
        ("DECODE(NULL, 1, 'x', NULL, 'y', 'z')", "y", ("TEXT", 1)),
        ("NULLIF(1, 1)", None, ("FIXED", 1, 0)),
        ("1 IN (1.0, 2)", True, ("BOOLEAN",)),
        ("'1' = 1", True, ("BOOLEAN",)),
        ("'a' < 'B'", False, ("BOOLEAN",)),
        ("'a' LIKE 'A'", False, ("BOOLEAN",)),
        ("'a%c' LIKE 'a!%_' ESCAPE '!'", True, ("BOOLEAN",)),
        ("'Abc' ILIKE ANY ('x', 'a%')", True, ("BOOLEAN",)),
        ("2 BETWEEN 1 AND 2.5", True, ("BOOLEAN",)),
        ("EQUAL_NULL(NULL, NULL)", True, ("BOOLEAN",)),
        ("NULL IS NOT DISTINCT FROM 1", False, ("BOOLEAN",)),
        ("NOT 'no'::BOOLEAN", True, ("BOOLEAN",)),
    ],
)
def test_numbers_and_conditions(
    session: EngineSession, sql: str, value: object, type_: tuple[Any, ...]
) -> None:
    assert one(session, f"SELECT {sql}") == value
    assert types(session, f"SELECT {sql}") == [type_]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("TRIM('  a ')", "a"),
        ("TRIM('\t a')", "\t a"),
        ("TRIM('\t a \n', ' \t\n')", "a"),
        ("LTRIM('xxa', 'x')", "a"),
        ("TRIM('\u2003é\u3000', ' \u2003\u3000')", "é"),
        ("TRIM('é ', ' ') || '|'", "é|"),
        ("LTRIM(' a ') || '|'", "a |"),
        ("LTRIM('a ') || '|'", "a |"),
        ("RTRIM(' a ') || '|'", " a|"),
        ("RTRIM(' a') || '|'", " a|"),
        ("TRIM('a ' || ' b ')", "a  b"),
        ("TRIM(' ')", ""),
        ("TRIM('')", ""),
        ("TRIM(NULL)", None),
        ("LENGTH('größe')", 5),
        ("LENGTH(TO_BINARY('00ff'))", 2),
        ("LEFT('größe', 2)", "gr"),
        ("RIGHT('größe', 2)", "ße"),
        ("SUBSTR('abcdef', 2, 3)", "bcd"),
        ("'a' || 1 || TRUE", "a1true"),
        ("CONCAT('a', NULL)", None),
        ("REPLACE('aba', 'a')", "b"),
        ("LPAD('7', 3, '0')", "007"),
        ("SPLIT_PART('a.b.c', '.', -1)", "c"),
        ("POSITION('b' IN 'abc')", 2),
        ("CHARINDEX('c', 'abc')", 3),
        ("REGEXP_LIKE('abc', 'a.c')", True),
        ("REGEXP_LIKE('abcd', 'a.c')", False),
        ("REGEXP_LIKE('ABC', 'a.c', 'i')", True),
        ("REGEXP_LIKE('(7', '\\\\(?[0-9]|[(?]')", True),
        ("REGEXP_REPLACE('a1b22', '[0-9]+', '#')", "a#b#"),
        ("REGEXP_REPLACE('a1b22', '[0-9]+', '#', 1, 1)", "a#b22"),
        ("REGEXP_REPLACE('A1', '^([a-z])([0-9])$', '\\\\2-\\\\1', 1, 1, 'i')", "1-A"),
        ("HEX_ENCODE('é')", "C3A9"),
        ("TO_VARCHAR(TO_BINARY('00FF'))", "00FF"),
        ("X'00ff'", b"\x00\xff"),
        ("12.50::VARCHAR", "12.50"),
        ("'-0.5'::NUMBER(1,1)::VARCHAR", "-0.5"),
        ("'0'::NUMBER(37,37)::VARCHAR", "0." + "0" * 37),
        ("'0.5'::NUMBER(2,2)::VARIANT", "0.5"),
        ("1::FLOAT::VARCHAR", "1"),
        ("1.5e0::VARCHAR", "1.5"),
        ("'NaN'::FLOAT::VARCHAR", "NaN"),
        ("'abcd'::VARCHAR(2)", "ab"),
        ("'2024-01-05'::DATE::VARCHAR", "2024-01-05"),
        ("CONTAINS('abc', 'b') AND STARTSWITH('abc', 'a') AND ENDSWITH('abc', 'c')", True),
        ("'it''s' || $$ raw 'text'$$", "it's raw 'text'"),
        (r"'a\tb'", "a\tb"),
    ],
)
def test_text(session: EngineSession, sql: str, value: object) -> None:
    assert one(session, f"SELECT {sql}") == value


def test_floats(session: EngineSession) -> None:
    assert math.isnan(one(session, "SELECT 'NaN'::FLOAT"))
    assert one(session, "SELECT 'NaN'::FLOAT = 'NaN'::FLOAT, 'NaN'::FLOAT > 'inf'::FLOAT") == (
        True,
        True,
    )
    sql = "SELECT COUNT(*) FROM VALUES ('NaN'::FLOAT), ('NaN'::FLOAT) GROUP BY COLUMN1"
    assert rows(session, sql) == [(2,)]


def test_sums_are_exact_and_overflow_is_an_error(session: EngineSession) -> None:
    big = "9" * 36 + ".99"
    sql = f"SELECT SUM(COLUMN1) FROM VALUES ({big}), (0.01), (NULL)"
    assert one(session, f"SELECT SUM(COLUMN1) FROM VALUES ({big}), (-0.01), (NULL)") == D(
        "9" * 36 + ".98"
    )
    with failing(100058, "Value overflow in a SUM aggregate"):
        rows(session, sql)
    assert types(session, "SELECT SUM(1.25), COUNT(*), AVG(1), SUM(1::FLOAT)") == [
        ("FIXED", 15, 2),
        ("FIXED", 18, 0),
        ("FIXED", 38, 6),
        ("REAL",),
    ]
    assert one(session, "SELECT SUM(COLUMN1), AVG(COLUMN1) FROM VALUES (NULL::NUMBER)") == (
        None,
        None,
    )
    assert one(session, "SELECT AVG(COLUMN1) FROM VALUES (1), (2), (2)") == D("1.666667")


def test_aggregates(session: EngineSession) -> None:
    sql = """SELECT COUNT(x), COUNT(DISTINCT x), COUNT(DISTINCT x, y), COUNT_IF(x = 1), MIN(x),
                    MAX(y), APPROX_COUNT_DISTINCT(x),
                    LISTAGG(y, ',') WITHIN GROUP (ORDER BY y DESC), MAX_BY(y, x), ANY_VALUE(1),
                    BOOLOR_AGG(x = 2), MEDIAN(x)
             FROM VALUES (1, 'a'), (1, 'b'), (2, 'c'), (NULL, NULL) AS v(x, y)"""
    assert one(session, sql) == (3, 2, 3, 2, 1, "c", 2, "c,b,a", "c", 1, True, D("1.000"))


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("""PARSE_JSON('{"a": [1, {"b": null}]}'):a[1]:b""", "null"),
        ("""PARSE_JSON('{"a": {"B": "x"}}'):a.B::VARCHAR""", "x"),
        ("""PARSE_JSON('{"a": {"B": "x"}}')['a']['B']::VARCHAR""", "x"),
        ("""PARSE_JSON('{"a": 1.5}'):a::NUMBER(5,2)""", D("1.50")),
        ("""PARSE_JSON('{"a": 1}'):zzz""", None),
        ("PARSE_JSON('null')::VARCHAR", None),
        ("IS_NULL_VALUE(PARSE_JSON('null'))", True),
        ("IS_NULL_VALUE(PARSE_JSON('[]'))", False),
        ("IS_NULL_VALUE(PARSE_JSON(NULL))", None),
        ("PARSE_JSON('  ')", None),
        ("TRY_PARSE_JSON('{')", None),
        ("TO_JSON(PARSE_JSON('{ \"a\" : [ 1 , 2 ] }'))", '{"a":[1,2]}'),
        ("TO_JSON('it'::VARIANT)", '"it"'),
        ("TYPEOF(PARSE_JSON('1'))", "INTEGER"),
        ("TYPEOF(PARSE_JSON('1.5'))", "DECIMAL"),
        ("TYPEOF(PARSE_JSON('1.912e2'))", "DOUBLE"),
        (
            "TO_JSON(PARSE_JSON('[1.912e2, 123.12, \"1e2\"]'))",
            '[1.912000000000000e+02,123.12,"1e2"]',
        ),
        ("TO_JSON(TO_VARIANT(0.1::FLOAT))", "1.000000000000000e-01"),
        ("PARSE_JSON('1.912e2')::NUMBER(9, 1)", D("191.2")),
        ("TYPEOF(PARSE_JSON('\"x\"'))", "VARCHAR"),
        ("TYPEOF(PARSE_JSON('null'))", "NULL_VALUE"),
        ("OBJECT_CONSTRUCT('a', 1, 'b', NULL)", '{"a":1}'),
        (
            """PARSE_JSON('{"b":[{"z":1,"y":{}}],"a":12345678901234567890123,"B":null}')::VARCHAR""",
            '{"B":null,"a":12345678901234567890123,"b":[{"y":{},"z":1}]}',
        ),
        ("TO_JSON({'b': {'d': 1, 'c': 2}, 'a': 'x'})", '{"a":"x","b":{"c":2,"d":1}}'),
        ("OBJECT_CONSTRUCT(LOWER('B'), 1, LOWER('A'), 2)", '{"a":2,"b":1}'),
        ("TO_JSON(ARRAY_CONSTRUCT(1, 'x', NULL))", '[1,"x",undefined]'),
        ("ARRAY_CONSTRUCT(1, NULL)::VARCHAR", "[1,undefined]"),
        ("ARRAY_CONSTRUCT(1, NULL)[1] IS NULL", True),
        ("ARRAY_CONSTRUCT(PARSE_JSON('null'))[0] IS NULL", False),
        ("TO_JSON([1, NULL])", "[1,undefined]"),
        ("ARRAY_SIZE(ARRAY_CONSTRUCT(1, 2))", 2),
        ("[1, 2][1]::NUMBER", 2),
        ("'2024-01-05'::VARIANT::DATE", date(2024, 1, 5)),
    ],
)
def test_semi_structured(session: EngineSession, sql: str, value: object) -> None:
    assert one(session, f"SELECT {sql}") == value


def test_variant_types(session: EngineSession) -> None:
    sql = "SELECT PARSE_JSON('1'), OBJECT_CONSTRUCT('a', 1), [1], TO_JSON(PARSE_JSON('1'))"
    assert types(session, sql) == [("VARIANT",), ("OBJECT",), ("ARRAY",), ("TEXT", 16_777_216)]


def test_context_functions(session: EngineSession) -> None:
    sql = "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_ROLE(), CURRENT_WAREHOUSE()"
    assert one(session, sql) == ("DEMO", "PUBLIC", "SYSADMIN", "COMPUTE_WH")
    assert one(session, "SELECT CURRENT_TIMESTAMP > '2020-01-01'::TIMESTAMP_LTZ") is True
    assert one(session, "SELECT CURRENT_DATE() = CURRENT_TIMESTAMP()::DATE") is True
    assert one(session, "SELECT CURRENT_VERSION() IS NOT NULL, CURRENT_ACCOUNT() <> ''") == (
        True,
        True,
    )
