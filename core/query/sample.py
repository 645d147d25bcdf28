"""The part of a source that is read for a look at it, and the statement that samples its values."""

from __future__ import annotations

from core.planning.source import TIMESTAMPS, Source, SourceColumn
from core.query.dates import BAD_VALUE_CHARACTERS
from core.query.rows import addend, key
from core.query.statement import Binds, Field, Statement, qualify, quote, select

SAMPLE_ROWS = 5_000
_LOOK_PARTITIONS = 4
_VALUES = 500_000  # about 40 MB of Python values
_LEAST_ROWS = 200
_SEED = 1
# The usual size of a micro-partition, compressed: Zimmerer and others, "Pruning in Snowflake:
# Working Smarter, Not Harder", SIGMOD 2025.
_PARTITION_BYTES = 16 * 1024**2
# The types of columns that can be the date, and of most keys. Others are read where they are shown.
_PLANNED = (
    frozenset({"TEXT", "FIXED", "DATE", "REAL", "DECFLOAT", "BOOLEAN", "TIME", "BINARY"})
    | frozenset({"VARIANT", "OBJECT", "ARRAY"})
    | TIMESTAMPS
)
_AS_TEXT = frozenset({"DATE", "TIME", "BOOLEAN", "BINARY"}) | TIMESTAMPS
SHORT_CHARACTERS = 40  # of values that are only shown


def select_sample(
    source: Source, columns: tuple[SourceColumn, ...], *, beginning: bool = False
) -> Statement:
    """Return the statement that selects about 5,000 rows of `columns`.

    Fewer rows are selected if the table has more than a hundred columns. Numbers stay numbers,
    everything else becomes text.

    Args:
        source: the table or view.
        columns: some of its columns.
        beginning: read the first rows, instead of those of `read_part`.
    """
    fields = [Field(f"sample_{n}", _select_value(column)) for n, column in enumerate(columns, 1)]
    part = read_part(source, _limit_rows(source), _LOOK_PARTITIONS, beginning=beginning)
    return select(fields, part, Binds())


def samples_all(source: Source, rows: int) -> bool:
    """Whether a sample of so many rows is known to have all rows of the source."""
    if source.is_view or source.rows is None:
        return rows < _limit_rows(source)
    return rows == source.rows


def samples_rows(source: Source) -> bool:
    """Whether a sample has rows from everywhere in the table, drawn one by one, or all rows."""
    return not source.is_view and fits(source, source.rows or 0, _LOOK_PARTITIONS)


def fits(source: Source, rows: int, partitions: int) -> bool:
    """Whether a table is known to have no more than so many rows and micro-partitions."""
    small = source.rows is not None and source.rows <= rows
    return small and (_count_partitions(source) or 0) <= partitions


def read_part(
    source: Source, rows: int, partitions: int, *, where: str = "", beginning: bool
) -> str:
    """Return the FROM and LIMIT clauses that read a part of a source, whatever its size.

    - A table of few micro-partitions is sampled row by row, which reads all of them.
    - A larger table is sampled by blocks, which Snowflake chooses before it reads any. One block
      holds the rows of one load, such as one day's, so a SELECT for each wanted partition has a
      seed of its own, and expects one block. LIMIT ends each SELECT within its first block. All
      together find no block at all in 2% of tables (4 partitions) or 0.03% (8).
    - A view or a table of unknown size is read from its beginning. Of views, Snowflake samples
      single rows only, and reads them all for it.

    Args:
        source: the table or view.
        rows: the most rows.
        partitions: the most micro-partitions of usual size.
        where: a WHERE clause for the rows of the part, on a line of its own.
        beginning: read the first rows instead.

    Sources: docs.snowflake.com, "SAMPLE / TABLESAMPLE";
    https://github.com/open-metadata/OpenMetadata/issues/8370 (views) and 8428 (what sampling by
    rows costs).
    """
    table = qualify(source.name)
    count = _count_partitions(source)
    if beginning or count is None or not source.rows or fits(source, rows, partitions):
        return f"FROM {table}{where}\nLIMIT {rows}"
    if count <= partitions:
        percent = 100 * rows / source.rows  # fewer than it has, else they all fit
        sampled = f"{table} SAMPLE BERNOULLI ({percent:.6f}) SEED ({_SEED})"
        return f"FROM {sampled}{where}\nLIMIT {rows}"
    # Twice as many rows as the result has, since not every SELECT finds a block; and at most those
    # of a partition of half the usual size, since rows beyond it would come from another one.
    each = max(min(2 * rows // partitions, source.rows // (2 * count)), 1)
    blocks = "\nUNION ALL\n".join(
        f"  (SELECT * FROM {table} SAMPLE SYSTEM ({100 / count:.8f}) SEED ({seed}) LIMIT {each})"
        for seed in range(_SEED, _SEED + partitions)
    )
    return f"FROM (\n{blocks}\n){where}\nLIMIT {rows}"


def pick_sample_columns(source: Source) -> tuple[SourceColumn, ...]:
    """Return the columns whose values planning needs: possible dates, and keys."""
    return tuple(column for column in source.columns if column.type.kind in _PLANNED)


def _limit_rows(source: Source) -> int:
    """Return the most rows of a sample."""
    return min(SAMPLE_ROWS, max(_VALUES // len(source.columns), _LEAST_ROWS))


def _count_partitions(source: Source) -> int | None:
    """Estimate the number of micro-partitions; None for views, and if the size is unknown."""
    if source.is_view or source.bytes is None:
        return None
    return -(-source.bytes // _PARTITION_BYTES)


def _select_value(column: SourceColumn) -> str:
    name, kind = quote(column.name), column.type.kind
    if kind == "TEXT":
        return f"LEFT({name}, {BAD_VALUE_CHARACTERS})"
    if column.type.numeric:
        return addend(column)
    if kind not in _AS_TEXT:
        return f"LEFT({key(column)}, {SHORT_CHARACTERS})"
    return f"LEFT({name}::VARCHAR, {SHORT_CHARACTERS})" if kind == "BINARY" else f"{name}::VARCHAR"
