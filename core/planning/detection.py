"""Detection of the date column and of the format of its values.

Candidates are ranked: columns of a date type before text before numbers, then names that refer to
time, then columns with fewer NULLs, then the order of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from core.errors import SourceDataError, UsageError
from core.planning.date_formats import EpochUnit, TextFormat, parse_format
from core.planning.date_recognition import (
    TextFit,
    fit_text,
    recognise_epoch,
    recognise_text,
    whole_numbers,
)
from core.planning.identifiers import find_identifiers, split_name
from core.planning.names import join_names
from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.planning.source import SourceColumn

__all__ = ["DateCandidate", "choose_date", "find_date_candidates", "find_identifiers"]

Sample = Mapping[str, Sequence[object]]

_DATES = frozenset({"DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})
_TIME_WORDS = frozenset({
    "DATE", "DATES", "DATETIME", "DT", "DTM", "TIME", "TIMESTAMP", "TS", "TSTAMP", "EPOCH", "WHEN",
    "DAY", "MONTH", "DOB", "BIRTH", "BIRTHDAY", "CREATED", "CREATION", "UPDATED", "MODIFIED",
    "CHANGED", "INSERTED", "LOADED", "DELETED", "ORDERED", "SHIPPED", "DELIVERED", "STARTED",
    "ENDED", "COMPLETED", "SUBMITTED", "REGISTERED", "PUBLISHED", "EXPIRES", "EXPIRY", "DUE",
})  # fmt: skip
# Endings of words that refer to time, as in ORDERDATE and SHIPTIME, and words that only end so.
_TIME_ENDINGS = ("DATE", "TIME", "TIMESTAMP", "DT")
_NOT_TIME = frozenset({"CANDIDATE", "MANDATE", "LIFETIME", "RUNTIME", "OVERTIME", "DOWNTIME"})
_EPOCH_WORDS = {
    EpochUnit.SECONDS: "seconds",
    EpochUnit.MILLISECONDS: "milliseconds",
    EpochUnit.MICROSECONDS: "microseconds",
    EpochUnit.NANOSECONDS: "nanoseconds",
}


@dataclass(frozen=True)
class DateCandidate:
    """A column that can be the date.

    Attributes:
        column: its name.
        format: the format of its text, or the unit of its numbers; None for a date type.
        nulls: the share of its sampled values that are NULL or blank, 0 to 1.
        why: the reason, in a few words.
        rival: a format with another order of day and month that fits equally well, or None. The
            user must then choose the format.
    """

    column: str
    format: TextFormat | EpochUnit | None
    nulls: float
    why: str
    rival: TextFormat | None = None


def find_date_candidates(columns: Sequence[SourceColumn], sample: Sample) -> list[DateCandidate]:
    """Return the columns that can be the date, the most likely first.

    Args:
        columns: the table's columns, in its order.
        sample: sampled values by column name (None is NULL); may lack columns.
    """
    return _rank_candidates(columns, sample, None)


def choose_date(
    columns: Sequence[SourceColumn],
    sample: Sample,
    *,
    column: str | None,
    date_format: str | None,
) -> tuple[DateCandidate, tuple[DateCandidate, ...]]:
    """Return the date column and its format.

    Args:
        columns: the table's columns, in its order; `column` is one of them.
        sample: sampled values by column name (None is NULL); may lack columns.
        column: the column to take; detected if None.
        date_format: the format to take, as `core.planning.date_formats.parse_format` accepts it;
            detected if None.

    Returns:
        The chosen column, and the other candidates, the most likely first; none if `column` was
        given.

    Raises:
        SourceDataError: no column is a date, or the format of its dates is ambiguous.
        UsageError: the format is invalid, or does not apply to the type of the column.
    """
    wanted = parse_format(date_format) if date_format is not None else None
    if column is not None:
        given = next(each for each in columns if each.name == column)
        return _require_one_format(_accept_column(given, sample, wanted), ()), ()
    ranked = _rank_candidates(columns, sample, wanted)
    if not ranked:
        raise _make_error(columns, wanted)
    return _require_one_format(ranked[0], ranked[1:]), tuple(ranked[1:])


def _require_one_format(chosen: DateCandidate, others: Sequence[DateCandidate]) -> DateCandidate:
    if chosen.rival is None or not isinstance(chosen.format, TextFormat):
        return chosen
    formats = (chosen.format.strptime, chosen.rival.strptime)
    hint = Advice("Choose one: ", join_remedies(Remedy("date_format", each) for each in formats))
    if others:
        names = join_names([each.column for each in others])
        hint = Advice(hint, f"; or another date column ({names}): ", Remedy("date_column"))
    raise SourceDataError(
        f"The dates of column {chosen.column} fit both {formats[0]} and {formats[1]}: the "
        "order of day and month is ambiguous.",
        Advice(hint, "."),
    )


def _make_error(
    columns: Sequence[SourceColumn], wanted: TextFormat | EpochUnit | None
) -> SourceDataError | UsageError:
    names = join_names([f"{column.name} ({column.type.text})" for column in columns])
    if wanted is None:
        return SourceDataError(
            f"No column looks like a date. Columns: {names}.",
            Advice(
                "Name the date column: ",
                Remedy("date_column"),
                "; and how it is written: ",
                Remedy("date_format"),
                ".",
            ),
        )
    shown = wanted.strptime if isinstance(wanted, TextFormat) else wanted.value
    real = [column.name for column in columns if column.type.kind in _DATES]
    if real:
        return UsageError(
            f"No column has the format {shown}; {join_names(real)} needs no format.",
            Advice(
                "Leave the format out (",
                Remedy("date_format"),
                "), or name the column: ",
                Remedy("date_column"),
                ".",
            ),
        )
    return SourceDataError(
        f"No column has the format {shown}. Columns: {names}.",
        Advice("Name the date column: ", Remedy("date_column"), "."),
    )


# ----------------------------------------------------------------------------------- candidates


def _rank_candidates(
    columns: Sequence[SourceColumn], sample: Sample, wanted: TextFormat | EpochUnit | None
) -> list[DateCandidate]:
    found = [
        candidate
        for column in columns
        if (candidate := _make_candidate(column, sample.get(column.name, ()), wanted)) is not None
    ]
    return sorted(found, key=_sort_key)  # stable: the order of the table decides between equals


def _sort_key(candidate: DateCandidate) -> tuple[int, bool, float]:
    kinds = (type(None), TextFormat, EpochUnit)
    kind = next(n for n, each in enumerate(kinds) if isinstance(candidate.format, each))
    return kind, not _names_time(candidate.column), candidate.nulls


def _names_time(name: str) -> bool:
    words = split_name(name)
    return (
        any(word in _TIME_WORDS for word in words)
        or any(word.endswith(_TIME_ENDINGS) and word not in _NOT_TIME for word in words)
        or any(word.startswith("DATEOF") for word in words)
        or (len(words) > 1 and words[-1] == "AT")  # PAID_AT, deletedAt
    )


def _make_candidate(
    column: SourceColumn, values: Sequence[object], wanted: TextFormat | EpochUnit | None
) -> DateCandidate | None:
    kind = column.type.kind
    if kind in _DATES:
        return _describe_date(column, values) if wanted is None else None
    if kind == "TEXT" and not isinstance(wanted, EpochUnit):
        texts = _strip_texts(values)
        fit = fit_text(wanted, texts) if wanted else recognise_text(texts)
        return _describe_text(column, values, fit) if fit and fit.fitting and fit.enough else None
    if kind == "FIXED" and not isinstance(wanted, TextFormat):
        unit = recognise_epoch(values)
        since_1970 = min(whole_numbers(values), default=0) >= 0
        if unit and since_1970 and wanted in (None, unit) and _names_time(column.name):
            return _describe_epoch(column, values, unit)
    return None


def _accept_column(
    column: SourceColumn, sample: Sample, wanted: TextFormat | EpochUnit | None
) -> DateCandidate:
    """Return the column that the user named as the date, even if it would not be a candidate."""
    values = sample.get(column.name, ())
    kind = column.type.kind
    if kind in _DATES:
        if wanted is not None:
            raise UsageError(
                f"Column {column.name} is {column.type.text}: it needs no date format.",
                Advice("Leave it out: ", Remedy("date_format"), "."),
            )
        return _describe_date(column, values)
    if kind == "TEXT":
        return _accept_text(column, values, wanted)
    if column.type.numeric:
        return _accept_number(column, values, wanted)
    raise SourceDataError(
        f"Column {column.name} is {column.type.text}: it cannot be the date column.",
        Advice("Choose a column of dates, text or numbers: ", Remedy("date_column"), "."),
    )


def _accept_text(
    column: SourceColumn, values: Sequence[object], wanted: TextFormat | EpochUnit | None
) -> DateCandidate:
    texts = _strip_texts(values)
    if isinstance(wanted, EpochUnit):
        raise UsageError(
            f"Column {column.name} is {column.type.text}: {wanted} is for numbers.",
            Advice("Give a format for text, such as ", Remedy("date_format", "%Y-%m-%d"), "."),
        )
    if wanted is not None:
        return _describe_text(column, values, fit_text(wanted, texts))
    if not texts:  # the run then parses each value, or reports it as invalid
        return DateCandidate(column.name, _ISO, _measure_nulls(values), "text, no sampled value")
    fit = recognise_text(texts)
    if fit is None or not fit.enough:
        near = f"; {fit.format.strptime} fits {_format_percent(fit)} of them" if fit else ""
        raise SourceDataError(
            f"The text of column {column.name} is not in one known date format: "
            f"{len(texts):,} values were sampled{near}.",
            Advice(
                "Give its format, such as ",
                Remedy("date_format", "%d/%m/%Y"),
                "; or choose another column: ",
                Remedy("date_column"),
                ".",
            ),
        )
    return _describe_text(column, values, fit)


def _accept_number(
    column: SourceColumn, values: Sequence[object], wanted: TextFormat | EpochUnit | None
) -> DateCandidate:
    if isinstance(wanted, TextFormat):
        raise UsageError(
            f"Column {column.name} is {column.type.text}: {wanted.strptime} is for text.",
            Advice(f"Give one of {_EPOCHS}: ", Remedy("date_format"), "."),
        )
    unit = wanted or recognise_epoch(values)
    if unit is None:
        raise SourceDataError(
            f"The numbers of column {column.name} are not clearly times since 1970.",
            Advice(
                f"Give what they count ({_EPOCHS}): ",
                Remedy("date_format"),
                "; for numbers such as 20240131, transfer a view that makes dates of them.",
            ),
        )
    return _describe_epoch(column, values, unit)


_ISO = TextFormat("%Y-%m-%d", "YYYY-MM-DD")
_EPOCHS: Final = ", ".join(EpochUnit)


def _describe_date(column: SourceColumn, values: Sequence[object]) -> DateCandidate:
    return DateCandidate(column.name, None, _measure_nulls(values), f"{column.type.kind} column")


def _describe_text(column: SourceColumn, values: Sequence[object], fit: TextFit) -> DateCandidate:
    why = f"text, {_format_percent(fit)} of {fit.total:,} sampled values are {fit.format.snowflake}"
    if fit.rival:
        why = f"text, sampled values are {fit.format.snowflake} or {fit.rival.snowflake}"
    if not fit.total:
        why = f"text, read as {fit.format.snowflake}"
    return DateCandidate(column.name, fit.format, _measure_nulls(values), why, fit.rival)


def _describe_epoch(
    column: SourceColumn, values: Sequence[object], unit: EpochUnit
) -> DateCandidate:
    why = f"epoch {_EPOCH_WORDS[unit]}{_format_span(whole_numbers(values), unit)}"
    return DateCandidate(column.name, unit, _measure_nulls(values), why)


def _format_span(numbers: Sequence[int], unit: EpochUnit) -> str:
    """Return the first and the last year as `, 1995-2018`; empty if Python has no such years."""
    if not numbers:
        return ""
    try:
        first, last = (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number // 10**unit.scale)).year
            for number in (min(numbers), max(numbers))
        )
    except OverflowError:
        return ""
    return f", {first}-{last}"


def _format_percent(fit: TextFit) -> str:
    """Return the share of values that fit, rounded down, so that 100% means all."""
    share = fit.fitting * 1000 // max(fit.total, 1) / 10
    return f"{share:g}%"


def _strip_texts(values: Sequence[object]) -> list[str]:
    return [text for value in values if isinstance(value, str) and (text := value.strip())]


def _measure_nulls(values: Sequence[object]) -> float:
    blank = sum(value is None or (isinstance(value, str) and not value.strip()) for value in values)
    return blank / len(values) if values else 0.0
