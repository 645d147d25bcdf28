"""What a transfer will cost, before it is spent: rows, bytes, groups and time, engine by engine.

It follows from what is known already: SHOW TABLES, the plan, sampled values and former runs.
Nothing is asked and nothing is read here; what is not known is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from core.engines import ENGINES, Engine, EngineName
from core.engines.choice import Choice, choose
from core.engines.engine import Cost, Volume
from core.engines.widths import Width, find_width
from core.planning.plan import Plan
from core.request.request import Request

if TYPE_CHECKING:
    from core.preview.month_preview import Months

# A former run tells about a table of up to so many times its size, or as many times smaller.
_COMPARABLE: Final = 10
_FORMER_RUNS: Final = 5


@dataclass(frozen=True)
class FormerRun:
    """A delivery of this machine.

    Attributes:
        engine: what made it.
        rows: the rows of its table.
        seconds: how long it took, verification apart.
    """

    engine: EngineName
    rows: int
    seconds: float


@dataclass(frozen=True)
class Way:
    """What a transfer costs by one engine.

    Attributes:
        engine: which.
        rows: rows that are downloaded to this machine.
        bytes: about how many bytes they are, before Snowflake compresses them for the way.
        seconds: about how long the transfer takes.
        pace: what `seconds` rests on, or why it is not known.
        limit: what bounds the engine.
        obstacle: why it cannot make this transfer; empty if it can.
    """

    engine: EngineName
    rows: int | None
    bytes: int | None
    seconds: float | None
    pace: str
    limit: str
    obstacle: str = ""


@dataclass(frozen=True)
class Estimate:
    """What a transfer costs.

    Attributes:
        rows: rows to read.
        stored: bytes to read, as Snowflake keeps them, compressed.
        groups: rows of the delivery.
        counted: whether `groups` was counted over the whole table, and not estimated.
        unsized: the columns of which the sample shows too little: every `bytes` is a lower bound.
        choice: the engine that would make it, and why.
        ways: one for each engine.
    """

    rows: int | None
    stored: int | None
    groups: int | None
    counted: bool
    unsized: tuple[str, ...]
    choice: Choice
    ways: tuple[Way, ...]

    @property
    def chosen(self) -> Way:
        """The way of the engine that would make it."""
        return next(way for way in self.ways if way.engine == self.choice.engine)


def estimate(
    request: Request,
    plan: Plan,
    widths: Mapping[str, Width],
    months: Months | None = None,
    former: Sequence[FormerRun] = (),
) -> Estimate:
    """Estimate a transfer; a few microseconds a column.

    Args:
        request: what was asked for.
        plan: what happens to each column.
        widths: of the table's columns, by `core.engines.widths.measure_widths`; of those it lacks
            nothing is known.
        months: of the plan, as far as looked at; None before.
        former: deliveries of this machine in the same place.
    """
    source = plan.source
    rows = months.rows_seen if months and not months.sampled else source.rows
    groups = months.expected_rows if months else None
    keyed = [column.name for column in plan.keys]
    volume = Volume(rows, groups, widths)
    ways = tuple(_way(engine, request, plan, volume, former) for engine in ENGINES.values())
    return Estimate(
        rows,
        source.bytes,
        groups,
        bool(months and months.counted),
        tuple(n for n in keyed if not find_width(plan, n, widths).whole),
        choose(request, plan),
        ways,
    )


def _way(
    engine: Engine, request: Request, plan: Plan, volume: Volume, former: Sequence[FormerRun]
) -> Way:
    cost, obstacle = engine.cost(plan, volume), engine.obstacle(request, plan)
    seconds, pace = _time(engine.name, cost, volume.rows, former)
    return Way(
        engine.name,
        cost.rows,
        cost.bytes,
        seconds,
        pace,
        cost.limit,
        obstacle.message if obstacle else "",
    )


def _time(
    engine: EngineName, cost: Cost, rows: int | None, former: Sequence[FormerRun]
) -> tuple[float | None, str]:
    """The seconds, and what they rest on: former runs of a like size, else the engine's own."""
    if rows is None:
        return None, "time unknown: row count unknown"
    runs = [
        run
        for run in former
        if run.engine == engine and run.rows * _COMPARABLE >= rows >= run.rows / _COMPARABLE > 0
    ][:_FORMER_RUNS]
    if not runs:
        return cost.seconds, cost.pace
    each = median(run.seconds / run.rows for run in runs)
    count = f"median of {len(runs)} runs" if len(runs) > 1 else "one run"
    return rows * each, f"estimate: {each * 1e6:.3g} s per million rows ({count} on this machine)"
