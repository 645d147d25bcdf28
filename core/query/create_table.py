"""The CREATE TABLE of a delivery for the system that reads it, and how that system loads the file.

It is for the reader of the delivery, and is never run by this program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from core.errors import UsageError
from core.planning.delivered import DeliveredColumn, Kind
from core.planning.names import TableName, join_names
from core.planning.plan import Role
from core.query.dialects import WRITTEN, Dialect, DialectName
from core.remedy import Advice, Remedy
from core.request.request import Request
from core.runtime.characters import escape_hidden

_TIMES = (Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT)
_MICROSECONDS = 6


@dataclass(frozen=True)
class DeliveredFile:
    """A file to load.

    Attributes:
        url: its URL.
        format: its format, as the option has it.
        gzip: whether the whole file is compressed.
        delimiter: the character between two values of csv.
        null: the text for NULL in csv.
        encrypted: whether the file is encrypted.
    """

    url: str
    format: str
    gzip: bool = False
    delimiter: str = ","
    null: str = ""
    encrypted: bool = False

    @classmethod
    def of(cls, request: Request, url: str) -> Self:
        """Return the file of a request."""
        csv = (request.csv_delimiter, request.csv_null)
        return cls(url, request.format, request.gzip, *csv, bool(request.encrypt_to))


def create_table(
    dialect: str, columns: Sequence[DeliveredColumn], source: TableName, file: DeliveredFile
) -> str:
    """Return the CREATE TABLE for the columns of a delivery, with comments on how to load it.

    Args:
        dialect: the name of the dialect.
        columns: the delivered columns.
        source: the table that the delivery is made of, which gives the new one its name.
        file: the file to load.

    Raises:
        UsageError: there is no such dialect; or the system has no type for a column, cannot have
            its name, or does not read the format of the file.
    """
    name = _find_dialect(dialect)
    written = WRITTEN[name]
    _check_format(name, file)
    _check_names(written, columns)
    typed = [
        f"  {written.quote(column.name)} {_find_type(name, written, column, file)}"
        for column in columns
    ]
    table = _name_table(written, source.table)
    external = "EXTERNAL TABLE" if name == "athena" else "TABLE"
    statement = f"CREATE {external} {table} (\n" + ",\n".join(typed) + "\n)"
    lines = [f"-- {line}" for line in _describe(written, columns, source)]
    loading = "\n".join(_ENDS[name](file) if name in _ENDS else ())
    if file.encrypted:
        lines.append("-- The file is encrypted with OpenPGP: decrypt it, and load what comes out.")
    lines += [f"-- {line}" for line in _LOADING[name](table, file)]
    end = f"\n{loading}" if loading else ""
    return "\n".join([*map(escape_hidden, lines), f"{statement}{end};"])


def _find_dialect(wanted: str) -> DialectName:
    for name in WRITTEN:
        if name == wanted:
            return name
    raise UsageError(f"There is no dialect {wanted!r}.", f"There are: {join_names(list(WRITTEN))}.")


# Where a table is the file itself, these formats make none.
_UNREADABLE = {"athena": ("json", "xlsx"), "spark": ("xlsx",)}


def _check_format(name: DialectName, file: DeliveredFile) -> None:
    if file.format in _UNREADABLE.get(name, ()):
        raise UsageError(
            f"{WRITTEN[name].title} does not read {file.format}.",
            Advice("Deliver another format: ", Remedy("format", "parquet"), "."),
        )


def _check_names(dialect: Dialect, columns: Sequence[DeliveredColumn]) -> None:
    """Refuse names that the system cannot have.

    Raises:
        UsageError: there is one; a remedy renames it.
    """
    rename = Advice("Give it another name: ", Remedy("rename"), ".")
    seen: dict[str, str] = {}
    for name in (column.name for column in columns):
        written = dialect.quote(name)
        same = written.casefold() if dialect.one_case else written
        if same in seen:
            raise UsageError(
                f"{dialect.title} takes {seen[same]} and {name} for one column.", rename
            )
        seen[same] = name
        if len(name.encode()) > dialect.longest:
            raise UsageError(
                f"{dialect.title} has no names of more than {dialect.longest} bytes, such as "
                f"{name[:40]}...",
                rename,
            )
        if not name.isprintable() or (dialect.refused and re.search(dialect.refused, name)):
            raise UsageError(f"{dialect.title} refuses the column name {name!r}.", rename)


def _find_type(
    name: DialectName, dialect: Dialect, column: DeliveredColumn, file: DeliveredFile
) -> str:
    kind = column.kind
    if kind.kind in _TIMES and kind.scale > _MICROSECONDS and not dialect.nanoseconds:
        raise UsageError(
            f"{dialect.title} has no nanoseconds, which column {column.name} would be delivered "
            "in.",
            Advice("Deliver microseconds: ", Remedy("timestamp_unit", "us"), "."),
        )
    if file.format == "parquet":
        found = dialect.types.get(kind.kind)
    elif name == "athena" and file.format == "csv":
        found = "string"  # its reader of csv has no decimals, and no NULL in numbers
    else:
        found = {**dialect.types, **dialect.texts}.get(kind.kind)
    if found is None:
        raise UsageError(
            f"{dialect.title} does not load {kind} from parquet, which column {column.name} is.",
            Advice(
                "Deliver another format: ",
                Remedy("format", "csv"),
                "; or leave it out: ",
                Remedy("drop_columns", column.source),
                ".",
            ),
        )
    return found.format(precision=kind.precision, scale=kind.scale)


def _name_table(dialect: Dialect, table: str) -> str:
    """Return the name of the new table: that of the source, in characters that any system has."""
    return dialect.quote(re.sub(r"[^A-Za-z0-9_]", "_", table)[: min(dialect.longest, 100)])


def _describe(
    dialect: Dialect, columns: Sequence[DeliveredColumn], source: TableName
) -> Iterator[str]:
    (month,) = (column.name for column in columns if column.role is Role.MONTH)
    yield f"The delivery of {source}, for {dialect.title}: one row for each month and its keys."
    yield f"{month} is the first day of a month, or NULL for rows without a date."
    if sums := [column.name for column in columns if column.role is Role.SUM]:
        yield f"Sums, which are NULL where all values are: {', '.join(sums)}."


# ----------------------------------------------------------------------------------------- loading


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\t", "\\t") + "'"


def _write(clause: str, value: str, default: str, blank: str = " ") -> str:
    """Return a clause with a value, or nothing if the value is the default."""
    return "" if value == default else f"{clause}{blank}{_literal(value)}"


def _load_redshift(table: str, file: DeliveredFile) -> Iterator[str]:
    if file.format in ("json", "xlsx"):
        yield f"COPY does not load {file.format}: deliver parquet, ndjson or csv."
        return
    zipped = " GZIP" if file.gzip else ""
    form = {
        "parquet": "FORMAT AS PARQUET",
        "csv": f"FORMAT AS CSV{_write(' DELIMITER', file.delimiter, ',')} IGNOREHEADER 1 "
        f"NULL AS {_literal(file.null)} DATEFORMAT 'auto' TIMEFORMAT 'auto'{zipped}",
        "ndjson": f"FORMAT AS JSON 'auto ignorecase' TIMEFORMAT 'auto'{zipped}",
    }[file.format]
    yield f"To load it: COPY {table} FROM {_literal(file.url)} IAM_ROLE default {form};"
    yield "Texts of more than 65,535 bytes do not fit."


def _load_athena(table: str, file: DeliveredFile) -> Iterator[str]:
    yield "Every file below LOCATION is read: give the delivery a prefix of its own."
    if file.format == "csv":
        yield "All columns of csv are text here, NULL is an empty text: cast them in a view."
        yield "Texts with line breaks are not read as one, and backslashes are taken for escapes."


def _load_spark(table: str, file: DeliveredFile) -> Iterator[str]:
    yield f"The table reads {file.url} where it is; it loads nothing."


def _load_snowflake(table: str, file: DeliveredFile) -> Iterator[str]:
    if file.format == "xlsx":
        yield "COPY INTO does not load xlsx: deliver parquet, ndjson or csv."
        return
    forms = {
        "parquet": "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE",
        "json": "TYPE = JSON STRIP_OUTER_ARRAY = TRUE BINARY_FORMAT = HEX",
        "ndjson": "TYPE = JSON BINARY_FORMAT = HEX",
        "csv": (
            f"TYPE = CSV{_write(' FIELD_DELIMITER =', file.delimiter, ',')} PARSE_HEADER = TRUE "
            f"FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = ({file.null and _literal(file.null)}) "
            "EMPTY_FIELD_AS_NULL = TRUE BINARY_FORMAT = HEX"
        ),
    }
    yield f"To load it: COPY INTO {table} FROM {_literal(file.url)} STORAGE_INTEGRATION = ..."
    yield f"  FILE_FORMAT = ({forms[file.format]})"
    yield "  MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;"


def _load_postgres(table: str, file: DeliveredFile) -> Iterator[str]:
    if file.format != "csv":
        yield f"COPY does not load {file.format}: deliver csv, or convert the file."
        return
    unzip = "after decompressing it, " if file.gzip else ""
    local = file.url.rpartition("/")[2].removesuffix(".gz")
    more = f"{_write(', DELIMITER', file.delimiter, ',')}{_write(', NULL', file.null, '')}"
    copy = f"\\copy {table} FROM {_literal(local)} WITH (FORMAT csv, HEADER{more})"
    yield f"To load it: {unzip}{copy}"


def _load_bigquery(table: str, file: DeliveredFile) -> Iterator[str]:
    forms = {
        "parquet": "PARQUET",
        "ndjson": "NEWLINE_DELIMITED_JSON",
        "csv": "CSV --skip_leading_rows=1 --allow_quoted_newlines"
        f"{_write(' --field_delimiter=', file.delimiter, ',', blank='')}"
        f"{_write(' --null_marker=', file.null, '', blank='')}",
    }
    if file.format not in forms:
        yield f"BigQuery does not load {file.format}: deliver parquet, ndjson or csv."
        return
    yield "To load it, from Cloud Storage or a local copy:"
    yield f"  bq load --source_format={forms[file.format]} DATASET.{table.strip('`')} FILE"


_LOADING = {
    "redshift": _load_redshift,
    "athena": _load_athena,
    "spark": _load_spark,
    "snowflake": _load_snowflake,
    "postgres": _load_postgres,
    "bigquery": _load_bigquery,
}


def _read_athena(file: DeliveredFile) -> Iterator[str]:
    if file.format == "parquet":
        yield "STORED AS PARQUET"
    elif file.format == "csv":
        yield "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
        separator = f"'separatorChar' = {_literal(file.delimiter)}"
        yield f"WITH SERDEPROPERTIES ({separator}, 'quoteChar' = '\"')"
    else:
        yield "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
    yield f"LOCATION {_literal(file.url.rpartition('/')[0] + '/')}"
    if file.format == "csv":
        yield "TBLPROPERTIES ('skip.header.line.count' = '1')"


def _read_spark(file: DeliveredFile) -> Iterator[str]:
    path = file.url.replace("s3://", "s3a://", 1).replace("\\", "\\\\").replace("'", "\\'")
    options = {
        "csv": [
            *("header 'true'", "multiLine 'true'", "quote '\"'", "escape '\"'"),
            *([f"sep {_literal(file.delimiter)}"] if file.delimiter != "," else []),
            *([f"nullValue {_literal(file.null)}"] if file.null else []),
        ],
        "json": ["multiLine 'true'"],
    }.get(file.format, [])
    kind = {"ndjson": "JSON"}.get(file.format, file.format.upper())
    yield f"USING {kind}"
    listed = ", ".join([f"path '{path}'", *options])
    yield f"OPTIONS ({listed})"


_ENDS = {"athena": _read_athena, "spark": _read_spark}
