"""The dialects of SQL in which a CREATE TABLE is written for the reader of a delivery.

Each has the types in which it holds what is delivered, its rules for names, and how it loads a
file. Sources, by dialect:

- redshift: docs.aws.amazon.com/redshift, "Data types", "Names and identifiers", "COPY from columnar
  data formats", "Loading a column of the VARBYTE data type";
- athena: docs.aws.amazon.com/athena, "Data types", "Name databases, tables, and columns", "Open CSV
  SerDe", "OpenX JSON SerDe";
- spark: spark.apache.org/docs, "Data Types", "CSV Files", "JSON Files";
- snowflake: docs.snowflake.com, "Summary of data types", "Identifier requirements", "COPY INTO
  <table>";
- postgres: postgresql.org/docs, "Data Types", "Lexical Structure", "COPY";
- bigquery: cloud.google.com/bigquery/docs, "Data types", "Specifying a schema" (column names),
  "Loading Parquet data", "Loading CSV data".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from core.planning.delivered import Kind

DialectName = Literal["redshift", "athena", "spark", "snowflake", "postgres", "bigquery"]
DIALECTS: Final[tuple[DialectName, ...]] = get_args(DialectName)
_SIMPLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Dialect:
    """A dialect.

    Attributes:
        title: the name of the system.
        types: the type of each kind, with {precision} and {scale}; a kind without one cannot be
            held in parquet.
        texts: the types of kinds that differ in text formats.
        mark: the quotation mark of names, which is doubled within them.
        fold: gives a simple name the case that the system gives names without quotation marks.
        longest: the most bytes of a name.
        refused: characters that a column's name cannot have.
        one_case: whether names that differ only by case are the same.
        nanoseconds: whether its times have nanoseconds.
    """

    title: str
    types: Mapping[Kind, str]
    mark: str
    fold: Callable[[str], str]
    longest: int
    refused: str = ""
    one_case: bool = True
    nanoseconds: bool = False
    texts: Mapping[Kind, str] = field(default_factory=dict)

    def quote(self, name: str) -> str:
        """Return a name in quotation marks, in the case that it has without them if it is simple.

        So a reader may write it without quotation marks, unless it is a reserved word.
        """
        if _SIMPLE.fullmatch(name):
            name = self.fold(name)
        return f"{self.mark}{name.replace(self.mark, self.mark * 2)}{self.mark}"


_DATE_TO_BOOLEAN: Final = {Kind.DATE: "DATE", Kind.BOOLEAN: "BOOLEAN", Kind.INTEGER: "BIGINT"}
_DECIMAL: Final = "DECIMAL({precision},{scale})"

WRITTEN: Final[Mapping[DialectName, Dialect]] = {
    "redshift": Dialect(
        title="Amazon Redshift",
        types={
            **_DATE_TO_BOOLEAN,
            Kind.DECIMAL: _DECIMAL,
            Kind.FLOAT: "DOUBLE PRECISION",
            Kind.TEXT: "VARCHAR(65535)",
            Kind.BINARY: "VARBYTE(1024000)",
            Kind.TIMESTAMP: "TIMESTAMP",
            Kind.INSTANT: "TIMESTAMPTZ",
        },
        texts={Kind.TIME: "TIME"},  # COPY from parquet documents no TIME
        mark='"',
        fold=str.lower,
        longest=127,
    ),
    "athena": Dialect(
        title="Amazon Athena",
        types={
            Kind.DATE: "date",
            Kind.BOOLEAN: "boolean",
            Kind.INTEGER: "bigint",
            Kind.DECIMAL: "decimal({precision},{scale})",
            Kind.FLOAT: "double",
            Kind.TEXT: "string",
            Kind.BINARY: "binary",
            Kind.TIMESTAMP: "timestamp",
            Kind.INSTANT: "timestamp",
        },
        # ISO 8601 is not the form in which its readers of text expect a timestamp, nor is
        # hexadecimal that of binary.
        texts=dict.fromkeys((Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT, Kind.BINARY), "string"),
        mark="`",
        fold=str.lower,
        longest=255,
        refused=r"[^A-Za-z0-9_]",
    ),
    "spark": Dialect(
        title="Apache Spark",
        types={
            **_DATE_TO_BOOLEAN,
            Kind.DECIMAL: _DECIMAL,
            Kind.FLOAT: "DOUBLE",
            Kind.TEXT: "STRING",
            Kind.BINARY: "BINARY",
            Kind.TIMESTAMP: "TIMESTAMP_NTZ",
            Kind.INSTANT: "TIMESTAMP",
        },
        texts=dict.fromkeys((Kind.TIME, Kind.BINARY), "STRING"),
        mark="`",
        fold=str,
        longest=10_000,
        refused=r"[ ,;{}()\n\t=]",
    ),
    "snowflake": Dialect(
        title="Snowflake",
        types={
            Kind.DATE: "DATE",
            Kind.BOOLEAN: "BOOLEAN",
            Kind.INTEGER: "NUMBER(18,0)",
            Kind.DECIMAL: "NUMBER({precision},{scale})",
            Kind.FLOAT: "FLOAT",
            Kind.TEXT: "VARCHAR",
            Kind.BINARY: "BINARY",
            Kind.TIME: "TIME({scale})",
            Kind.TIMESTAMP: "TIMESTAMP_NTZ({scale})",
            Kind.INSTANT: "TIMESTAMP_LTZ({scale})",
        },
        mark='"',
        fold=str.upper,
        longest=255,
        one_case=False,
        nanoseconds=True,
    ),
    "postgres": Dialect(
        title="PostgreSQL",
        types={
            Kind.DATE: "date",
            Kind.BOOLEAN: "boolean",
            Kind.INTEGER: "bigint",
            Kind.DECIMAL: "numeric({precision},{scale})",
            Kind.FLOAT: "double precision",
            Kind.TEXT: "text",
            Kind.BINARY: "bytea",
            Kind.TIME: "time",
            Kind.TIMESTAMP: "timestamp",
            Kind.INSTANT: "timestamptz",
        },
        texts={Kind.BINARY: "text"},  # COPY would take hexadecimal digits for bytes
        mark='"',
        fold=str.lower,
        longest=63,
        one_case=False,
    ),
    "bigquery": Dialect(
        title="Google BigQuery",
        types={
            Kind.DATE: "DATE",
            Kind.BOOLEAN: "BOOL",
            Kind.INTEGER: "INT64",
            # NUMERIC has at most 29 digits before the point.
            Kind.DECIMAL: "BIGNUMERIC({precision},{scale})",
            Kind.FLOAT: "FLOAT64",
            Kind.TEXT: "STRING",
            Kind.BINARY: "BYTES",
            Kind.TIME: "TIME",
            Kind.TIMESTAMP: "DATETIME",
            Kind.INSTANT: "TIMESTAMP",
        },
        texts={Kind.BINARY: "STRING"},  # it reads base64, not hexadecimal
        mark="`",
        fold=str,
        longest=300,
        refused=r"""[!"$()*,./;?@[\\\]^`{}~]""",
    ),
}
