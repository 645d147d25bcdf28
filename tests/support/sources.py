"""Sources and plans for tests, written as one writes a table."""

from __future__ import annotations

from typing import Any

from core.planning.names import TableName
from core.planning.plan import Plan, Sample, make_plan
from core.planning.source import ColumnType, Source, SourceColumn
from core.request.request import Request

ORDERS = {
    "O_ORDERKEY": "NUMBER(38,0) NOT NULL",
    "O_ORDERSTATUS": "VARCHAR(1)",
    "O_TOTALPRICE": "NUMBER(12,2)",
    "O_ORDERDATE": "DATE",
}
EVERY_TYPE = {
    "day": "DATE",
    "n": "NUMBER(10,0)",
    "big": "NUMBER(38,0)",
    "money": "NUMBER(12,2)",
    "f": "FLOAT",
    "df": "DECFLOAT",
    "txt": "VARCHAR(16777216)",
    "ok": "BOOLEAN",
    "t": "TIME(9)",
    "ntz3": "TIMESTAMP_NTZ(3)",
    "ntz9": "TIMESTAMP_NTZ(9)",
    "ltz": "TIMESTAMP_LTZ(6)",
    "tz": "TIMESTAMP_TZ(9)",
    "bin": "BINARY(8388608)",
    "v": "VARIANT",
    "o": "OBJECT",
    "a": "ARRAY",
    "vec": "VECTOR(FLOAT, 3)",
    "geo": "GEOGRAPHY",
    'odd "one"': "INTERVAL YEAR TO MONTH",
}
# Names that would change a statement if they were not quoted.
HOSTILE = {'d"; DROP TABLE x --': "DATE", "it's": "VARCHAR(9)", "ünï.cödé [/b]": "FLOAT"}


def source(columns: dict[str, str], name: str = "T", **options: Any) -> Source:
    """A source of `columns`: name to type, with NOT NULL where it is."""
    described = tuple(
        SourceColumn(column, ColumnType.parse(text), "NOT NULL" not in text)
        for column, text in columns.items()
    )
    return Source(TableName("DB", "S", name), described, **options)


def plan(columns: dict[str, str], sample: Sample | None = None, **options: Any) -> Plan:
    """The plan of a table with the request's `options`."""
    return make_plan(source(columns), sample or {}, request(**options))


def request(**options: Any) -> Request:
    """A request with a table and a bucket."""
    return Request.of(**{"table": "T", "bucket": "partner-inbox", **options})
