"""The columns of a delivery as a reader meets them: name, type, role, and where they come from.

The types follow from the declaration of the table and from the plan, never from values, so that
they are the same month after month. Each engine and each format derives its own from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.planning.plan import Plan, PlannedColumn, Role
from core.planning.source import TIMESTAMPS
from core.request.options.values import TimestampUnit

# The most digits of an exact number, and the digits of a second in each unit.
_DIGITS = 38
_SECOND_DIGITS: dict[TimestampUnit, int] = {"us": 6, "ns": 9}


class Kind(StrEnum):
    """The kinds of delivered values."""

    DATE = "DATE"
    INTEGER = "BIGINT"
    DECIMAL = "DECIMAL"
    FLOAT = "DOUBLE"
    TEXT = "TEXT"
    BOOLEAN = "BOOLEAN"
    BINARY = "BINARY"
    TIME = "TIME"
    TIMESTAMP = "TIMESTAMP"
    INSTANT = "TIMESTAMP UTC"


@dataclass(frozen=True)
class DeliveredType:
    """The type of a delivered column.

    Attributes:
        kind: the kind of its values. INTEGER has 64 bits, FLOAT too; TIMESTAMP has no time zone,
            INSTANT is a moment in UTC.
        precision: the most digits of a DECIMAL; else 0.
        scale: the digits after the point of a DECIMAL, of a second of a TIME, TIMESTAMP or INSTANT;
            else 0.
    """

    kind: Kind
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        """Return the type in words of SQL, such as `DECIMAL(38,2)` or `TIMESTAMP(6) UTC`."""
        match self.kind:
            case Kind.DECIMAL:
                return f"{self.kind}({self.precision},{self.scale})"
            case Kind.TIME | Kind.TIMESTAMP:
                return f"{self.kind}({self.scale})"
            case Kind.INSTANT:
                return f"TIMESTAMP({self.scale}) UTC"
            case _:
                return str(self.kind)


@dataclass(frozen=True)
class DeliveredColumn:
    """A column of a delivery.

    Attributes:
        name: its name in the file.
        kind: its type, as data.
        role: `month`, `sum` or `key`.
        source: the column of the table that it comes from.
    """

    name: str
    kind: DeliveredType
    role: Role
    source: str

    @property
    def type(self) -> str:
        """Its type as text, such as `DECIMAL(38,2)`."""
        return str(self.kind)

    def as_dict(self) -> dict[str, str]:
        """Return the column for JSON."""
        role = self.role.value
        return {"name": self.name, "type": self.type, "role": role, "source": self.source}


def describe_columns(plan: Plan) -> tuple[DeliveredColumn, ...]:
    """Return the columns of a delivery that this machine writes, in their order."""
    return tuple(
        DeliveredColumn(
            column.delivered_name,
            describe_type(column, plan.timestamp_unit),
            column.role,
            column.name,
        )
        for column in plan.delivered
    )


_PLAIN = {
    "REAL": Kind.FLOAT,
    "BOOLEAN": Kind.BOOLEAN,
    "BINARY": Kind.BINARY,
    "DATE": Kind.DATE,
}


def describe_type(column: PlannedColumn, unit: TimestampUnit = "us") -> DeliveredType:
    """Return the type of a delivered column.

    Args:
        column: the column.
        unit: the unit of the plan; `ns` is that of keys that declare nanoseconds only.
    """
    kind = column.source.type
    if column.role is Role.MONTH:
        return DeliveredType(Kind.DATE)
    if kind.kind == "FIXED":
        if column.role is Role.KEY and kind.fits_int64:
            return DeliveredType(Kind.INTEGER)
        return DeliveredType(Kind.DECIMAL, _DIGITS, kind.scale or 0)
    if column.role is Role.SUM:
        return DeliveredType(Kind.FLOAT)
    digits = _SECOND_DIGITS[unit if kind.has_nanoseconds else "us"]
    if kind.kind == "TIME":
        return DeliveredType(Kind.TIME, scale=digits)
    if kind.kind in TIMESTAMPS:
        is_local = kind.kind == "TIMESTAMP_NTZ"
        return DeliveredType(Kind.TIMESTAMP if is_local else Kind.INSTANT, scale=digits)
    return DeliveredType(_PLAIN.get(kind.kind, Kind.TEXT))
