"""The cases of months: of each type, of epochs, and of each format of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from core import query
from core.checking.case import ANY, Case, Literals, make_plan
from core.planning.date_formats import ISO, EpochUnit, TextFormat, parse_format
from core.planning.date_recognition import list_known_formats
from core.planning.plan import Plan, Role
from core.query.literals import over_literals, select_month_of_each

_FORMATS_AT_ONCE: Final = 64  # columns of one statement


def list_month_cases(timezone: str) -> Iterator[Case]:
    """Yield the cases; `timezone` is the TIMEZONE of the session."""
    yield from _months(ZoneInfo(timezone))
    yield from _epochs()
    yield from _formats()
    yield _two_digit_years()


_WRONG_MONTH: Final = "Rows would be delivered in another month."


def _month_case(
    subject: str,
    kind: str,
    months: Mapping[str | None, date | None],
    form: TextFormat | EpochUnit | None = None,
    meaning: str = _WRONG_MONTH,
) -> Case:
    """Return a case of a table of one column: each value with its month, None if it is invalid."""
    plan = make_plan({"D": (kind, Role.MONTH)}, form)
    literals = Literals(plan, [(value,) for value in months])
    rows: list[tuple[object, ...]] = []
    for value, month in months.items():
        bad = () if form is None else (value if month is None else None,)
        rows.append((month, value is None, *bad))
    return Case(subject, meaning, literals.read_by(query.select_rows(plan)), tuple(rows))


def _months(zone: ZoneInfo) -> Iterator[Case]:
    yield _month_case(
        "month of a DATE",
        "DATE",
        {
            "2024-01-31": date(2024, 1, 1),
            "1969-12-31": date(1969, 12, 1),
            "0001-01-02": date(1, 1, 1),
            "9999-12-31": date(9999, 12, 1),
            None: None,
        },
    )
    yield _month_case(
        "month of a TIMESTAMP_NTZ",
        "TIMESTAMP_NTZ(9)",
        {
            "2024-01-31 23:59:59.999999999": date(2024, 1, 1),
            "1969-12-31 23:59:59.999999999": date(1969, 12, 1),
            "9999-12-31 23:59:59.000000000": date(9999, 12, 1),
            None: None,
        },
    )
    moments: dict[str | None, date | None] = {
        f"{utc:%Y-%m-%d %H:%M:%S}.000000000 +00:00": utc.astimezone(zone).date().replace(day=1)
        for utc in (
            datetime(2024, 1, 31, 20, 30, tzinfo=UTC),
            datetime(2024, 2, 1, 3, 30, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 30, tzinfo=UTC),
        )
    }
    yield _month_case(
        f"month of a TIMESTAMP_LTZ in {zone.key}",
        "TIMESTAMP_LTZ(9)",
        {**moments, None: None},
        meaning="The session's TIMEZONE has no effect. " + _WRONG_MONTH,
    )
    yield _month_case(
        "month of a TIMESTAMP_TZ in its own offset",
        "TIMESTAMP_TZ(9)",
        {
            "2024-01-31 23:30:00.000000000 -08:00": date(2024, 1, 1),
            "2024-02-01 00:30:00.000000000 +09:00": date(2024, 2, 1),
            None: None,
        },
    )


def _epochs() -> Iterator[Case]:
    for unit in EpochUnit:
        one = 10**unit.scale
        yield _month_case(
            f"month of a NUMBER as {unit}",
            "NUMBER(38,0)",
            {
                str(1_706_743_799 * one): date(2024, 1, 1),
                "0": date(1970, 1, 1),
                "-1": date(1969, 12, 1),
                str(10**12 * 10**12): None,
                None: None,
            },
            unit,
        )
    yield _month_case(
        "month of a NUMBER with a fraction",
        "NUMBER(18,3)",
        {"1706743799.999": date(2024, 1, 1), "-0.500": date(1969, 12, 1), None: None},
        EpochUnit.SECONDS,
    )
    yield _month_case(
        "month of a FLOAT",
        "FLOAT",
        {"1706743799.5": date(2024, 1, 1), "-0.5": date(1969, 12, 1), "NaN": None, None: None},
        EpochUnit.SECONDS,
    )


# ------------------------------------------------------------------------------------- formats

_DATES_WITH_TIMES: Final = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d")
_PARTS: Final = {
    "%Y": "2024", "%y": "24", "%m": "01", "%d": "05", "%b": "Jan", "%B": "January", "%a": "Fri",
    "%A": "Friday", "%Z": "UTC",
    "%H": "03", "%I": "03", "%M": "04", "%S": "06", "%f": "789", "%p": "AM", "%z": "+0130",
    "%:z": "+01:30", "%%": "%",
}  # fmt: skip


def _formats() -> Iterator[Case]:
    """Yield the cases of the formats of text that are recognised, many in one statement.

    A time of day is parsed independently of the date before it, so each is combined with a few
    dates only.
    """
    known = [
        form
        for form in list_known_formats()
        if not form.has_time or form.pattern.startswith(_DATES_WITH_TIMES)
    ]
    starts = range(0, len(known), _FORMATS_AT_ONCE)
    chunks = [known[start : start + _FORMATS_AT_ONCE] for start in starts]
    for number, forms in enumerate(chunks, 1):
        names = [f"F{n}" for n in range(len(forms))]
        texts = [_write_date(form) for form in forms]
        # Each in its format, with one digit where there may be one, and no date at all.
        short = [re.sub(r"\b0(?=\d\b)", "", text) for text in texts]
        rows = [texts, short, ["none"] * len(forms)]
        plans = [_plan_of_text(names, n, form) for n, form in enumerate(forms)]
        month = date(2024, 1, 1)
        expected = (
            (month,) * len(forms),
            tuple(
                month if form.read(text) else ANY for form, text in zip(forms, short, strict=True)
            ),
            (None,) * len(forms),
        )
        statement = over_literals(select_month_of_each(plans), plans[0].source, rows)
        subject = f"formats of text dates {number} of {len(chunks)}"
        meaning = f"A format among {forms[0]} to {forms[-1]} is read otherwise."
        yield Case(subject, meaning, statement, expected)


def _write_date(form: TextFormat) -> str:
    if form is ISO:
        return "2024-01-05T03:04:06.789+01:30"
    pattern = re.compile("|".join(map(re.escape, sorted(_PARTS, key=len, reverse=True))))
    return pattern.sub(lambda found: _PARTS[found[0]], form.pattern)


def _plan_of_text(names: Sequence[str], month: int, form: TextFormat) -> Plan:
    roles = dict.fromkeys(names, ("VARCHAR(60)", Role.DROP))
    return make_plan(roles | {names[month]: ("VARCHAR(60)", Role.MONTH)}, form)


def _two_digit_years() -> Case:
    form = parse_format("%d.%m.%y")
    return _month_case(
        "two-digit years",
        "VARCHAR(20)",
        {"31.01.69": date(2069, 1, 1), " 31.01.70\t": date(1970, 1, 1), "31.02.24": None},
        form if isinstance(form, TextFormat) else None,
        "A year of two digits is read otherwise, or TRIM leaves white space. " + _WRONG_MONTH,
    )
