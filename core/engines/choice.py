"""Choose the engine of a transfer and give the reason."""

from __future__ import annotations

from dataclasses import dataclass

from core.engines import ENGINES, EngineName
from core.planning.plan import Plan
from core.request.request import Request
from core.request.sizes import StreamLimit


@dataclass(frozen=True)
class Choice:
    """The engine of a transfer.

    Attributes:
        engine: its name; `core.engines.ENGINES` maps it to the object.
        why: the reason, in a few words.
    """

    engine: EngineName
    why: str


def choose(request: Request, plan: Plan) -> Choice:
    """Return the engine of a transfer: the requested one, else one by the size of the source.

    Small tables are downloaded and aggregated on this machine, which costs no warehouse time. A
    view or an external table, whose size Snowflake does not report, may be of any size.
    Sends no request, so that the app may call it at every change.
    """
    if request.engine != "auto":
        return Choice(EngineName(request.engine), "set by you")
    limit, source = request.stream_limit, plan.source
    if source.rows is not None and limit.rows is not None and source.rows > limit.rows:
        return Choice(EngineName.PUSHDOWN, f"{source.rows:,} rows: above {_words(limit)}")
    if source.bytes is not None and limit.bytes is not None and source.bytes > limit.bytes:
        return Choice(EngineName.PUSHDOWN, f"{source.bytes:,} bytes: above {_words(limit)}")
    if source.rows is None:
        why = "size unknown: view" if source.is_view else "size unknown"
        return Choice(EngineName.PUSHDOWN, why)
    return Choice(EngineName.STREAM, f"{source.rows:,} rows: below {_words(limit)}")


def find_chunk_size(request: Request) -> int:
    """Return the largest size of a result chunk for the session of a run, in MB.

    The session is opened before the engine is chosen, so a request for `auto`, which never takes
    `unload`, has that of the others.
    """
    name = EngineName.STREAM if request.engine == "auto" else EngineName(request.engine)
    return ENGINES[name].chunk_megabytes


def checks_key_first(request: Request) -> bool:
    """Whether the engine begins with the check of one object, of a key known before the plan."""
    is_one = request.split_by is None and not request.restate_months
    return is_one and request.engine != EngineName.UNLOAD.value


def _words(limit: StreamLimit) -> str:
    """Describe the limit, such as `the 50M-row / 5 GB streaming limit`."""
    parts: list[str] = []
    if limit.rows is not None:
        parts.append(f"{StreamLimit(rows=limit.rows)}-row")
    if limit.bytes is not None:
        size = str(StreamLimit(bytes=limit.bytes))
        number = size.rstrip("KMGTB")
        parts.append(f"{number} {size.removeprefix(number)}")
    return f"the {' / '.join(parts)} streaming limit"
