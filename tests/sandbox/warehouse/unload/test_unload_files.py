"""COPY INTO <location>: what is in the files, by format, type and option."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.sandbox.warehouse.unload.unloads import PARQUET, PLAIN_CSV, Unloads, rows_of


def test_a_single_parquet_file_holds_the_rows_in_order_and_in_their_types(unloads: Unloads) -> None:
    query = """
        SELECT column1::NUMBER(38,0) AS N, (column1 / 8)::NUMBER(12,3) AS "d d",
          column1::FLOAT AS F, column2 AS T, '2024-02-29'::DATE AS DT,
          '2024-02-29 01:02:03.123456'::TIMESTAMP_NTZ AS TS,
          '01:02:03.5'::TIME AS TI, TO_BINARY('00FF', 'HEX') AS B, column1 > 1 AS L,
          PARSE_JSON('{"a":[1]}') AS V
        FROM VALUES (1, 'x'), (3, NULL), (2, '') ORDER BY 1 DESC"""
    unloads.run("ALTER SESSION SET ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION = FALSE")
    (row,) = unloads.copy("a/b.parquet", query, PARQUET)
    unloads.run("ALTER SESSION UNSET ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION")
    size = len(unloads.read("a/b.parquet"))
    assert row == (3, size, size)
    table = unloads.parquet("a/b.parquet")
    assert table.to_pylist()[0] == {
        "N": 3,
        "d d": Decimal("0.375"),
        "F": 3.0,
        "T": None,
        "DT": date(2024, 2, 29),
        "TS": datetime(2024, 2, 29, 1, 2, 3, 123000, UTC),  # milliseconds: what Snowflake writes
        "TI": time(1, 2, 3, 500000),
        "B": b"\x00\xff",
        "L": True,
        "V": '{"a":[1]}',
    }
    assert table["N"].to_pylist() == [3, 2, 1]
    assert table["T"].to_pylist() == [None, "", "x"]
    assert table.schema.field("N").type == pa.decimal128(38, 0)
    assert table.schema.field("d d").type == pa.decimal128(12, 3)


def test_parquet_decimals_fit_the_values_unless_told_otherwise(unloads: Unloads) -> None:
    query = "SELECT 12.50::NUMBER(38,2) AS A, NULL::NUMBER(38,4) AS B"
    unloads.copy("fitted", query, "FILE_FORMAT = (TYPE = PARQUET) SINGLE = TRUE")
    schema = unloads.parquet("fitted").schema
    assert schema.names == ["_COL_0", "_COL_1"]
    assert schema.types == [pa.decimal128(4, 2), pa.decimal128(4, 4)]


@pytest.mark.parametrize("kind", ["TIMESTAMP_TZ", "TIMESTAMP_LTZ"])
def test_parquet_takes_no_zoned_timestamps(unloads: Unloads, kind: str) -> None:
    query = f"SELECT CURRENT_TIMESTAMP()::{kind} AS T"
    sql = unloads.statement("x", query, PARQUET)
    unloads.refuses(sql, 100171, f"not supported for unloading to Parquet. value get: {kind}")


def test_parquet_has_arrays_as_lists_of_json_texts(unloads: Unloads) -> None:
    query = """SELECT PARSE_JSON('[1,"é",{"a":null}]')::ARRAY AS A, NULL::ARRAY AS N,
        PARSE_JSON('[]')::ARRAY AS E"""
    unloads.copy("x", query, PARQUET)
    assert unloads.parquet("x").to_pylist() == [
        {"A": ["1", '"é"', '{"a":null}'], "N": None, "E": []}
    ]


@pytest.mark.parametrize(
    ("options", "record"),
    [
        ("NULL_IF = ('null') FIELD_OPTIONALLY_ENCLOSED_BY = '0x27'", "1,'it''s','null','',null\n"),
        ("NULL_IF = () FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", '1,"it\'s",,"",\n'),
        ("FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", '1,"it\'s",\\N,"",\\N\n'),
        ("NULL_IF = ('null') EMPTY_FIELD_AS_NULL = FALSE", "1,it's,null,,null\n"),
        ("EMPTY_FIELD_AS_NULL = FALSE FIELD_DELIMITER = '\\t' RECORD_DELIMITER = '\\r\\n'",
         "1\tit's\t\\N\t\t\\N\r\n"),
    ],
)  # fmt: skip
def test_csv_tells_null_from_empty_text_as_its_options_say(
    unloads: Unloads, options: str, record: str
) -> None:
    query = "SELECT 1, 'it''s', NULL::VARCHAR, '', NULL::NUMBER"
    unloads.copy("x", query, f"FILE_FORMAT = ({PLAIN_CSV} {options}) SINGLE = TRUE")
    assert unloads.text("x") == record


def test_csv_refuses_empty_text_that_nothing_would_tell_from_null(unloads: Unloads) -> None:
    sql = unloads.statement("x", "SELECT ''", "SINGLE = TRUE")
    unloads.refuses(sql, 100093, "Cannot unload empty string without file format option")


def test_csv_escapes_what_has_a_meaning_in_it(unloads: Unloads) -> None:
    query = r"SELECT 'a,b\\c' || CHR(10) || 'd\"e' AS T"
    unloads.copy("plain", query, f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE")
    assert unloads.text("plain") == 'a\\,b\\\\c\\\nd"e\n'
    quotes = "FIELD_OPTIONALLY_ENCLOSED_BY = '\"'"
    unloads.copy("q", query, f"FILE_FORMAT = ({PLAIN_CSV} {quotes}) SINGLE = TRUE HEADER = TRUE")
    assert unloads.text("q") == '"T"\n"a,b\\c\nd""e"\n'
    unloads.copy("e", query, rf"FILE_FORMAT = ({PLAIN_CSV} {quotes} ESCAPE = '\\') SINGLE = TRUE")
    assert unloads.text("e") == '"a,b\\\\c\nd\\"e"\n'


def test_one_text_column_can_be_written_as_it_is(unloads: Unloads) -> None:
    lines = ['{"a":"x,\\"y\\" \\\\ é"}', "{}"]
    literals = ", ".join("($$" + line + "$$)" for line in lines)
    as_it_is = (
        "FIELD_DELIMITER = NONE FIELD_OPTIONALLY_ENCLOSED_BY = NONE ESCAPE_UNENCLOSED_FIELD = NONE"
    )
    options = f"FILE_FORMAT = ({PLAIN_CSV} {as_it_is}) SINGLE = TRUE"
    unloads.copy("x.ndjson", f"SELECT column1 FROM VALUES {literals}", options)
    assert unloads.text("x.ndjson") == "".join(f"{line}\n" for line in lines)


def test_text_formats_write_values_by_the_session_and_the_file_format(unloads: Unloads) -> None:
    query = """SELECT 3.141592653589793::FLOAT, 123456789.987654321::FLOAT, 'NaN'::FLOAT,
        1.10::NUMBER(9,2), TRUE, '2024-02-29'::DATE, TO_BINARY('AB', 'HEX'),
        '2024-02-29 01:02:03.4567'::TIMESTAMP_NTZ, '01:02:03.5'::TIME"""
    unloads.copy("a", query, f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE")
    assert unloads.text("a").startswith(
        "3.141592654,123456789.987654,NaN,1.10,true,2024-02-29,AB,2024-02-29 01:02:03.456,"
    )
    formats = (
        "DATE_FORMAT = 'DD.MM.YYYY' TIMESTAMP_FORMAT = 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6'"
        " TIME_FORMAT = 'HH24:MI:SS.FF3' BINARY_FORMAT = BASE64"
    )
    unloads.copy("b", query, f"FILE_FORMAT = ({PLAIN_CSV} {formats}) SINGLE = TRUE")
    assert unloads.text("b").endswith("29.02.2024,qw==,2024-02-29T01:02:03.456700,01:02:03.500\n")


def test_json_is_a_line_for_each_value_of_the_one_column(unloads: Unloads) -> None:
    query = rows_of(2, "OBJECT_CONSTRUCT('n', SEQ4(), 'f', 3.141592653589793::FLOAT) AS O")
    unloads.copy("j/", query, "FILE_FORMAT = (TYPE = JSON)")
    lines = gzip.decompress(unloads.read("j/data_0_0_0.json.gz")).splitlines()
    assert [json.loads(line) for line in lines] == [{"n": n, "f": 3.141592654} for n in range(2)]


def test_json_takes_no_other_column(unloads: Unloads) -> None:
    sql = unloads.statement("x", "SELECT 1 AS A", "FILE_FORMAT = (TYPE = JSON)")
    unloads.refuses(sql, 2019, "one and only one column of type variant, object, or array")
