"""The constructs of SQL that a transfer relies on, each with its known right answer.

A case is a statement of `core.query` over a few literal rows. None is written here: the plan of the
rows gives the statement, as the plan of a table does. The expected rows follow from the rules of a
transfer (core/docs/rule.md) and from nothing that the sandbox or Snowflake answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from core import query
from core.checking.case import Case, JsonText, Literals, make_plan
from core.checking.month_cases import list_month_cases
from core.errors import NumericOverflowError
from core.planning.date_formats import parse_format
from core.planning.plan import Role
from core.query.literals import LiteralRows

CHECK_ZONE: Final = "Asia/Kolkata"
"""The TIMEZONE of the check's session, unless the request names one: no account's default."""
_NAN: Final = float("nan")


def list_cases(timezone: str) -> Iterator[Case]:
    """Yield the cases, the simple ones first.

    Args:
        timezone: the TIMEZONE of the session.
    """
    yield from list_month_cases(timezone)
    yield from _blank_rows()
    yield from _keys()
    yield _names()
    yield from _groups()
    yield from _sums()
    yield from _other_statements()


# ---------------------------------------------------------------------------- blank rows, keys


def _blank_rows() -> Iterator[Case]:
    plan = make_plan(
        {
            "D": ("DATE", Role.MONTH),
            "T": ("VARCHAR(50)", Role.KEY),
            "V": ("VARIANT", Role.DROP),
            "N": ("NUMBER(5,0)", Role.SUM),
        }
    )
    rows: list[tuple[str | None, ...]] = [
        (None, query.WHITE_SPACE, "null", None),
        (None, None, None, None),
        (None, "", None, None),
        (None, "\u200b", None, None),  # a zero-width space is no white space
        (None, None, "[]", None),
        (None, None, None, "0"),
        ("2024-01-31", " ", None, None),
    ]
    blank = (True, True, True, False, False, False, False)
    expected = tuple(
        (
            None if row[0] is None else date(2024, 1, 1),
            row[1],
            None if row[3] is None else int(row[3]),
            is_blank,
        )
        for row, is_blank in zip(rows, blank, strict=True)
    )
    statement = Literals(plan, rows).read_by(query.select_rows(plan))
    meaning = "Rows would be left out that are not blank, or blank ones delivered."
    yield Case("blank rows: TRIM with bound white space", meaning, statement, expected)


def _key_case(subject: str, kinds: Mapping[str, str], rows: LiteralRows, *keys: object) -> Case:
    """Return a case of keys of the given types; `keys` are the expected values of each row."""
    columns = {"D": ("DATE", Role.MONTH)} | {name: (kind, Role.KEY) for name, kind in kinds.items()}
    plan = make_plan(columns)
    literals = Literals(plan, [("2024-01-31", *row) for row in rows])
    expected = tuple((date(2024, 1, 1), *row, False) for row in zip(*keys, strict=True))
    meaning = "Keys would be delivered with other values."
    return Case(subject, meaning, literals.read_by(query.select_rows(plan)), expected)


def _keys() -> Iterator[Case]:
    yield _key_case(
        "keys: text, BOOLEAN, BINARY, DATE",
        {"T": "VARCHAR(20)", "B": "BOOLEAN", "X": "BINARY(4)", "E": "DATE"},
        [("Ünï\"'\\ ", "true", "00FF", "9999-12-31"), ("", "false", "", "0001-01-01"), (None,) * 4],
        ("Ünï\"'\\ ", "", None),
        (True, False, None),
        (b"\x00\xff", b"", None),
        (date(9999, 12, 31), date(1, 1, 1), None),
    )
    yield _key_case(
        "keys: times to the nanosecond",
        {"T": "TIME(9)", "N": "TIMESTAMP_NTZ(9)", "Z": "TIMESTAMP_TZ(9)", "U": "TIMESTAMP_NTZ(6)"},
        [
            (
                "23:59:59.123456789",
                "1969-12-31 23:59:59.999999999",
                "1970-01-01 01:00:00.000000001 +01:00",
                "2024-01-31 12:00:00.000001000",
            ),
            (None,) * 4,
        ],
        (86_399_123_456_789, None),
        (-1, None),
        (1, None),
        (datetime(2024, 1, 31, 12, 0, 0, 1), None),  # noqa: DTZ001 - a TIMESTAMP_NTZ has none
    )
    # The word makes the expression of these keys look for elements that are undefined.
    text = '{"a":[1,null,"x\\"y"],"b":{"c":true},"d":"[undefined,"}'
    yield _key_case(
        "keys: VARIANT, OBJECT, ARRAY as JSON",
        {"V": "VARIANT", "O": "OBJECT", "A": "ARRAY"},
        [(text, text, '[1,null,"é","undefined"]'), (None, None, None)],
        (JsonText(text), None),
        (JsonText(text), None),
        (JsonText('[1,null,"é","undefined"]'), None),
    )


def _names() -> Case:
    names = ("a", "A", 'say ""no"', "SELECT", "naïve.col umn", ":1", "month")
    columns = {"D": ("DATE", Role.MONTH)} | dict.fromkeys(names, ("NUMBER(5,0)", Role.SUM))
    plan = make_plan(columns)
    values = [str(number) for number in range(len(names))]
    literals = Literals(plan, [("2024-01-31", *values)])
    statement = literals.read_by(query.select_rows(plan))
    expected = ((date(2024, 1, 1), *range(len(names)), False),)
    meaning = "Columns whose names differ by case, or hold quotes, would be mistaken."
    return Case("quoted identifiers", meaning, statement, expected)


# ------------------------------------------------------------------------------- groups, sums

# The table of the examples of a transfer: five groups and a blank row.
EXAMPLE: Final = Literals(
    make_plan(
        {
            "D": ("DATE", Role.MONTH),
            "REGION": ("VARCHAR(10)", Role.KEY),
            "NOTE": ("VARCHAR(10)", Role.KEY),
            "QTY": ("NUMBER(5,0)", Role.SUM),
            "AMT": ("NUMBER(12,2)", Role.SUM),
            "F": ("FLOAT", Role.SUM),
        }
    ),
    (
        ("2024-01-03", "eu", "a", "1", "0.10", "0.5"),
        ("2024-01-31", "eu", "a", "2", "0.20", "0.25"),
        ("2024-02-01", "eu", "a", None, "0.30", None),
        (None, None, "  ", None, None, None),
        ("2024-01-09", "EU", "a", "4", None, None),
        (None, "us", None, "8", "1.00", "1.0"),
        ("2024-01-05", "eu", None, "16", "0.05", "0"),
    ),
)
_JANUARY, _FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
EXAMPLE_GROUPS: Final = (
    (_JANUARY, "EU", "a", 4, None, None),
    (_JANUARY, "eu", "a", 3, Decimal("0.30"), 0.75),
    (_JANUARY, "eu", None, 16, Decimal("0.05"), 0.0),
    (_FEBRUARY, "eu", "a", None, Decimal("0.30"), None),
    (None, "us", None, 8, Decimal("1.00"), 1.0),
)
_WRONG_GROUPS: Final = "Groups or sums would be wrong with the engines that group in Snowflake."


def _groups() -> Iterator[Case]:
    sizes = (1, 2, 1, 1, 1)
    groups = tuple(
        (False, *group, group[-1], size, 0, 0)
        for group, size in zip(EXAMPLE_GROUPS, sizes, strict=True)
    )
    total = (True, None, None, None, 31, Decimal("1.65"), 1.75, 1.75, 6, 1, 0)
    yield Case(
        "groups and grand total: GROUPING SETS",
        _WRONG_GROUPS,
        EXAMPLE.read_by(query.select_groups(EXAMPLE.plan)),
        (total, *groups),
        ordered=True,
    )
    plan = make_plan(
        {
            "D": ("DATE", Role.MONTH),
            "F": ("FLOAT", Role.KEY),
            "T": ("VARCHAR(10)", Role.KEY),
            "Z": ("TIMESTAMP_TZ(6)", Role.KEY),
        }
    )
    moment, same = "2024-01-01 00:00:00.000000000 +00:00", "2024-01-01 01:00:00.000000000 +01:00"
    at = datetime(2024, 1, 1, tzinfo=UTC)
    keys = Literals(
        plan,
        [
            ("2024-01-01", "-0", "a", moment),
            ("2024-01-31", "0", "a", same),
            ("2024-01-01", "0", "A", moment),
            ("2024-01-01", "0", "a ", moment),
            ("2024-01-01", "NaN", "a", moment),
            ("2024-01-01", "NaN", "a", same),
        ],
    )
    yield Case(
        "keys that are equal, and those that are not",
        "Groups would be merged or split: -0 is 0, NaN is NaN, one moment in two time zones is one "
        "key; case and trailing blanks matter.",
        keys.read_by(query.select_groups(plan)),
        (
            (True, None, None, None, None, 6, 0, 0),
            (False, _JANUARY, 0.0, "A", at, 1, 0, 0),
            (False, _JANUARY, 0.0, "a", at, 2, 0, 0),
            (False, _JANUARY, 0.0, "a ", at, 1, 0, 0),
            (False, _JANUARY, _NAN, "a", at, 2, 0, 0),
        ),
        ordered=True,
    )


def _sums() -> Iterator[Case]:
    plan = make_plan(
        {"D": ("DATE", Role.MONTH), "K": ("VARCHAR(1)", Role.KEY), "N": ("NUMBER(38,0)", Role.SUM)}
    )
    most = 10**38 - 1
    fits = Literals(plan, [("2024-01-01", "a", str(most - 1)), ("2024-01-02", "a", "1")])
    group = (False, _JANUARY, "a", Decimal(most), 2, 0, 0)
    yield Case(
        "a sum of 38 digits",
        "Sums would lose digits.",
        fits.read_by(query.select_groups(plan)),
        ((True, None, None, Decimal(most), 2, 0, 0), group),
        ordered=True,
    )
    wide = Literals(plan, [("2024-01-01", "a", str(most)), ("2024-01-02", "b", str(most))])
    yield Case(
        "the error of a sum beyond 38 digits",
        "A grand total of more than 38 digits would end a run that could go on with a rounded one.",
        wide.read_by(query.select_groups(plan)),
        error=NumericOverflowError,
    )
    yield Case(
        "a rounded grand total",
        _WRONG_GROUPS,
        wide.read_by(query.select_groups(plan, rounded=True)),
        (
            (True, None, None, None, 2e38, 2e38, 2, 0, 0),
            (False, _JANUARY, "a", Decimal(most), 1e38, 1e38, 1, 0, 0),
            (False, _JANUARY, "b", Decimal(most), 1e38, 1e38, 1, 0, 0),
        ),
        ordered=True,
    )


def _other_statements() -> Iterator[Case]:
    plan = EXAMPLE.plan
    months = (
        (_JANUARY, False, 4, 3, 23, Decimal("0.35"), 0.75),
        (_FEBRUARY, False, 1, 1, None, Decimal("0.30"), None),
        (None, False, 1, 1, 8, Decimal("1.00"), 1.0),
        (None, True, 1, 1, None, None, None),
    )
    figures = tuple((*month, month[-1]) for month in months)
    yield Case(
        "the months of a verification",
        "A verification would report differences that there are not.",
        EXAMPLE.read_by(query.select_figures(plan, read_by=None)),
        figures,
    )
    singles = (2, 1, 1, 1)
    counted = tuple((*m[:4], single, *m[4:]) for m, single in zip(months, singles, strict=True))
    yield Case(
        "the months of a preview",
        "The figures before a run would be wrong.",
        EXAMPLE.read_by(query.select_months(plan, exact=True, counted=True)),
        counted,
    )
    yield Case(
        "the months of a preview, groups estimated",
        "The figures before a run would be wrong.",
        EXAMPLE.read_by(query.select_months(plan, exact=True)),
        tuple(months),
    )
    form = parse_format("%Y-%m-%d")
    dates = make_plan({"D": ("VARCHAR(20)", Role.MONTH)}, form)
    texts = Literals(dates, [("2024-01-31",), ("2024-02-30",), (None,), ("x",)])
    yield Case(
        "examples of dates that cannot be parsed",
        "An error about such dates would show the wrong ones.",
        texts.read_by(query.select_bad_dates(dates, 5)),
        (("2024-02-30",), ("x",)),
    )
