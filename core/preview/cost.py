"""Estimate the cost of a transfer before it runs: rows, bytes, groups and time with each engine.

The estimate uses data that has been read before: SHOW TABLES, the plan, sampled values and former
runs. It sends no request; unknown values are None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engines import ENGINES, Engine, EngineName
from core.engines.choice import Choice, choose
from core.engines.engine import Cost, Volume
from core.engines.widths import Width, find_width
from core.planning.plan import Plan
from core.request.request import Request

if TYPE_CHECKING:
    from core.preview.month_preview import Months

# The rate of a former run applies to tables up to this many times larger or smaller than its own.
_COMPARABLE: Final = 10
_FORMER_RUNS: Final = 5
# Below so many rows a run takes as long as its sign-in and its requests, whatever the rows.
_TINY: Final = 100_000


@dataclass(frozen=True)
class FormerRun:
    """A former delivery by this machine.

    Attributes:
        engine: the engine that delivered.
        rows: the rows of its table.
        seconds: its duration, without a verification.
    """

    engine: EngineName
    rows: int
    seconds: float


@dataclass(frozen=True)
class Way:
    """The estimated cost of a transfer with one engine.

    Attributes:
        engine: the name of the engine.
        rows: rows that are downloaded to this machine; None if unknown.
        bytes: the approximate size of these rows before Snowflake compresses them for the
            download; None if unknown.
        seconds: the approximate duration of the transfer; None if unknown.
        pace: the basis of `seconds`, or why it is unknown.
        limit: what the engine's speed depends on.
        obstacle: why the engine cannot run this transfer; empty if it can.
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
    """The estimated cost of a transfer.

    Attributes:
        rows: rows to read; None if unknown.
        stored: bytes of the source, compressed as Snowflake stores them; None if unknown.
        groups: rows of the delivery; None if unknown.
        counted: whether `groups` was counted over the whole table rather than estimated.
        is_least: whether `groups` is a lower bound, as `Months.is_least`.
        unsized: the columns whose values the sample truncates; if there are any, every `bytes` is a
            lower bound.
        choice: the engine that would run the transfer, and why.
        ways: the cost with each engine.
        rows_estimated: whether `rows` is estimated from a sample, because only some months are
            read.
    """

    rows: int | None
    stored: int | None
    groups: int | None
    counted: bool
    unsized: tuple[str, ...]
    choice: Choice
    ways: tuple[Way, ...]
    rows_estimated: bool = False
    is_least: bool = False

    @property
    def chosen(self) -> Way:
        """The cost with the engine that would run the transfer."""
        return next(way for way in self.ways if way.engine == self.choice.engine)


def estimate(
    request: Request,
    plan: Plan,
    widths: Mapping[str, Width],
    months: Months | None = None,
    former: Sequence[FormerRun] = (),
) -> Estimate:
    """Estimate the cost of a transfer; takes a few microseconds per column.

    Args:
        request: the request of the transfer.
        plan: the role of every column.
        widths: the widths of the table's columns, by `core.engines.widths.measure_widths`; for a
            column that is missing, the width of its type is used.
        months: the preview of the plan's months; None before a preview.
        former: former deliveries by this machine, from the same kind of warehouse.
    """
    source = plan.source
    rows = None if plan.window else source.rows
    if months:
        rows = months.total_rows
    groups = months.expected_rows if months else None
    keyed = [column.name for column in plan.keys]
    volume = Volume(rows, groups, widths)
    ways = tuple(
        _estimate_way(engine, request, plan, volume, former) for engine in ENGINES.values()
    )
    return Estimate(
        rows,
        source.bytes,
        groups,
        bool(months and months.counted),
        tuple(n for n in keyed if not find_width(plan, n, widths).whole),
        choose(request, plan),
        ways,
        rows_estimated=bool(plan.window and months and months.sampled),
        is_least=bool(months and months.is_least),
    )


def _estimate_way(
    engine: Engine, request: Request, plan: Plan, volume: Volume, former: Sequence[FormerRun]
) -> Way:
    cost, obstacle = engine.cost(plan, volume), engine.obstacle(request, plan)
    seconds, pace = _estimate_time(engine.name, cost, volume.rows, former)
    return Way(
        engine.name,
        cost.rows,
        cost.bytes,
        seconds,
        pace,
        cost.limit,
        obstacle.message if obstacle else "",
    )


def _estimate_time(
    engine: EngineName, cost: Cost, rows: int | None, former: Sequence[FormerRun]
) -> tuple[float | None, str]:
    """Return the seconds and their basis: former runs of similar size, else the engine's own."""
    if rows is None:
        return None, "time unknown: row count unknown"
    runs = [
        run
        for run in former
        if run.engine == engine and run.rows * _COMPARABLE >= rows >= run.rows / _COMPARABLE > 0
    ][:_FORMER_RUNS]
    if not runs:
        return cost.seconds, cost.pace
    from statistics import median  # loads fractions and random

    count = f"median of {len(runs)} runs" if len(runs) > 1 else "one run"
    if min(rows, *(run.rows for run in runs)) < _TINY:
        seconds = median(run.seconds for run in runs)
        return seconds, f"estimate: as long as a run of similar size ({count} on this machine)"
    each = median(run.seconds / run.rows for run in runs)
    return rows * each, f"estimate: {each * 1e6:.3g} s per million rows ({count} on this machine)"
