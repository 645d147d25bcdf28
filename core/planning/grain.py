"""How many rows come out of a plan, measured on a sample, and which keys keep the rows apart.

A sample cannot show the groups of a table directly: among 5,000 of ten million rows nearly all
groups differ. What it shows is how often two of its rows share a group, from which the number of
groups is estimated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.planning.date_formats import DateFormat
from core.planning.names import join_names
from core.planning.source import TIMESTAMPS, Source, SourceColumn
from core.remedy import Advice, Remedy, join_remedies
from core.request.lists import format_names
from core.request.request import Request

Sample = Mapping[str, Sequence[object]]

# More groups than this share of the rows is too little aggregation to be silent about.
_LARGE: Final = 0.5
# In a smaller table there is little to aggregate, and all of it can be seen.
_LEAST_ROWS: Final = 100
# Of a source of unknown size a sample is compared with itself, and any sample of many groups has
# few rows in each. So nearly every sampled row must be a group of its own.
_NEARLY_ALL: Final = 0.95
# Values of these types are sampled in full. Text is cut to a length, and a time to the session's
# output format.
_WHOLE: Final = frozenset({"FIXED", "REAL", "BOOLEAN", "DATE"})
_TEXT_CHARACTERS: Final = 100
_ISO_MONTH: Final = len("2024-01")


@dataclass(frozen=True)
class Grain:
    """What is said of a plan of whose rows more than half come out.

    Attributes:
        rows: the rows that go in; of a source of unknown size, the sampled ones.
        out: the rows that come out of these.
        counted: whether `out` was counted rather than estimated.
        sampled: the rows of the sample.
        causes: the keys that keep the rows apart, and the number of different values of each in the
            sample, most first.
        without: the estimated rows a month without the causes.
        months: the number of months; None if only a part of the table was read.
        remedies: the options that leave the causes out.
    """

    rows: int
    out: int
    counted: bool
    sampled: int
    causes: tuple[tuple[str, int], ...]
    without: float
    months: int | None
    remedies: tuple[Remedy, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the causes, the one with the most different values first."""
        return tuple(name for name, _ in self.causes)

    @property
    def sentence(self) -> Advice:
        """The flag in words, with its remedies."""
        (first, count), *others = self.causes
        named = [
            f"{first} ({count:,} different values in {self.sampled:,} sampled rows)",
            *(f"{name} ({number:,})" for name, number in others),
        ]
        rows = f"{self.out:,} of {self.rows:,} rows remain"
        them, keys = ("it", "key") if len(self.causes) == 1 else ("them", "keys")
        return Advice(
            f"{rows if self.counted else f'About {rows}'}, because of the {keys} "
            f"{join_names(named)}. {self._compare(them)} Leave {them} out: ",
            join_remedies(self.remedies),
            ".",
        )

    def _compare(self, them: str) -> str:
        """Say what would remain without the causes, and by month alone."""
        each, months = (" a month", 1) if self.months is None else ("", self.months)
        alone = f"{months:,} {'row' if months == 1 else 'rows'}{each}"
        if len(self.remedies) == 1:  # the causes are all keys
            return f"By month alone it is {alone}."
        without = max(round(self.without * months), months)
        return f"Without {them} it is about {without:,}{each}, by month alone {alone}."

    def with_counts(
        self, rows: int, out: int, months: int | None, *, counted: bool
    ) -> Grain | None:
        """Return the grain with figures of a larger sample, or of the whole table.

        Args:
            rows: the rows that go in.
            out: the rows that come out.
            months: the number of months; None if only a part of the table was read.
            counted: whether `out` was counted.

        Returns:
            The grain; None if at most half of the rows come out.
        """
        if out <= _LARGE * rows:
            return None
        return replace(self, rows=rows, out=min(out, rows), months=months, counted=counted)


def measure_grain(
    source: Source,
    keys: Sequence[SourceColumn],
    month: SourceColumn,
    month_format: DateFormat | None,
    sample: Sample,
    request: Request,
) -> Grain | None:
    """Return the grain of a plan of whose rows more than half come out, by its keys.

    Args:
        source: the table or view.
        keys: the key columns of the plan.
        month: its month column.
        month_format: the format of the month column's text, or the unit of its numbers.
        sample: sampled values by column name; a key that is missing does not count.
        request: the request of the plan, for the remedies.

    Returns:
        The grain; None if at most half of the rows come out, if as many come out without the keys,
        for a table of less than a hundred rows, and if the months of the sample cannot be read.
    """
    filled = _find_filled_rows(sample)
    known = [column for column in keys if column.name in sample]
    months = _read_months(month, month_format, sample.get(month.name, ()), filled)
    if months is None or not known or not filled:
        return None
    values = {column.name: _pick(sample[column.name], filled) for column in known}
    distinct = {name: len(set(each)) for name, each in values.items()}
    known.sort(key=lambda column: distinct[column.name])  # stable: table order between equals
    seen = len(next(iter(sample.values())))
    size = None if source.is_view else source.rows
    whole, rows = size == seen, size or seen
    limit = _NEARLY_ALL if size is None else _LARGE
    total = max(round(rows * len(filled) / seen), len(filled))
    counts = _count_groups(months, [values[column.name] for column in known], total)
    if rows < _LEAST_ROWS or counts[-1] <= limit * rows or counts[0] >= counts[-1]:
        return None
    kept = max((n for n, count in enumerate(counts) if count <= _LARGE * rows), default=0)
    causes = [column.name for column in reversed(known[kept:])]
    exact = whole and len(known) == len(keys) and all(is_whole(c, values[c.name]) for c in known)
    number = len(set(months))
    return Grain(
        rows=rows,
        out=counts[-1],
        counted=exact,
        sampled=seen,
        causes=tuple((name, distinct[name]) for name in causes),
        without=counts[kept] / number,
        months=number if whole else None,
        remedies=_list_remedies(request, [c.name for c in keys], causes),
    )


def estimate_groups(sampled: int, groups: int, single: int, total: float) -> int:
    """Estimate the number of groups of a table from those of a sample.

    Uses Haas and Stokes' estimator Duj1 ("Estimating the number of classes in a finite population",
    1998), as PostgreSQL's ANALYZE does: n d / (n - f1 + f1 n / N).

    Args:
        sampled: n, the rows of the sample.
        groups: d, its groups.
        single: f1, the groups of one row.
        total: N, the rows of the table.

    Example:
        >>> estimate_groups(sampled=5_000, groups=4_990, single=4_980, total=1_000_000)
        998000
    """
    if not sampled:
        return 0
    estimate = sampled * groups / (sampled - single + single * sampled / total)
    return round(min(max(estimate, groups), total))


def _find_filled_rows(sample: Sample) -> list[int]:
    """Return the indexes of the rows in which not every sampled value is blank."""
    return [
        index
        for index, row in enumerate(zip(*sample.values(), strict=True))
        if any(v is not None and not (isinstance(v, str) and not v.strip()) for v in row)
    ]


def _pick(values: Sequence[object], rows: Sequence[int]) -> list[object]:
    """Return the values of `rows`; NaN, which does not equal itself, as text."""
    picked = (values[index] for index in rows)
    return ["NaN" if value != value else value for value in picked]


def _read_months(
    column: SourceColumn,
    known: DateFormat | None,
    values: Sequence[object],
    rows: Sequence[int],
) -> list[object] | None:
    """Return the months of the sampled dates; None if a session writes them otherwise."""
    if not values:
        return None
    given = [values[index] for index in rows]
    if known is not None:
        return [_read_month(known, value) for value in given]
    if column.type.kind != "DATE" and column.type.kind not in TIMESTAMPS:
        return None
    texts = [None if value is None else str(value)[:_ISO_MONTH] for value in given]
    readable = all(text is None or (text[:4].isdigit() and text[4:5] == "-") for text in texts)
    return list(texts) if readable else None


def _read_month(known: DateFormat, value: object) -> object:
    """Return the year and month of a text or number; None if it is not valid."""
    day = known.read(value.strip() if isinstance(value, str) else value)
    return (day.year, day.month) if day else None


def _count_groups(
    months: Sequence[object], keys: Iterable[Sequence[object]], total: int
) -> list[int]:
    """Return the estimated groups by month alone, then with each further key."""
    codes = _number(months)
    counts = [_estimate(codes, total)]
    for values in keys:
        codes = _number(list(zip(codes, values, strict=True)))
        counts.append(_estimate(codes, total))
    return counts


def _number(values: Sequence[object]) -> list[int]:
    """Return a number for each value, the same for equal ones."""
    known: dict[object, int] = {}
    return [known.setdefault(value, len(known)) for value in values]


def _estimate(codes: Sequence[int], total: int) -> int:
    sizes = Counter(codes)
    single = sum(size == 1 for size in sizes.values())
    return estimate_groups(len(codes), len(sizes), single, total)


def is_whole(column: SourceColumn, values: Sequence[object]) -> bool:
    """Whether the sampled values of a column are those of the table, not cut to a length."""
    if column.type.kind == "TEXT":
        return all(value is None or len(str(value)) < _TEXT_CHARACTERS for value in values)
    return column.type.kind in _WHOLE


def _list_remedies(
    request: Request, keys: Sequence[str], causes: Sequence[str]
) -> tuple[Remedy, ...]:
    """Return the options that leave out the causes, then, if that differs, all keys."""
    rest = [name for name in keys if name not in causes]
    none = Remedy("key_columns", "none")
    if not rest:
        return (none,)
    if request.key_columns is not None:
        return Remedy("key_columns", format_names(rest)), none
    return Remedy("drop_columns", format_names([*request.drop_columns, *causes])), none
