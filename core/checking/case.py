"""A case: a statement over literal rows with its right answer; and the comparison of answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.errors import TransferError
from core.planning.date_formats import EpochUnit, TextFormat
from core.planning.names import TableName
from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import ColumnType, Source, SourceColumn
from core.query import Statement
from core.query.literals import LiteralRows, over_literals

SOURCE_NAME: Final = TableName("AMPLIFY", "CHECK", "LITERAL ROWS")
"""The name in place of which the literal rows are written."""
ANY: Final = object()
"""An expected value that is not compared."""


class JsonText(str):
    """An expected value that is compared as JSON, not as text."""

    __slots__ = ()


@dataclass(frozen=True)
class Case:
    """A statement and its right answer.

    Attributes:
        subject: the construct, in a few words.
        meaning: what another answer would mean for a transfer, a whole sentence.
        statement: the statement.
        rows: the rows of its result; empty if `error` is set.
        error: the class of the error that it must end in; None if it must succeed.
        ordered: whether the rows must come in this order.
    """

    subject: str
    meaning: str
    statement: Statement
    rows: tuple[tuple[object, ...], ...] = ()
    error: type[TransferError] | None = None
    ordered: bool = False


@dataclass(frozen=True)
class Literals:
    """Literal rows with their plan.

    Attributes:
        plan: the role of each column.
        rows: the text of each value.
    """

    plan: Plan
    rows: LiteralRows

    def read_by(self, statement: Statement) -> Statement:
        """Return the statement, which must be of this plan, over these rows."""
        return over_literals(statement, self.plan.source, self.rows)


def find_difference(case: Case, found: Sequence[tuple[object, ...]]) -> str:
    """Compare the rows of an answer with those of a case.

    Returns:
        What differs, as a sentence; empty if nothing does.
    """
    if len(found) != len(case.rows):
        return f"{len(case.rows)} rows were expected, {len(found)} came."
    expected, rows = list(case.rows), list(found)
    if not case.ordered:
        for row in case.rows:
            match = next((each for each in rows if _is_row(each, row)), None)
            if match is not None:
                rows.remove(match)
                expected.remove(row)
    for wanted, row in zip(expected, rows, strict=True):
        if not _is_row(row, wanted):
            return _describe_difference(case, wanted, row)
    return ""


def _describe_difference(case: Case, wanted: tuple[object, ...], row: tuple[object, ...]) -> str:
    names = [field.alias for field in case.statement.fields]
    for name, left, right in zip(names, wanted, row, strict=True):
        if not _is_value(right, left):
            return f"Column {name} holds {_show(right)} instead of {_show(left)}."
    return "The rows have another order."


def _is_row(found: tuple[object, ...], expected: tuple[object, ...]) -> bool:
    return len(found) == len(expected) and all(map(_is_value, found, expected))


def _is_value(found: object, expected: object) -> bool:
    if expected is ANY:
        return True
    if isinstance(expected, JsonText):
        try:
            return isinstance(found, str) and bool(json.loads(found) == json.loads(expected))
        except ValueError:
            return False
    if expected is None or found is None:
        return found is expected
    if isinstance(expected, float) and isinstance(found, float):
        return found == expected or (math.isnan(found) and math.isnan(expected))
    # In Python, True is 1.
    return isinstance(found, bool) == isinstance(expected, bool) and found == expected


def _show(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, Decimal | date) else repr(value)


def make_plan(
    columns: Mapping[str, tuple[str, Role]], form: TextFormat | EpochUnit | None = None
) -> Plan:
    """Return a plan of columns, by name, each with its type and its role."""
    described = tuple(
        SourceColumn(name, ColumnType.parse(kind)) for name, (kind, _) in columns.items()
    )
    roles = (role for _, role in columns.values())
    planned = tuple(
        PlannedColumn(column, role, "check") for column, role in zip(described, roles, strict=True)
    )
    return Plan(Source(SOURCE_NAME, described), planned, form)
