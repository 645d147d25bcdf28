"""Partial results of the aggregation: frames that can be added in any order.

A partial result has `month`, `key_1`..., the columns of its sums, and `rows`, the number of rows of
each group. All have the same types, whatever the batch, so that any of them can be added: integers
have sums of 128 bits, which fewer than 2^64 rows cannot exceed, other NUMBERs of 38 digits, and
floats the exact columns of `core.aggregation.exact_floats`. A sum is NULL if its group has only
NULLs; so NULL is added as nothing.

Polars' streaming engine must run every query that adds: the decimal sums of its in-memory engine
overflow without an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import polars as pl

from core.aggregation import exact_floats
from core.planning.source import ColumnType
from core.query import Field

# The number of rows of each group.
ROWS = "rows"
_RUN = "run"
_BOUND = "bound"


class PartialSums:
    """Makes, adds and finishes the partial results of a statement.

    Args:
        fields: the columns of the statement.
    """

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.by = [field.alias for field in fields if field.is_group]
        self._keys = [_make_key(field) for field in fields if field.is_group]
        self._sums = [
            (field.alias, field.column.source.type)
            for field in fields
            if field.is_sum and field.column
        ]

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows as a partial result of as many groups."""
        parts: list[pl.Expr] = []
        for alias, kind in self._sums:
            parts += exact_floats.split(rows, alias) if _is_float(kind) else [_widen(alias, kind)]
        return rows.select(*self._keys, *parts, pl.lit(1, pl.Int64).alias(ROWS))

    def group(self, rows: pl.DataFrame, narrow: Collection[str] = ()) -> pl.DataFrame:
        """Return the partial result of rows, one row a group, in no order.

        Args:
            rows: `month`, `key_1`..., `sum_1`...
            narrow: the sum columns whose values are integers of at most 32 bits.
        """
        columns: list[pl.Series] = []
        sums: list[pl.Expr] = []
        results: list[pl.Expr] = []
        for alias, kind in self._sums:
            addends = _divide(rows, alias, kind, narrow)
            has_gaps = addends.has_gaps or bool(rows[alias].null_count())
            names = [column.name for column in addends.columns]
            sums += _add(names, () if has_gaps else names)
            columns += addends.columns
            results += addends.exact
        query = rows.select(*self._keys, *columns).lazy().group_by(self.by)
        grouped = _run(query.agg(*sums, pl.len().cast(pl.Int64).alias(ROWS)))
        return grouped.select(*self.by, *results, ROWS)

    def add(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Return the sum of partial results, one row a group, in no order."""
        every = concat(parts)
        return _run(every.lazy().group_by(self.by).agg(_add_all(every, self.by)))

    def add_in_order(self, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
        """Return the sum of partial results, one row a group, sorted by the groups."""
        return self.add_sorted(self.sort(concat(parts)))

    def sort(self, part: pl.DataFrame) -> pl.DataFrame:
        """Return a partial result sorted by its groups, NULLs last."""
        return part.sort(self.by, nulls_last=True)

    def add_sorted(self, part: pl.DataFrame, *more: str) -> pl.DataFrame:
        """Return a sorted partial result with its equal groups added.

        Args:
            part: the partial result.
            more: columns that are part of the group, after those of the statement.
        """
        by = [*self.by, *more]
        if part.height < 2:
            return part
        starts = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift()) for c in by)
        runs = part.select((starts | (pl.int_range(pl.len()) == 0)).cum_sum().alias(_RUN))
        if runs[_RUN][-1] == part.height:
            return part
        rows = part.with_columns(runs[_RUN]).lazy().group_by(_RUN)
        keys = [pl.col(name).first() for name in by]
        return _run(rows.agg(*keys, *_add_all(part, by)).sort(_RUN).drop(_RUN))

    def divide(self, part: pl.DataFrame, bounds: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows of a partial result in ranges, each sorted and its equal groups added.

        Args:
            part: the partial result.
            bounds: the least group of each range but the first, sorted.
        """
        marked = concat(
            [
                part.with_columns(pl.lit(False).alias(_BOUND)),
                bounds.with_columns(pl.lit(True).alias(_BOUND)),
            ]
        )
        ordered = self.add_sorted(
            marked.sort(  # a bound before the rows that are equal to it
                [*self.by, _BOUND],
                nulls_last=True,
                descending=[*(False for _ in self.by), True],
            ),
            _BOUND,
        )
        rows, start = ordered.drop(_BOUND), 0
        for end in [*ordered[_BOUND].arg_true(), ordered.height]:
            yield rows.slice(start, end - start)
            start = end + 1

    def finish(self, part: pl.DataFrame) -> pl.DataFrame:
        """Return the groups of a partial result with the types of `arrow_types.read_type`.

        Sums of integers become DECIMAL(38,0), those of floats are rounded.
        """
        for alias, kind in self._sums:
            if _is_float(kind):
                part = exact_floats.join(part, alias)
            elif kind.fits_int64:
                part = part.with_columns(pl.col(alias).cast(pl.Decimal(38, 0)))
        return part.select(*self.by, *(alias for alias, _ in self._sums), ROWS)


def concat(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of several partial results, whose exact columns may differ."""
    return pl.concat(parts, how="diagonal")


def _add_all(part: pl.DataFrame, by: Collection[str]) -> list[pl.Expr]:
    """Return the sums of all columns that are not part of the group."""
    names = [name for name in part.columns if name not in by]
    return _add(names, [name for name in names if not part[name].null_count()])


def _add(names: Iterable[str], full: Collection[str]) -> list[pl.Expr]:
    """Return the sums of columns; NULL where a group has only NULLs, which `full` ones lack."""
    return [
        pl.col(name).sum()
        if name in full
        else pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum())
        for name in names
    ]


def _divide(
    rows: pl.DataFrame, alias: str, kind: ColumnType, narrow: Collection[str]
) -> exact_floats.Addends:
    """Return the columns to add for a sum, and the columns of the partial result."""
    if _is_float(kind):
        return exact_floats.divide(rows, alias)
    values = rows[alias]
    if kind.fits_int64 and alias not in narrow:
        values = values.cast(pl.Int128)
    return exact_floats.Addends([values], [_widen(alias, kind)], has_gaps=False)


def _widen(alias: str, kind: ColumnType) -> pl.Expr:
    """Return a column of NUMBERs with room for its sums."""
    return pl.col(alias).cast(pl.Int128) if kind.fits_int64 else pl.col(alias)


def _run(query: pl.LazyFrame) -> pl.DataFrame:
    return query.collect(engine="streaming")


def _is_float(kind: ColumnType) -> bool:
    return kind.kind != "FIXED"


def _make_key(field: Field) -> pl.Expr:
    column = pl.col(field.alias)
    if field.is_key and field.column and field.column.source.type.kind == "REAL":
        return (column + 0.0).alias(field.alias)  # -0.0 and 0.0 are one key: 0.0
    return column
