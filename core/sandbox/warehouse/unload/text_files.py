"""Rows as the text of CSV and JSON files, as DuckDB SQL: a query of one column, a record a row.

Rules: docs.snowflake.com COPY INTO <location>, format type options, and "Data unloading
considerations" (NULL and empty text; FLOAT cut to about (15,9)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from core.sandbox.warehouse import failures, json_text, types
from core.sandbox.warehouse.engine.execution import Execution
from core.sandbox.warehouse.translate.binder import Binder
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.casts import to_text
from core.sandbox.warehouse.translate.query import translation
from core.sandbox.warehouse.translate.scope import BoundQuery, Scope
from core.sandbox.warehouse.types import SqlType
from core.sandbox.warehouse.unload.clauses import Clauses, flag, text, texts

OPTIONS = {
    "RECORD_DELIMITER", "FIELD_DELIMITER", "DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT",
    "BINARY_FORMAT", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD", "FIELD_OPTIONALLY_ENCLOSED_BY", "NULL_IF",
    "EMPTY_FIELD_AS_NULL",
}  # fmt: skip
_FLOAT_DIGITS, _FLOAT_SCALE = 15, 9
_HEX = re.compile(r"(?:0x|\\x)([0-9A-Fa-f]{2})")
_OCTAL = re.compile(r"\\([0-7]{3})")
_JSON_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+\.\d{10,}(?![\deE])')
_BINARY = {"HEX": "hex({})", "BASE64": "base64({})", "UTF8": "decode({})", "UTF-8": "decode({})"}


@dataclass(frozen=True)
class Csv:
    """The format options of a CSV file; an empty text for NONE."""

    field: str
    record: str
    enclosure: str
    escape: str
    escape_unenclosed: str
    null: str
    null_enclosed: bool
    empty_as_null: bool
    formats: dict[str, str]
    binary: str


def csv(options: Clauses) -> Csv:
    """Read the options of FILE_FORMAT, with Snowflake's defaults.

    Raises:
        Failure: 1008 for an enclosure or BINARY_FORMAT that there is not.
    """
    nulls = texts(options, "NULL_IF", ("\\N",))
    enclosure = _character(options, "FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")
    if enclosure not in ("", "'", '"'):
        raise _wrong(enclosure, "FIELD_OPTIONALLY_ENCLOSED_BY")
    binary = text(options, "BINARY_FORMAT", "HEX").upper()
    if binary not in _BINARY:
        raise _wrong(binary, "BINARY_FORMAT")
    escape = _character(options, "ESCAPE", "NONE")
    return Csv(
        field=_character(options, "FIELD_DELIMITER", ","),
        record=_character(options, "RECORD_DELIMITER", "\n"),
        enclosure=enclosure,
        escape=escape,
        escape_unenclosed=escape or _character(options, "ESCAPE_UNENCLOSED_FIELD", "\\"),
        null=nulls[0] if nulls else "",
        null_enclosed="NULL_IF" in options and bool(nulls),
        empty_as_null=flag(options, "EMPTY_FIELD_AS_NULL", default=True),
        formats={
            kind: text(options, f"{kind}_FORMAT", "AUTO") for kind in ("DATE", "TIME", "TIMESTAMP")
        },
        binary=binary,
    )


def _wrong(value: str, name: str) -> failures.Failure:
    return failures.invalid(f"invalid value ['{value}'] for parameter '{name}'", 1008)


def _character(options: Clauses, name: str, default: str) -> str:
    """Read an option's characters, which may be hexadecimal or octal; empty for NONE."""
    written = text(options, name, default)
    if written.upper() == "NONE":
        return ""
    if _HEX.match(written):
        return bytes.fromhex("".join(_HEX.findall(written))).decode(errors="replace")
    if _OCTAL.fullmatch(written):
        return chr(int(written[1:], 8))
    return written


def csv_header(names: list[str], options: Csv) -> str:
    """Format the column names as a record."""
    mark = options.enclosure
    return options.field.join(mark + each.replace(mark or "\0", mark * 2) + mark for each in names)


def csv_records(execution: Execution, query: BoundQuery, options: Csv) -> BoundQuery:
    """Return a query for the rows as records, without the delimiter behind them."""
    binder = Binder(translation(execution.names), Scope())
    fields = [
        _field(binder, Bound(f"q.c{i}", kind), options, execution.state.parameters)
        for i, (_, kind) in enumerate(query.columns)
    ]
    record = f" || {quote(options.field)} || ".join(fields)
    return BoundQuery(f"SELECT {record} AS c0 FROM ({query.sql}) AS q", (("RECORD", types.TEXT),))


def _field(binder: Binder, value: Bound, options: Csv, parameters: dict[str, object]) -> str:
    written, null = _text(binder, value, options, parameters), quote(options.null)
    if value.type.is_numeric or value.type.name == "BOOLEAN":
        return f"coalesce({written}, {null})"
    mark = options.enclosure
    if not mark:
        return f"coalesce({_escape_unenclosed(written, options)}, {null})"
    inside = written
    if options.escape:
        inside = f"replace({inside}, {quote(options.escape)}, {quote(options.escape * 2)})"
    inside = f"replace({inside}, {quote(mark)}, {quote((options.escape or mark) + mark)})"
    if options.null_enclosed:
        null = quote(mark + options.null + mark)
    return f"coalesce({quote(mark)} || {inside} || {quote(mark)}, {null})"


def _escape_unenclosed(written: str, options: Csv) -> str:
    escape = options.escape_unenclosed
    result = written
    if escape:
        for special in filter(None, (escape, options.field, options.record)):
            result = f"replace({result}, {quote(special)}, {quote(escape + special)})"
    if not options.empty_as_null:
        return result
    message = (
        "Cannot unload empty string without file format option field_optionally_enclosed_by being"
        " specified."
    )
    failing = failures.raising(100093, "22000", quote(message))
    return f"CASE WHEN {written} = '' THEN {failing} ELSE {result} END"


def _text(binder: Binder, value: Bound, options: Csv, parameters: dict[str, object]) -> str:
    kind = value.type
    if kind.is_json:
        return json_text.printed(value.sql)
    if kind.name == "REAL":
        return to_text(binder, Bound(_cut(value.sql), types.REAL))
    if kind.name == "BINARY":
        return _BINARY[options.binary].format(value.sql)
    pattern = _pattern(kind, options, parameters)
    return to_text(binder, value, pattern)


def _pattern(kind: SqlType, options: Csv, parameters: dict[str, object]) -> str | None:
    group = "TIMESTAMP" if kind.is_timestamp else kind.name
    asked = options.formats.get(group, "AUTO")
    if asked.upper() != "AUTO":
        return asked
    names = [f"{kind.name}_OUTPUT_FORMAT", f"{group}_OUTPUT_FORMAT"]
    if kind.name == "TIMESTAMP_NTZ":
        names.pop()  # TIMESTAMP_NTZ_OUTPUT_FORMAT has a default, which goes before
    return next((str(parameters[name]) for name in names if parameters.get(name)), None)


def _cut(number: str) -> str:
    """Round a FLOAT to at most 15 digits, at most 9 of them behind the point."""
    whole = f"CAST(floor(log10(abs({number}))) AS INTEGER)"
    places = f"least({_FLOAT_SCALE}, {_FLOAT_DIGITS - 1} - {whole})"
    return (
        f"(CASE WHEN isfinite({number}) AND {number} <> 0"
        f" THEN round({number}, {places}) ELSE {number} END)"
    )


def cut_json(record: str) -> str:
    """Return a JSON record with its numbers cut to 9 digits after the decimal point.

    A VARIANT does not distinguish a FLOAT from a NUMBER here, so that NUMBERs of a greater scale
    are cut as well.
    """
    return _JSON_NUMBER.sub(_cut_json_number, record)


def _cut_json_number(match: re.Match[str]) -> str:
    if match[0].startswith('"'):
        return match[0]
    cut = round(Decimal(match[0]), _FLOAT_SCALE).normalize()
    return f"{cut:f}"


def json_records(query: BoundQuery) -> BoundQuery:
    """Return a query for the records of a query of one VARIANT, OBJECT or ARRAY.

    Raises:
        Failure: 2019 when it has other columns.
    """
    if len(query.columns) != 1 or not query.columns[0][1].is_json:
        raise failures.invalid(
            "JSON file format can produce one and only one column of type variant, object, or"
            " array.",
            2019,
            "0A000",
        )
    record = json_text.printed("q.c0", undefined="null")
    sql = f"SELECT coalesce({record}, 'null') AS c0 FROM ({query.sql}) AS q"
    return BoundQuery(sql, (("RECORD", types.TEXT),))
