"""Which engine makes a transfer, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.planning.plan import Plan
from core.request.request import Request


class Engine(StrEnum):
    """The ways from a plan to its delivery, by the names that users give them."""

    STREAM = "stream"
    PUSHDOWN = "pushdown"
    UNLOAD = "unload"


@dataclass(frozen=True)
class Choice:
    """An engine.

    Attributes:
        engine: which.
        why: the reason, in a few words.
    """

    engine: Engine
    why: str


def choose(request: Request, plan: Plan) -> Choice:
    """The engine of a transfer: the one asked for, else by the size of the source.

    Small tables travel: their rows are aggregated here, at no cost of the warehouse's time. Asks
    nobody; the app may call it at every change.
    """
    if request.engine != "auto":
        return Choice(Engine(request.engine), "asked for")
    limit, source = request.stream_limit, plan.source
    if source.rows is not None and limit.rows is not None and source.rows > limit.rows:
        return Choice(Engine.PUSHDOWN, f"{source.rows:,} rows are beyond --stream-limit {limit}")
    if source.bytes is not None and limit.bytes is not None and source.bytes > limit.bytes:
        return Choice(Engine.PUSHDOWN, f"{source.bytes:,} bytes are beyond --stream-limit {limit}")
    if source.rows is None:
        return Choice(Engine.STREAM, "its size is not known")
    return Choice(Engine.STREAM, f"{source.rows:,} rows are within --stream-limit {limit}")
