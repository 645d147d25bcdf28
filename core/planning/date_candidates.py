"""The columns that can be the date, each with the format of its values.

A column can be detected, by its sampled values and its name, or accepted because the user named it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from core.errors import SourceDataError, UsageError
from core.planning.date_formats import ISO, DateFormat, EpochUnit, TextFormat
from core.planning.date_recognition import (
    LOOSE_YEARS,
    Fit,
    find_future,
    fit_values,
    recognise_epoch,
    recognise_numbers,
    recognise_text,
    whole_numbers,
)
from core.planning.date_refusals import explain_refusal
from core.planning.identifiers import split_name
from core.remedy import Advice, Remedy

if TYPE_CHECKING:
    from core.planning.source import SourceColumn

DATES = frozenset({"DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})
_TIME_WORDS = frozenset({
    "DATE", "DATES", "DATETIME", "DT", "DTM", "TIME", "TIMESTAMP", "TS", "TSTAMP", "EPOCH", "WHEN",
    "DAY", "MONTH", "DOB", "BIRTH", "BIRTHDAY", "CREATED", "CREATION", "UPDATED", "MODIFIED",
    "CHANGED", "INSERTED", "LOADED", "DELETED", "ORDERED", "SHIPPED", "DELIVERED", "STARTED",
    "ENDED", "COMPLETED", "SUBMITTED", "REGISTERED", "PUBLISHED", "EXPIRES", "EXPIRY", "DUE",
    "PERIOD", "YEARMONTH", "CALMONTH", "CALDAY", "YYYYMMDD", "YYYYMM",
})  # fmt: skip
# Endings of words that refer to time, as in ORDERDATE and SHIPTIME, and words that only end so.
_TIME_ENDINGS = ("DATE", "TIME", "TIMESTAMP", "DT")
_NOT_TIME = frozenset({"CANDIDATE", "MANDATE", "LIFETIME", "RUNTIME", "OVERTIME", "DOWNTIME"})
# Endings of the keys of a calendar table, as in ORDERDATEKEY.
_KEY_ENDINGS = ("KEY", "ID", "SK")
_NUMBER_YEARS = range(1970, 2101)
_EPOCHS: Final = ", ".join(EpochUnit)
_COMMON_NUMBERS: Final = ("%Y%m%d", "%Y%m")
_COMMON_TEXTS: Final = ("iso", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%Y-%m-%d")


@dataclass(frozen=True)
class DateCandidate:
    """A column that can be the date.

    Attributes:
        column: its name.
        format: the format of its text or numbers; None for a date type.
        nulls: the share of its sampled values that are NULL or blank, 0 to 1.
        why: the reason, in a few words.
        rivals: the formats with other orders of year, month and day that fit equally well. If there
            are any, the user must choose the format.
        example: a value that `format` and `rivals` read differently; empty without rivals.
        future: a sentence about months after the current one; empty without any, and if the type
            is a date.
    """

    column: str
    format: DateFormat | None
    nulls: float
    why: str
    rivals: tuple[TextFormat, ...] = ()
    example: str = ""
    future: str = ""


def detect_column(
    column: SourceColumn, values: Sequence[object], wanted: DateFormat | None
) -> DateCandidate | None:
    """Return the column as a candidate; None if its values or its name are not those of a date.

    Args:
        column: the column.
        values: sampled values (None is NULL).
        wanted: the format that the values must have; detected if None.
    """
    kind = column.type.kind
    if kind in DATES:
        return _describe_date(column, values) if wanted is None else None
    if kind == "TEXT":
        texts = strip_texts(values)
        fit = fit_values(wanted, texts) if wanted else recognise_text(texts)
    elif kind == "FIXED" and names_time(column.name):  # before its values, which take longer
        fit = _fit_numbers(values, wanted)
    else:
        return None
    if fit is None or not fit.fitting or not fit.enough:
        return None
    if fit.needs_name and not names_time(column.name):
        return None
    return _describe(column, values, fit)


def _fit_numbers(values: Sequence[object], wanted: DateFormat | None) -> Fit | None:
    """Return how numbers fit as they must to be detected: all of them, from 1970 to 2100."""
    numbers = [value for value in values if value is not None]
    fit = recognise_numbers(numbers, _NUMBER_YEARS)
    if fit is None:
        unit = recognise_epoch(numbers)
        since_1970 = min(whole_numbers(numbers), default=0) >= 0
        fit = fit_values(unit, numbers) if unit and since_1970 else None
    if wanted is None or fit is None or fit.format == wanted:
        return fit
    given = fit_values(wanted, numbers)
    return given if wanted in fit.rivals and given.fitting == given.total else None


def accept_column(
    column: SourceColumn, values: Sequence[object], wanted: DateFormat | None
) -> DateCandidate:
    """Return the column that the user named as the date, even if it would not be detected.

    Args:
        column: the column.
        values: sampled values (None is NULL).
        wanted: the format that the user gave; detected if None.

    Raises:
        SourceDataError: the column cannot be the date, or its format is not recognised.
        UsageError: the given format is not for this type of column.
    """
    kind = column.type.kind
    if kind in DATES:
        if wanted is not None:
            raise UsageError(
                f"Column {column.name} is {column.type.text}: it needs no date format.",
                Advice("Leave it out: ", Remedy("date_format"), "."),
            )
        return _describe_date(column, values)
    if kind == "TEXT":
        return _describe(column, values, _accept_text(column, strip_texts(values), wanted))
    if column.type.numeric:
        return _describe(column, values, _accept_number(column, values, wanted))
    raise SourceDataError(
        f"Column {column.name} is {column.type.text}: it cannot be the date column.",
        Advice("Choose a column of dates, text or numbers: ", Remedy("date_column"), "."),
    )


def _accept_text(column: SourceColumn, texts: Sequence[str], wanted: DateFormat | None) -> Fit:
    if wanted is not None:
        return fit_values(wanted, texts)
    if not texts:  # the run then parses each value, or reports it as invalid
        return Fit(ISO, 0, 0)
    fit = recognise_text(texts)
    if fit is not None and fit.enough:
        return fit
    if refusal := explain_refusal(texts):
        raise _refuse_text(column, texts[0], refusal.reason, refusal.pattern)
    near = f"; {fit.format} fits {format_percent(fit)} of them" if fit else ""
    raise SourceDataError(
        f"The text of column {column.name} is not in one known date format: "
        f"{len(texts):,} values were sampled{near}.",
        Advice(
            "Give the format that all of them have: ",
            Remedy("date_format"),
            "; or choose another column: ",
            Remedy("date_column"),
            "; or transfer a view that makes dates of them.",
        ),
    )


def _refuse_text(
    column: SourceColumn, example: str, reason: str, pattern: str | None
) -> SourceDataError:
    found = f"The texts of column {column.name} are {reason}"
    if pattern:
        hint = Advice("Give their format: ", Remedy("date_format", pattern), ".")
    else:
        hint = Advice(
            "Choose another column: ",
            Remedy("date_column"),
            "; or transfer a view that makes dates of them.",
        )
    error = SourceDataError(f"{found}, such as {example!r}.", hint)
    error.stored = f"{found}."
    return error


def _accept_number(
    column: SourceColumn, values: Sequence[object], wanted: DateFormat | None
) -> Fit:
    numbers = [value for value in values if value is not None]
    if wanted is not None:
        check_format(column, wanted)
        return fit_values(wanted, numbers)
    fit = recognise_numbers(numbers, LOOSE_YEARS)
    unit = recognise_epoch(numbers)
    if fit is None and unit is not None:
        fit = fit_values(unit, numbers)
    if fit is None:
        raise SourceDataError(
            f"The numbers of column {column.name} are neither dates such as 20240131 or 202401 "
            "nor clearly times since 1970.",
            Advice(
                f"Give what they are (%Y%m%d, %Y%m, {_EPOCHS}): ",
                Remedy("date_format"),
                "; or transfer a view that makes dates of them.",
            ),
        )
    return fit


def check_format(column: SourceColumn, known: DateFormat) -> None:
    """Check that a format can be that of a column of this type.

    Raises:
        UsageError: the column is a number, and the format is not of digits only.
    """
    if column.type.numeric and isinstance(known, TextFormat) and not known.digits:
        raise UsageError(
            f"Column {column.name} is {column.type.text}: {known} is for text.",
            Advice(
                f"Give %Y%m%d, %Y%m or another format of digits only, or one of {_EPOCHS}: ",
                Remedy("date_format"),
                ".",
            ),
        )


def suggest_formats(column: SourceColumn, values: Sequence[object]) -> list[str]:
    """Return formats for a column as values of `date_format`, those that fit its values first.

    Args:
        column: a column of text or numbers.
        values: sampled values (None is NULL).
    """
    if column.type.numeric:
        found = recognise_numbers(values, LOOSE_YEARS)
        common = [*_COMMON_NUMBERS, *EpochUnit]
    else:
        found = recognise_text(strip_texts(values))
        common = list(_COMMON_TEXTS)
    best = [str(each) for each in (found.format, *found.rivals)] if found else []
    return list(dict.fromkeys([*best, *map(str, common)]))


# --------------------------------------------------------------------------------- descriptions


def _describe_date(column: SourceColumn, values: Sequence[object]) -> DateCandidate:
    return DateCandidate(column.name, None, _measure_nulls(values), f"{column.type.kind} column")


def _describe(column: SourceColumn, values: Sequence[object], fit: Fit) -> DateCandidate:
    known = fit.format
    text = column.type.kind == "TEXT"
    if isinstance(known, EpochUnit):
        why = f"{'text, ' if text else ''}{known.words}{_format_span(values, known)}"
    elif not fit.total:
        why = f"{'text' if text else 'numbers'}, read as {known.words}"
    else:
        what = "text" if text else "numbers"
        why = f"{what}, {format_percent(fit)} of {fit.total:,} sampled values are {known.words}"
        if fit.rivals:
            others = " or ".join(each.words for each in (known, *fit.rivals))
            why = f"{what}, sampled values are {others}"
    future = ""
    if text or isinstance(known, TextFormat):
        today = datetime.now(UTC).date()
        future = _warn_of_future(column, fit, find_future(known, values, today))
    nulls = _measure_nulls(values)
    return DateCandidate(column.name, known, nulls, why, fit.rivals, fit.example, future)


def _warn_of_future(column: SourceColumn, fit: Fit, count: int) -> str:
    if not count:
        return ""
    short = " Their years have two digits." if fit.format.has_short_year else ""
    return (
        f"{count:,} of {fit.total:,} sampled dates of {column.name} are after the current month, "
        f"read as {fit.format.words}.{short}"
    )


def _format_span(values: Sequence[object], unit: EpochUnit) -> str:
    """Return the first and the last year as `, 1995-2018`; empty if Python has no such years."""
    numbers = whole_numbers(values)
    ends = [unit.read(end) for end in (min(numbers), max(numbers))] if numbers else []
    years = [day.year for day in ends if day]
    return f", {years[0]}-{years[1]}" if len(years) > 1 else ""


def format_percent(fit: Fit) -> str:
    """Return the share of values that fit, rounded down, so that 100% means all."""
    share = fit.fitting * 1000 // max(fit.total, 1) / 10
    return f"{share:g}%"


def strip_texts(values: Sequence[object]) -> list[str]:
    """Return the texts among `values` that are not blank, without surrounding white space."""
    return [text for value in values if isinstance(value, str) and (text := value.strip())]


def names_time(name: str) -> bool:
    """Whether a column's name refers to time."""
    words = split_name(name)
    return (
        any(_refers_to_time(word) for word in words)
        or any(word.startswith("DATEOF") for word in words)
        or (len(words) > 1 and words[-1] == "AT")  # PAID_AT, deletedAt
    )


def _refers_to_time(word: str) -> bool:
    stems = [word, *(word.removesuffix(each) for each in _KEY_ENDINGS if word.endswith(each))]
    return any(
        stem in _TIME_WORDS or (stem.endswith(_TIME_ENDINGS) and stem not in _NOT_TIME)
        for stem in stems
    )


def _measure_nulls(values: Sequence[object]) -> float:
    blank = sum(value is None or (isinstance(value, str) and not value.strip()) for value in values)
    return blank / len(values) if values else 0.0
