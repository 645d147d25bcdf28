"""Detection of the date column and of the format of its values.

Candidates are ranked: columns of a date type before text before numbers, then names that refer to
time, then columns with fewer NULLs, then the order of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from core.errors import SourceDataError, UsageError
from core.planning.date_candidates import (
    DATES,
    DateCandidate,
    accept_column,
    detect_column,
    names_time,
    strip_texts,
)
from core.planning.date_directives import MONTH_NAMES
from core.planning.date_formats import DateFormat, parse_format
from core.planning.date_refusals import explain_refusal
from core.planning.identifiers import find_identifiers
from core.planning.names import join_names
from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.planning.source import SourceColumn

__all__ = ["DateCandidate", "choose_date", "find_date_candidates", "find_identifiers"]

Sample = Mapping[str, Sequence[object]]


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
        accepted = accept_column(given, sample.get(column, ()), wanted)
        return _require_one_format(accepted, ()), ()
    ranked = _rank_candidates(columns, sample, wanted)
    if not ranked:
        raise _make_error(columns, sample, wanted)
    return _require_one_format(ranked[0], ranked[1:]), tuple(ranked[1:])


def _require_one_format(chosen: DateCandidate, others: Sequence[DateCandidate]) -> DateCandidate:
    if not chosen.rivals:
        return chosen
    formats = [known for known in (chosen.format, *chosen.rivals) if known is not None]
    hint = Advice(
        "Choose one: ", join_remedies(Remedy("date_format", str(each)) for each in formats)
    )
    if others:
        names = join_names([each.column for each in others])
        hint = Advice(hint, f"; or another date column ({names}): ", Remedy("date_column"))
    found = f"The dates of column {chosen.column} can be read in {len(formats)} ways"
    readings = [f"{_write(known.read(chosen.example))} as {known}" for known in formats]
    error = SourceDataError(
        f"{found}: {chosen.example} is {', '.join(readings)}.", Advice(hint, ".")
    )
    error.stored = f"{found}: {', '.join(map(str, formats))}."
    raise error


def _write(day: date | None) -> str:
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}" if day else "no date"


def _make_error(
    columns: Sequence[SourceColumn], sample: Sample, wanted: DateFormat | None
) -> SourceDataError | UsageError:
    names = join_names([f"{column.name} ({column.type.text})" for column in columns])
    if wanted is None:
        return SourceDataError(
            f"No column looks like a date. Columns: {names}.{_explain_texts(columns, sample)}",
            Advice(
                "Name the date column: ",
                Remedy("date_column"),
                "; and how it is written: ",
                Remedy("date_format"),
                ".",
            ),
        )
    real = [column.name for column in columns if column.type.kind in DATES]
    if real:
        return UsageError(
            f"No column has the format {wanted}; {join_names(real)} needs no format.",
            Advice(
                "Leave the format out (",
                Remedy("date_format"),
                "), or name the column: ",
                Remedy("date_column"),
                ".",
            ),
        )
    return SourceDataError(
        f"No column has the format {wanted}. Columns: {names}.",
        Advice("Name the date column: ", Remedy("date_column"), "."),
    )


def _explain_texts(columns: Sequence[SourceColumn], sample: Sample) -> str:
    """Return a sentence for each column whose name refers to time and whose texts are no dates."""
    said = ""
    for column in columns:
        if column.type.kind == "TEXT" and names_time(column.name):
            refusal = explain_refusal(strip_texts(sample.get(column.name, ())))
            said += f" The texts of {column.name} are {refusal.reason}." if refusal else ""
    return said


def _rank_candidates(
    columns: Sequence[SourceColumn], sample: Sample, wanted: DateFormat | None
) -> list[DateCandidate]:
    found = [
        (_rank(column, candidate), candidate)
        for column in columns
        if (candidate := detect_column(column, sample.get(column.name, ()), wanted)) is not None
    ]
    # Stable: the order of the table decides between equals.
    return [candidate for _, candidate in sorted(found, key=lambda pair: pair[0])]


def _rank(column: SourceColumn, candidate: DateCandidate) -> tuple[int, bool, float]:
    kind = 0 if column.type.kind in DATES else 1 if column.type.kind == "TEXT" else 2
    return kind, not names_time(column.name), candidate.nulls
