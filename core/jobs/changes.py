"""What differs between a planned transfer and the last delivery that the history has of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.bucket.destination import Destination
from core.errors import SourceDataError
from core.planning.delivered import describe_columns
from core.planning.names import join_names
from core.planning.plan import Plan, Role
from core.records.history import read_history
from core.request.request import Request


@dataclass(frozen=True)
class Changes:
    """What changed since the last delivery of a table to a destination.

    Attributes:
        delivered: when that delivery began, in UTC.
        url: its object.
        window: the months that it read, in words; empty for all.
        rows: the number of its rows; None if unknown.
        gained: the columns that are delivered now and were not.
        lost: the columns that were delivered and are not now.
        retyped: the columns that are delivered in another type: the name, the type of now, the
            former type.
    """

    delivered: datetime
    url: str
    window: str
    rows: int | None
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        """Return the changes of the columns as a sentence; empty without changes."""
        parts = [("gained", self.gained), ("lost", self.lost)]
        texts = [f"{word} {join_names(names)}" for word, names in parts if names]
        retyped = [f"{name} is now {now}, was {former}" for name, now, former in self.retyped]
        changes = [f"the table has {' and '.join(texts)}"] if texts else []
        text = "; ".join([*changes, *retyped])
        return f"Since the delivery of {self.delivered:%Y-%m-%d} {text}." if text else ""

    def as_dict(self) -> dict[str, Any]:
        """Return the changes for JSON."""
        return {
            "delivered": f"{self.delivered:%Y-%m-%dT%H:%M:%SZ}",
            "url": self.url,
            "window": self.window or None,
            "rows": self.rows,
            "gained": list(self.gained),
            "lost": list(self.lost),
            "retyped": [
                {"name": name, "type": now, "was": former} for name, now, former in self.retyped
            ],
        }


def find_changes(request: Request, plan: Plan, *, demo: bool = False) -> Changes | None:
    """Compare a plan with the last delivery of its table to its destination.

    Args:
        request: the request.
        plan: its plan.
        demo: compare with deliveries from the embedded warehouse; else with all others.

    Returns:
        The changes; None if the history of this machine has no such delivery.
    """
    former = read_history(
        1,
        table=str(plan.source.name),
        destination=Destination.parse(request.bucket).url(),
        demo=demo,
        delivered=True,
    )
    if not former:
        return None
    (last,) = former
    # Runs of earlier versions did not store their columns, or the types of them.
    former_types = {
        each["name"]: each.get("type") for each in last.columns if each["role"] != Role.DROP.value
    }
    types = {each.source: each.type for each in describe_columns(plan)}
    before, now = list(former_types), list(types)
    return Changes(
        delivered=last.started,
        url=last.url,
        window=last.window,
        rows=last.rows,
        gained=tuple(name for name in now if name not in before) if before else (),
        lost=tuple(name for name in before if name not in now),
        retyped=tuple(
            (name, types[name], was)
            for name in now
            if (was := former_types.get(name)) and was != types[name]
        ),
    )


def refuse_changes(changes: Changes) -> None:
    """Raise an error if columns were gained or lost, or have another type.

    Raises:
        SourceDataError: they were.
    """
    if text := str(changes):
        raise SourceDataError(
            f"{text} The job has a frozen schema.",
            "Agree on the columns with the stakeholder; then choose them, or deliver once with a "
            "free schema.",
        )
