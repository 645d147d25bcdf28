"""The SQL of a plan. The only module that makes SQL.

Identifiers go through `quoted`, values are bound (`:1`, `:2`, ... server-side), and every
selected expression has an alias of ours, so no name in a table can disturb the statement.
Text follows Snowflake's reference; the semantics relied upon are named where they matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.dates import EpochUnit, TextFormat
from core.names import TableName
from core.plan import Plan, PlannedColumn, Role
from core.source import TIMESTAMPS, Source, SourceColumn

# What "white space" is in "text made only of white space": Unicode's White_Space property.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# Seconds of 0001-01-01 and 9999-12-31T23:59:59: what a Snowflake timestamp holds. Nanosecond
# epochs reach only as far as 64 bits do (1677-2262).
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_INT64 = 2**63 - 1

SAMPLE_ROWS = 5_000
_SAMPLE_SEED = 1
_SAMPLED_KINDS = frozenset({"TEXT", "FIXED", "DATE"}) | TIMESTAMPS
BAD_VALUE_CHARACTERS = 100


@dataclass(frozen=True)
class Field:
    """One column of a result.

    Attributes:
        alias: its name in the result.
        sql: its expression.
        column: the planned column it carries; None for the helpers `blank` and `bad`.
    """

    alias: str
    sql: str
    column: PlannedColumn | None = None

    @property
    def is_sum(self) -> bool:
        """Whether the column is summed."""
        return self.column is not None and self.column.role is Role.SUM

    @property
    def is_group(self) -> bool:
        """Whether the column is part of the group: the month or a key."""
        return self.column is not None and self.column.role is not Role.SUM


@dataclass(frozen=True)
class Statement:
    """A statement ready to run: its text, the values bound to it, and what it selects."""

    sql: str
    binds: tuple[object, ...] = ()
    fields: tuple[Field, ...] = ()


@dataclass
class _Binds:
    """Numbers the bound values; the same value twice is the same placeholder."""

    values: list[object] = field(default_factory=list)

    def __call__(self, value: object) -> str:
        for position, known in enumerate(self.values, 1):
            if known == value and type(known) is type(value):
                return f":{position}"
        self.values.append(value)
        return f":{len(self.values)}"


def quoted(identifier: str) -> str:
    """`identifier` as a quoted identifier: taken to the letter, whatever it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def qualified(name: TableName) -> str:
    """A full table name, each part quoted."""
    return ".".join(map(quoted, (name.database, name.schema, name.table)))


def select_rows(plan: Plan) -> Statement:
    """The one read of engine `stream`: a row of the result for each row of the table.

    The month is computed here, where it costs least, and in the value's own time zone, which
    the wire does not carry. Blank rows and unparsable dates travel as flags: so they are counted
    in the same snapshot, and the row count that the warehouse declares is that of the table.
    """
    bind = _Binds()
    fields = [
        Field("month", _month(plan, bind), plan.month),
        *(Field(f"key_{n}", _key(c.source), c) for n, c in enumerate(plan.keys, 1)),
        *(Field(f"sum_{n}", _addend(c.source), c) for n, c in enumerate(plan.sums, 1)),
    ]
    blank = _blank(plan.source, bind)
    if blank:
        fields.append(Field("blank", blank))
    bad = _bad_date(plan, bind)
    if bad:
        fields.append(Field("bad", bad))
    return _select(fields, f"FROM {qualified(plan.source.name)}", bind)


def select_sample(source: Source, columns: tuple[SourceColumn, ...]) -> Statement:
    """About 5,000 rows of what detection looks at; the same rows at every call for a table.

    Small tables are read whole. Views are read from their beginning: Snowflake samples views
    neither with a seed nor in less than a full read.
    """
    fields = [Field(f"sample_{n}", _sampled(column)) for n, column in enumerate(columns, 1)]
    sampling = ""
    if not source.is_view and source.rows and source.rows > 2 * SAMPLE_ROWS:
        percent = max(100 * 2 * SAMPLE_ROWS / source.rows, 0.000001)
        sampling = f" SAMPLE BERNOULLI ({percent:.6f}) SEED ({_SAMPLE_SEED})"
    return _select(
        fields, f"FROM {qualified(source.name)}{sampling}\nLIMIT {SAMPLE_ROWS}", _Binds()
    )


def sampled_columns(source: Source) -> tuple[SourceColumn, ...]:
    """The columns that detection looks at."""
    return tuple(column for column in source.columns if column.type.kind in _SAMPLED_KINDS)


def describe(name: TableName) -> Statement:
    """The columns of a table or view."""
    return Statement(f"DESCRIBE TABLE {qualified(name)}")


def show_objects(name: TableName) -> Statement:
    """The tables and views that are called as `name`, in any case."""
    like = _literal(_like_escaped(name.table))
    return Statement(f"SHOW OBJECTS LIKE {like} IN SCHEMA {_schema(name.database, name.schema)}")


def show_page(database: str, schema: str, after: str | None, rows: int) -> Statement:
    """One page of the tables and views of a schema, from behind the name `after`."""
    page = f"LIMIT {rows}" + (f" FROM {_literal(after)}" if after is not None else "")
    return Statement(f"SHOW OBJECTS IN SCHEMA {_schema(database, schema)} {page}")


CURRENT_PLACE = Statement('SELECT CURRENT_DATABASE() AS "database", CURRENT_SCHEMA() AS "schema"')


def _schema(database: str, schema: str) -> str:
    return f"{quoted(database)}.{quoted(schema)}"


def _select(fields: list[Field], rest: str, bind: _Binds) -> Statement:
    columns = ",\n".join(f"  {f.sql} AS {quoted(f.alias)}" for f in fields)
    return Statement(f"SELECT\n{columns}\n{rest}", tuple(bind.values), tuple(fields))


def _month(plan: Plan, bind: _Binds) -> str:
    """The first day of the month, a DATE.

    DATE_TRUNC keeps its argument's type and cuts a TIMESTAMP_LTZ in the session's zone; a
    TIMESTAMP_TZ cast to NTZ is its own wall clock (docs.snowflake.com, "Date & time data types").
    """
    column = plan.month.source
    name = quoted(column.name)
    match column.type.kind, plan.month_format:
        case _, TextFormat():
            moment = _parsed_text(plan, bind)
        case _, EpochUnit() as unit:
            whole = _whole(column)
            valid = _epoch_range(unit, whole, bind)
            moment = f"TO_TIMESTAMP_NTZ(IFF({valid}, {whole}, NULL), {unit.scale})"
        case "TIMESTAMP_TZ", _:
            moment = f"{name}::TIMESTAMP_NTZ"
        case _:
            moment = name
    return f"DATE_TRUNC('MONTH', {moment})::DATE"


def _parsed_text(plan: Plan, bind: _Binds) -> str:
    """The moment a text names in the plan's format, NULL if it does not parse."""
    assert isinstance(plan.month_format, TextFormat)  # noqa: S101 - for the type checker
    text = f"TRIM({quoted(plan.month.name)}, {bind(WHITE_SPACE)})"
    pattern = bind(plan.month_format.snowflake)
    if plan.month_format.has_offset:
        return f"TRY_TO_TIMESTAMP_TZ({text}, {pattern})::TIMESTAMP_NTZ"
    if plan.month_format.has_time:
        return f"TRY_TO_TIMESTAMP_NTZ({text}, {pattern})"
    return f"TRY_TO_DATE({text}, {pattern})"


def _whole(column: SourceColumn) -> str:
    name = quoted(column.name)
    if column.type.kind == "FIXED" and column.type.scale == 0:
        return name
    return f"FLOOR({name})" if column.type.kind == "FIXED" else f"FLOOR({name})::NUMBER(38,0)"


def _epoch_range(unit: EpochUnit, whole: str, bind: _Binds) -> str:
    scale = 10**unit.scale
    first = max(_FIRST_SECOND * scale, -_INT64)
    last = min(_LAST_SECOND * scale + scale - 1, _INT64)
    return f"{whole} BETWEEN {bind(first)} AND {bind(last)}"


def _bad_date(plan: Plan, bind: _Binds) -> str | None:
    """The value, as text, where there is one that is no date; None if that cannot be."""
    name = quoted(plan.month.name)
    match plan.month_format:
        case TextFormat():
            given = f"TRIM({name}, {bind(WHITE_SPACE)}) <> ''"
            missing = f"{_parsed_text(plan, bind)} IS NULL"
            return f"IFF({given} AND {missing}, LEFT({name}, {BAD_VALUE_CHARACTERS}), NULL)"
        case EpochUnit() as unit:
            valid = _epoch_range(unit, _whole(plan.month.source), bind)
            return f"IFF({valid}, NULL, {name}::VARCHAR)"
        case _:
            return None


def _blank(source: Source, bind: _Binds) -> str | None:
    """Whether a whole row is blank; None if no row can be."""
    tests: list[str] = []
    for column in source.columns:
        name = quoted(column.name)
        match column.type.kind:
            case "TEXT":
                tests.append(f"COALESCE(TRIM({name}, {bind(WHITE_SPACE)}), '') = ''")
            case "VARIANT":
                tests.append(f"COALESCE(IS_NULL_VALUE({name}), TRUE)")
            case _ if not column.nullable:
                return None
            case _:
                tests.append(f"{name} IS NULL")
    # The cheapest tests first: most rows fail one of them.
    tests.sort(key=lambda test: not test.endswith(" IS NULL"))
    return "(" + " AND ".join(tests) + ")"


# How a key travels, by its kind: as text what no file format has a type for.
_KEY_SQL: dict[str, Callable[[str], str]] = {
    "VARIANT": "TO_JSON({})".format,
    "OBJECT": "TO_JSON({})".format,
    "ARRAY": "TO_JSON({})".format,
    "MAP": "TO_JSON({})".format,
    "VECTOR": "TO_JSON({}::ARRAY)".format,
    "GEOGRAPHY": "TO_JSON(ST_ASGEOJSON({}))".format,
    "GEOMETRY": "TO_JSON(ST_ASGEOJSON({}))".format,
}
_PLAIN_KEYS = frozenset({"FIXED", "REAL", "TEXT", "BOOLEAN", "BINARY", "DATE"}) | TIMESTAMPS


def _key(column: SourceColumn) -> str:
    name = quoted(column.name)
    if column.type.kind == "TIME":
        # The connector cuts TIME to microseconds; a count of nanoseconds travels whole.
        return f"DATEDIFF('NANOSECOND', '00:00:00'::TIME, {name})"
    if column.type.kind in _PLAIN_KEYS:
        return name
    return _KEY_SQL.get(column.type.kind, "{}::VARCHAR".format)(name)


def _addend(column: SourceColumn) -> str:
    name = quoted(column.name)
    return f"{name}::FLOAT" if column.type.kind == "DECFLOAT" else name


def _sampled(column: SourceColumn) -> str:
    name = quoted(column.name)
    if column.type.kind == "TEXT":
        return f"LEFT({name}, {BAD_VALUE_CHARACTERS})"
    return name if column.type.kind == "FIXED" else f"{name}::VARCHAR"


def _like_escaped(text: str) -> str:
    """`text` as a LIKE pattern that matches only itself (backslash is LIKE's escape in SHOW)."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return text


def _literal(text: str) -> str:
    """A string literal, for SHOW, which takes no bound values."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
