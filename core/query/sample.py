"""The statement that samples a few thousand rows, for detection and for the app."""

from __future__ import annotations

from core.planning.source import TIMESTAMPS, Source, SourceColumn
from core.query.rows import BAD_VALUE_CHARACTERS, addend, key
from core.query.statement import Binds, Field, Statement, qualify, quote, select

SAMPLE_ROWS = 5_000
_VALUES = 500_000  # about 40 MB of Python values
_LEAST_ROWS = 200
_SEED = 1
_DETECTED = frozenset({"TEXT", "FIXED", "DATE"}) | TIMESTAMPS
_AS_TEXT = frozenset({"DATE", "TIME", "BOOLEAN", "BINARY"}) | TIMESTAMPS
SHORT_CHARACTERS = 40  # of values that are only shown


def select_sample(source: Source, columns: tuple[SourceColumn, ...]) -> Statement:
    """Return the statement that selects about 5,000 rows of `columns`.

    Fewer rows are selected if the table has more than a hundred columns. Every call for a table
    selects the same rows, whatever the columns. Numbers stay numbers, everything else becomes text.
    Small tables are read completely. Views are read from their beginning, because Snowflake can
    neither sample a view with a seed nor sample it without reading all of it.
    """
    fields = [Field(f"sample_{n}", _select_value(column)) for n, column in enumerate(columns, 1)]
    # Sample twice as many rows as needed, so that LIMIT is nearly always reached.
    rows = min(SAMPLE_ROWS, max(_VALUES // len(source.columns), _LEAST_ROWS))
    sampling = sample_clause(source, 2 * rows)
    return select(fields, f"FROM {qualify(source.name)}{sampling}\nLIMIT {rows}", Binds())


def sample_clause(source: Source, rows: int) -> str:
    """Return the clause that samples about `rows` rows of a table.

    The clause is empty for tables that have no more rows than that, and for views.
    """
    if source.is_view or not source.rows or source.rows <= rows:
        return ""
    percent = max(100 * rows / source.rows, 0.000001)
    return f" SAMPLE BERNOULLI ({percent:.6f}) SEED ({_SEED})"


def pick_sample_columns(source: Source) -> tuple[SourceColumn, ...]:
    """Return the columns whose values detection needs."""
    return tuple(column for column in source.columns if column.type.kind in _DETECTED)


def _select_value(column: SourceColumn) -> str:
    name, kind = quote(column.name), column.type.kind
    if kind == "TEXT":
        return f"LEFT({name}, {BAD_VALUE_CHARACTERS})"
    if column.type.numeric:
        return addend(column)
    if kind not in _AS_TEXT:
        return f"LEFT({key(column)}, {SHORT_CHARACTERS})"
    return f"LEFT({name}::VARCHAR, {SHORT_CHARACTERS})" if kind == "BINARY" else f"{name}::VARCHAR"
