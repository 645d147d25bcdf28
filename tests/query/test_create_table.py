"""The CREATE TABLE of each dialect: parsed by a parser of that dialect, and run where one runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from core.aggregation.arrow_types import delivered_schema
from core.errors import UsageError
from core.output import Format, open_writer
from core.planning.delivered import describe_columns
from core.planning.names import TableName
from core.query.create_table import DeliveredFile, create_table
from core.query.dialects import DIALECTS
from core.remedy import Remedy
from tests.support.golden import compare_golden
from tests.support.sources import plan

COLUMNS = {
    "ORDER": "DATE",
    "AMT": "NUMBER(12,2)",
    "F": "FLOAT",
    "NO": "NUMBER(9,0)",
    "WIDE": "NUMBER(30,4)",
    "Note": "VARCHAR",
    "OK": "BOOLEAN",
    "TS": "TIMESTAMP_NTZ(9)",
    "MOMENT": "TIMESTAMP_TZ(3)",
    "RAW": "BINARY",
}
TIMED = {**COLUMNS, "CLOCK": "TIME(9)"}
OPTIONS: dict[str, Any] = {
    "date_column": "ORDER",
    "sum_columns": "AMT,F",
    "key_columns": "NO,WIDE,Note,OK,TS,MOMENT,RAW,CLOCK",
}
SOURCE = TableName("SALES", "PUBLIC", "ORDERS 24")
HOLD_TIME = {"snowflake", "postgres", "bigquery"}  # in a table that parquet is loaded into


def made(dialect: str, form: str, columns: dict[str, str] = TIMED, **options: Any) -> str:
    keys = [name for name in OPTIONS["key_columns"].split(",") if name in columns]
    planned = plan(columns, **{**OPTIONS, "key_columns": keys, **options})
    file = DeliveredFile(f"s3://partner-inbox/it's/orders.{form}", form)
    return create_table(dialect, describe_columns(planned), SOURCE, file)


@pytest.mark.parametrize("form", ["parquet", "csv", "ndjson"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_parser_of_the_dialect_reads_it(dialect: str, form: str) -> None:
    timed = form != "parquet" or dialect in HOLD_TIME
    text = made(dialect, form, TIMED if timed else COLUMNS)
    (created,) = sqlglot.parse(text, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(created, exp.Create)
    columns = list(created.find_all(exp.ColumnDef))
    assert [column.name.upper() for column in columns] == [n.upper() for n in TIMED][: 10 + timed]
    assert all(column.kind for column in columns)
    compare_golden(f"ddl/{dialect}_{form}.sql", text + "\n")


def test_duckdb_loads_the_file_into_the_table_of_postgres(tmp_path: Path) -> None:
    planned = plan(TIMED, **OPTIONS)
    path = tmp_path / "orders.csv"
    with open_writer(path, Format.CSV, delivered_schema(planned)) as writer:
        writer.write(duckdb.sql(_ROWS).pl())
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(made("postgres", "csv"))
        engine.execute(f"COPY orders_24 FROM '{path}' (FORMAT csv, HEADER)")
        (row,) = engine.execute("SELECT columns(*)::VARCHAR FROM orders_24").fetchall()
        described = engine.execute("DESCRIBE orders_24").fetchall()
    assert [each[1] for each in described] == [
        *("DATE", "DECIMAL(38,2)", "DOUBLE", "BIGINT", "DECIMAL(38,4)", "VARCHAR", "BOOLEAN"),
        *("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "TIME"),
    ]
    assert row == (
        *("2024-01-01", "1.10", "0.5", "7", "1.2500", 'a,"b', "true"),
        *("2024-01-31 23:59:59.000001", "2024-01-31 23:59:59.5+00", "00FF", "01:02:03.000004"),
    )


_ROWS = """SELECT DATE '2024-01-01' AS "ORDER", 1.10::DECIMAL(38,2) AS "AMT", 0.5::DOUBLE AS "F",
    7::BIGINT AS "NO", 1.25::DECIMAL(38,4) AS "WIDE", 'a,"b' AS "Note", TRUE AS "OK",
    TIMESTAMP '2024-01-31 23:59:59.000001' AS "TS",
    TIMESTAMPTZ '2024-01-31 23:59:59.5+00' AS "MOMENT",
    '\\x00\\xFF'::BLOB AS "RAW", TIME '01:02:03.000004' AS "CLOCK" """


@pytest.mark.parametrize("dialect", ["snowflake", "postgres"])
def test_names_that_differ_by_case_stay_apart(dialect: str) -> None:
    text = made(
        dialect, "csv", {**COLUMNS, "Größe": "FLOAT", "größe": "FLOAT"}, sum_columns="Größe,größe"
    )
    assert '"Größe"' in text
    assert '"größe"' in text


class TestRefusals:
    @pytest.mark.parametrize(
        ("dialect", "form", "columns", "options", "message", "remedy"),
        [
            ("athena", "parquet", TIMED, {}, r"does not load TIME\(6\)", Remedy("format", "csv")),
            ("spark", "parquet", TIMED, {}, "column CLOCK is", Remedy("drop_columns", "CLOCK")),
            ("redshift", "csv", COLUMNS, {"timestamp_unit": "ns"}, "has no nanoseconds",
             Remedy("timestamp_unit", "us")),
            ("athena", "json", COLUMNS, {}, "does not read json", Remedy("format", "parquet")),
            ("spark", "csv", COLUMNS, {"rename": {"NO": "no."}}, "", None),
            ("athena", "csv", COLUMNS, {"rename": {"NO": "no."}}, "refuses the column name 'no.'",
             Remedy("rename")),
            ("spark", "csv", COLUMNS, {"rename": {"NO": "a b"}}, "refuses", Remedy("rename")),
            ("bigquery", "csv", COLUMNS, {"rename": {"NO": "a*b"}}, "refuses", Remedy("rename")),
            ("postgres", "csv", COLUMNS, {"rename": {"NO": "é" * 32}}, "more than 63 bytes",
             Remedy("rename")),
            ("redshift", "csv", COLUMNS, {"rename": {"NO": "note"}}, "note and Note for one column",
             Remedy("rename")),
            ("oracle", "csv", COLUMNS, {}, "no dialect 'oracle'", None),
        ],
    )  # fmt: skip
    def test_with_what_helps(
        self,
        dialect: str,
        form: str,
        columns: dict[str, str],
        options: dict[str, Any],
        message: str,
        remedy: Remedy | None,
    ) -> None:
        if not message:
            assert "`no.`" in made(dialect, form, columns, **options)
            return
        with pytest.raises(UsageError, match=message) as caught:
            made(dialect, form, columns, **options)
        assert remedy is None or remedy in caught.value.remedies


def test_snowflake_has_nanoseconds() -> None:
    assert "(9)" in made("snowflake", "csv", COLUMNS, timestamp_unit="ns")
    assert "(9)" not in made("snowflake", "csv", COLUMNS)


def test_a_name_cannot_end_a_comment() -> None:
    source = TableName("DB", "S", "t\n; DROP TABLE x; --")
    columns = describe_columns(plan(COLUMNS, **{**OPTIONS, "key_columns": "none"}))
    text = create_table("postgres", columns, source, DeliveredFile("s3://b/a\n.csv", "csv"))
    (created,) = sqlglot.parse(text, dialect="postgres")
    assert isinstance(created, exp.Create)
