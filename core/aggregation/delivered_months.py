"""The figures of each month of a delivery, as the history keeps them for later runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from core.aggregation.reconciliation import Total


@dataclass(frozen=True)
class DeliveredMonth:
    """A month of a delivery.

    Attributes:
        month: its first day; None for the rows without a date.
        key: the key of its object.
        rows: the rows of the object.
        size: its size in bytes.
        sums: the total of each summed column over these rows, by the column's name in the table;
            None where all values are NULL.
        keys: the names of the columns by which the rows were grouped, in the order of the table.
    """

    month: date | None
    key: str
    rows: int
    size: int
    sums: Mapping[str, Total | None]
    keys: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the month for JSON; exact totals are text, those of floats are numbers."""
        sums = {
            name: None if total is None else str(total.value) for name, total in self.sums.items()
        }
        floats = [
            name for name, each in self.sums.items() if each and isinstance(each.value, float)
        ]
        return {
            "month": self.month.isoformat() if self.month else None,
            "key": self.key,
            "rows": self.rows,
            "size": self.size,
            "sums": sums,
            "floats": floats,
            "keys": list(self.keys),
        }

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Return a month from the result of `as_dict`.

        Raises:
            ValueError, TypeError, KeyError, AttributeError, ArithmeticError: it is no such result.
        """
        floats = frozenset(data["floats"])
        sums = {
            str(name): None
            if value is None
            else Total(float(value) if name in floats else Decimal(value))
            for name, value in data["sums"].items()
        }
        month = None if data["month"] is None else date.fromisoformat(data["month"])
        figures = (int(data["rows"]), int(data["size"]), sums)
        return cls(month, str(data["key"]), *figures, tuple(map(str, data["keys"])))
