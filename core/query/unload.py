"""The statements that engine `unload` runs over the result of the grouped statement.

The result stays in Snowflake under its query id; RESULT_SCAN reads it without reading the table
again (docs.snowflake.com, "RESULT_SCAN"). COPY INTO accepts no bound values, so these statements
hold literals.

Sources: docs.snowflake.com, "COPY INTO <location>" and "Data unloading considerations".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from core.connections.secrets import Secret
from core.output.csv_injection import MARK, STARTS, escape_formula
from core.output.json_escapes import ESCAPES
from core.output.text_form import LARGEST_WHOLE, MOST_DIGITS, PLAIN, TextForm
from core.planning.names import TableName
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS
from core.query.statement import Field, Statement, literal, qualify, quote

# Snowflake's own maximum of MAX_FILE_SIZE on AWS, in bytes: 5 GB.
LARGEST_FILE = 5 * 1024**3
# Snowflake's names of the encryptions of S3.
_ENCRYPTIONS = {"AES256": "AWS_SSE_S3", "aws:kms": "AWS_SSE_KMS"}


@dataclass(frozen=True)
class Keys:
    """The AWS keys with which Snowflake writes."""

    key_id: Secret
    secret: Secret
    token: Secret | None = None


@dataclass(frozen=True)
class Location:
    """Where Snowflake writes, and with whose permission.

    Exactly one of `stage`, `integration` and `keys` is set.

    Attributes:
        url: `s3://bucket/key`; if it ends in `/`, the prefix of several files.
        stage: the stage that contains the location, and the path relative to the stage.
        integration: the storage integration, in its stored case.
        keys: AWS keys.
        kms_key_id: the KMS key with which the files are encrypted. If it and `sse` are None, the
            bucket's default encryption applies.
        sse: the encryption, `AES256` or `aws:kms`.
    """

    url: str
    stage: tuple[TableName, str] | None = None
    integration: str | None = None
    keys: Keys | None = None
    kms_key_id: str | None = None
    sse: str | None = None


@dataclass(frozen=True)
class Files:
    """The files that Snowflake writes.

    Attributes:
        format: `parquet`, `csv` or `ndjson`.
        gzip: whether csv and ndjson are compressed.
        single: whether one file is written; if false, as many as needed.
        largest: the largest size of a file, in bytes.
        overwrite: whether an existing file may be replaced; only for a single file.
        text: how values are written; of csv the delimiter and the escaping of formulas, of ndjson
            whether large numbers are strings.
    """

    format: str
    gzip: bool
    single: bool
    largest: int = LARGEST_FILE
    overwrite: bool = False
    text: TextForm = PLAIN


def copy_into(
    grouped: Statement, plan: Plan, query_id: str, to: Location, files: Files
) -> Statement:
    """Return the `COPY INTO` that writes the groups.

    The files have every delivered column under its name, in the table's order. The result of the
    statement has a row for each file, with its name, bytes and rows (DETAILED_OUTPUT).

    Args:
        grouped: the statement that computed the groups, made with `at_rest`.
        plan: the plan.
        query_id: the id of the query that ran `grouped`.
        to: the location to write to.
        files: the files to write.
    """
    aliases = {f.column.name: f.alias for f in grouped.fields if f.column}
    if files.format == "ndjson":
        columns = [f"  {_record(plan, aliases, files.text)} AS {quote('line')}"]
    else:
        csv = files.format == "csv"
        escape = csv and files.text.escape_formulas
        columns = [
            f"  {_csv_value(c, of, escape=escape) if csv else _parquet_value(c, of)}"
            f" AS {quote(escape_formula(c.delivered_name) if escape else c.delivered_name)}"
            for c in plan.delivered
            for of in [_of(aliases[c.name])]
        ]
    listed = ",\n".join(columns)
    rows = f"SELECT\n{listed}\n{_groups(query_id)}\n{_order(grouped)}"
    options = "\n".join(_options(files))
    return _with_keys(
        lambda keys: f"COPY INTO {_target(to)}{_access(to, keys)}\nFROM (\n{rows}\n)\n{options}",
        to.keys,
    )


def first_groups(grouped: Statement, plan: Plan, query_id: str, rows: int) -> Statement:
    """Return the statement that selects the first `rows` groups in the order of the delivery."""
    fields = {f.column.name: f for f in grouped.fields if f.column}
    chosen = [replace(fields[c.name], sql=_of(fields[c.name].alias)) for c in plan.delivered]
    columns = ",\n".join(f"  {f.sql} AS {quote(f.alias)}" for f in chosen)
    sql = f"SELECT\n{columns}\n{_groups(query_id)}\n{_order(grouped)}\nLIMIT {rows}"
    return Statement(sql, fields=tuple(chosen))


def sum_groups(grouped: Statement, query_id: str) -> Statement:
    """Return the statement that totals the result: a row for the groups, one for the grand total.

    The columns of its result: `total`; `groups`, the number of groups; `rows`, `blank`, `bad`;
    `empty`, the number of rows in the NULL month; `sum_1`..., as floats if the grand total is
    rounded; `magnitude_1`...; `unfit_1`...
    """
    names = {f.alias for f in grouped.fields}
    month = next(f.alias for f in grouped.fields if f.is_group)
    fields = [
        Field("total", _of("total")),
        Field("groups", "COUNT(*)"),
        *(Field(name, f"SUM({_of(name)})") for name in ("rows", "blank", "bad")),
        Field("empty", f"SUM(IFF({_of(month)} IS NULL, {_of('rows')}, 0))"),
    ]
    for f in grouped.fields:
        number = f.alias.rpartition("_")[2]
        if f.is_sum:
            rounded = f"total_{number}"
            source = rounded if rounded in names else f.alias
            fields.append(Field(f.alias, f"SUM({_of(source)})", f.column))
        elif f.alias.startswith(("magnitude_", "unfit_")):
            fields.append(Field(f.alias, f"SUM({_of(f.alias)})"))
    columns = ",\n".join(f"  {f.sql} AS {quote(f.alias)}" for f in fields)
    sql = f"SELECT\n{columns}\nFROM {scan_result(query_id)} AS {_ROWS}\nGROUP BY {_of('total')}"
    return Statement(sql, fields=tuple(fields))


def select_months(grouped: Statement, query_id: str) -> Statement:
    """Return the statement that selects the months of the groups.

    Args:
        grouped: the statement that computed the groups.
        query_id: the id of the query that ran `grouped`.
    """
    month = grouped.fields[1]  # after the flag of the grand total
    field = Field(month.alias, _of(month.alias), month.column)
    sql = f"SELECT DISTINCT\n  {field.sql} AS {quote(field.alias)}\n{_groups(query_id)}"
    return Statement(sql, fields=(field,))


def describe_stage(stage: TableName) -> Statement:
    """Return the statement that lists the properties of a stage, such as its URL."""
    return Statement(f"DESCRIBE STAGE {qualify(stage)}")


def scan_result(query_id: str) -> str:
    """Return the table expression for the result of a finished query."""
    return f"TABLE(RESULT_SCAN({literal(query_id)}))"


def _groups(query_id: str) -> str:
    # Every column is qualified by an alias of the result: a delivered column can have the name of
    # a column of the result, and ORDER BY would resolve the name to the delivered one.
    return f"FROM {scan_result(query_id)} AS {_ROWS}\nWHERE NOT {_of('total')}"


_ROWS = quote("groups")


def _of(alias: str) -> str:
    return f"{_ROWS}.{quote(alias)}"


def _order(grouped: Statement) -> str:
    by = [_of(f.alias) for f in grouped.fields if f.is_group]
    return "ORDER BY " + ", ".join(f"{name} NULLS LAST" for name in by)


# ------------------------------------------------------------------------------------- location


def _target(to: Location) -> str:
    if to.stage is None:
        return literal(to.url)
    name, path = to.stage
    return literal(f"@{qualify(name)}/{path}")


def _access(to: Location, keys: list[str]) -> str:
    lines: list[str] = []
    if to.integration is not None:
        lines.append(f"STORAGE_INTEGRATION = {quote(to.integration)}")
    if keys:
        names = ("AWS_KEY_ID", "AWS_SECRET_KEY", "AWS_TOKEN")
        pairs = (f"{name} = {key}" for name, key in zip(names, keys, strict=False))
        lines.append(f"CREDENTIALS = ({' '.join(pairs)})")
    if to.kms_key_id is not None:
        lines.append(f"ENCRYPTION = (TYPE = 'AWS_SSE_KMS' KMS_KEY_ID = {literal(to.kms_key_id)})")
    elif to.sse is not None:
        lines.append(f"ENCRYPTION = (TYPE = '{_ENCRYPTIONS[to.sse]}')")
    return "".join(f"\n{line}" for line in lines)


def _with_keys(text: Callable[[list[str]], str], keys: Keys | None) -> Statement:
    """Return the statement made by `text` of the literals of `keys`, which only `secret` holds."""
    if keys is None:
        return Statement(text([]))
    known = [key for key in (keys.key_id, keys.secret, keys.token) if key is not None]
    shown = text([literal(str(key)) for key in known])
    return Statement(shown, secret=Secret(text([literal(key.reveal()) for key in known])))


# ---------------------------------------------------------------------------------------- files


def _options(files: Files) -> Iterator[str]:
    yield f"FILE_FORMAT = ({' '.join(_format(files))})"
    yield f"HEADER = {_bool(files.format != 'ndjson')}"
    yield f"SINGLE = {_bool(files.single)}"
    yield f"MAX_FILE_SIZE = {files.largest}"
    if files.single:
        yield f"OVERWRITE = {_bool(files.overwrite)}"
    else:
        yield "INCLUDE_QUERY_ID = TRUE"  # excludes SINGLE and OVERWRITE
    yield "DETAILED_OUTPUT = TRUE"


def _format(files: Files) -> Iterator[str]:
    if files.format == "parquet":
        yield "TYPE = PARQUET COMPRESSION = SNAPPY"
        return
    yield f"TYPE = CSV COMPRESSION = {'GZIP' if files.gzip else 'NONE'}"
    yield f"FILE_EXTENSION = {literal(files.format + ('.gz' if files.gzip else ''))}"
    yield "ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE"
    if files.format == "csv":
        # With any value in NULL_IF, Snowflake would enclose NULL, and write it like an empty text.
        delimiter = files.text.delimiter.replace("\t", "\\t")
        yield f"FIELD_DELIMITER = '{delimiter}' RECORD_DELIMITER = '\\r\\n'"
        yield "FIELD_OPTIONALLY_ENCLOSED_BY = '\"'"
        yield "NULL_IF = () DATE_FORMAT = 'YYYY-MM-DD' BINARY_FORMAT = HEX"
    else:
        yield "FIELD_DELIMITER = NONE RECORD_DELIMITER = '\\n' FIELD_OPTIONALLY_ENCLOSED_BY = NONE"
        yield "NULL_IF = () EMPTY_FIELD_AS_NULL = FALSE"


def _bool(value: bool) -> str:
    return "TRUE" if value else "FALSE"


# --------------------------------------------------------------------------------------- values

# Values are written as by core/output/text.py.
_NO_TEXT = frozenset({"FIXED", "REAL", "DECFLOAT", "BOOLEAN", "BINARY", "DATE", "TIME"})


def _parquet_value(column: PlannedColumn, name: str) -> str:
    """Return a value for parquet; decimals get the precision that every engine delivers."""
    kind = column.source.type
    # A sum of Snowflake's has 12 digits more than its column.
    whole = column.role is Role.KEY and kind.fits_int64
    if kind.kind == "FIXED" and column.role is not Role.MONTH and not whole:
        return f"{name}::NUMBER(38, {kind.scale})"
    return name


def _csv_value(column: PlannedColumn, name: str, *, escape: bool) -> str:
    """Return a value for csv; times become text, so that no session parameter formats them."""
    if escape and _is_text(column):
        # By code point, because the collation of a column may ignore these characters.
        starts = ", ".join(str(ord(each)) for each in STARTS)
        return f"IFF(UNICODE({name}) IN ({starts}), {literal(MARK)} || {name}, {name})"
    return _time_text(column, name) or name


def _is_text(column: PlannedColumn) -> bool:
    """Whether the column is delivered as text."""
    kind = column.source.type.kind
    return column.role is Role.KEY and kind not in _NO_TEXT and kind not in TIMESTAMPS


def _record(plan: Plan, aliases: dict[str, str], form: TextForm) -> str:
    """Return the expression for a line of JSON, with the columns in the table's order."""
    parts: list[str] = []
    for number, column in enumerate(plan.delivered):
        label = json.dumps(column.delivered_name, ensure_ascii=False)
        parts.append(literal(f"{',' if number else '{'}{label}:"))
        parts.append(f"COALESCE({_json_value(column, _of(aliases[column.name]), form)}, 'null')")
    return "\n  || ".join([*parts, "'}'"])


def _json_value(column: PlannedColumn, name: str, form: TextForm) -> str:
    kind, scale = column.source.type.kind, column.source.type.scale or 0
    if column.role is not Role.KEY or kind in ("FIXED", "BOOLEAN", "DATE"):
        text = f"{name}::VARCHAR"
        if column.role is Role.MONTH or kind == "DATE":
            return _in_quotes(f"TO_VARCHAR({name}, 'YYYY-MM-DD')")
        if form.large_numbers_as_text and kind == "FIXED":
            largest = 10**MOST_DIGITS - 1 if scale else LARGEST_WHOLE
            most = Decimal(largest).scaleb(-scale)
            return f"IFF(ABS({name}) > {most:f}, {_in_quotes(text)}, {text})"
        return text
    if kind == "BINARY":
        return _in_quotes(f"TO_VARCHAR({name}, 'HEX')")
    return _in_quotes(_time_text(column, name) or _escape(name))


def _in_quotes(text: str) -> str:
    return f"'\"' || {text} || '\"'"


def _escape(text: str) -> str:
    for character, escape in ESCAPES.items():
        text = f"REPLACE({text}, {_character(character)}, {literal(escape)})"
    return text


def _character(character: str) -> str:
    return f"CHR({ord(character)})" if character < " " else literal(character)


def _time_text(column: PlannedColumn, name: str) -> str | None:
    """Return a time or timestamp as ISO 8601 with six fractional digits; None for other types."""
    kind = column.source.type.kind
    if column.role is not Role.KEY:
        return None
    if kind == "TIME":
        return f"TO_VARCHAR({name}, 'HH24:MI:SS.FF6')"
    if kind not in TIMESTAMPS:
        return None
    form = "'YYYY-MM-DD\"T\"HH24:MI:SS.FF6'"
    if kind == "TIMESTAMP_NTZ":
        return f"TO_VARCHAR({name}, {form})"
    return f"TO_VARCHAR(CONVERT_TIMEZONE('UTC', {name})::TIMESTAMP_NTZ, {form}) || 'Z'"
