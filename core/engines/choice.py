"""Which engine makes a transfer, and why."""

from __future__ import annotations

from dataclasses import dataclass

from core.engines.engine import EngineName
from core.planning.plan import Plan
from core.request.request import Request


@dataclass(frozen=True)
class Choice:
    """The engine of a transfer.

    Attributes:
        engine: its name; `core.engines.ENGINES` has the object.
        why: the reason, in a few words.
    """

    engine: EngineName
    why: str


def choose(request: Request, plan: Plan) -> Choice:
    """The engine of a transfer: the one asked for, else by the size of the source.

    Small tables travel: their rows are aggregated here, at no cost of the warehouse's time. Asks
    nobody; the app may call it at every change.
    """
    if request.engine != "auto":
        return Choice(EngineName(request.engine), "asked for")
    limit, source = request.stream_limit, plan.source
    why = ""
    if source.rows is not None and limit.rows is not None and source.rows > limit.rows:
        why = f"{source.rows:,} rows are beyond --stream-limit {limit}"
    elif source.bytes is not None and limit.bytes is not None and source.bytes > limit.bytes:
        why = f"{source.bytes:,} bytes are beyond --stream-limit {limit}"
    if why:
        return Choice(EngineName.PUSHDOWN, why)
    if source.rows is None:
        return Choice(EngineName.STREAM, "its size is not known")
    return Choice(EngineName.STREAM, f"{source.rows:,} rows are within --stream-limit {limit}")
