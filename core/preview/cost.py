"""What a transfer will cost, before it is spent: rows, bytes, groups and time, engine by engine.

It follows from what is known already: SHOW TABLES, the plan, sampled values and former runs.
Nothing is asked and nothing is read here; what is not known is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Final

from core import query
from core.engines.choice import Choice, Engine, choose
from core.engines.unload_limits import check_unloadable
from core.errors import TransferError
from core.output import Format
from core.planning.plan import Plan, Sample
from core.planning.source import ColumnType, SourceColumn
from core.query import Field
from core.request.request import Request

if TYPE_CHECKING:
    from core.preview.month_preview import Months

# Of engine `stream`: `python -m tests.benchmarks`, ratings of the sandbox on two shared cores.
BENCHMARK_START: Final = 4.0  # seconds that a transfer takes whatever its size
BENCHMARK_SECONDS: Final = 0.9  # seconds a million rows
# A former run tells about a table of up to so many times its size, or as many times smaller.
_COMPARABLE: Final = 10
_FORMER_RUNS: Final = 5
# With more groups than this share of the rows, nothing is gained by grouping at Snowflake.
_BARELY_GROUPED: Final = 0.8

# Bytes on the wire of values that are of one width (Arrow's; `core.warehouse` reads them).
_BITS: Final = 1 / 8
_OFFSET: Final = 4  # of a text, beside its bytes
_WIDTHS: Final = {
    "REAL": 8.0,
    "DECFLOAT": 8.0,
    "BOOLEAN": _BITS,
    "DATE": 4.0,
    "TIME": 8.0,
    "TIMESTAMP_NTZ": 8.0,
    "TIMESTAMP_LTZ": 8.0,
    "TIMESTAMP_TZ": 16.0,
}
_LIMITS: Final = {
    Engine.STREAM: "every row travels to this machine",
    Engine.PUSHDOWN: "the warehouse; the groups travel here",
    Engine.UNLOAD: "the warehouse; only the books travel here",
}


@dataclass(frozen=True)
class Width:
    """How wide the values of a column travel, by a sample.

    Attributes:
        bytes: the mean; of a NUMBER, that of the narrowest integer which holds every sampled value.
        largest: of a NUMBER, the greatest magnitude without its point.
        whole: whether the sample shows the values in full; else `bytes` is a lower bound.
    """

    bytes: float
    largest: int = 0
    whole: bool = True


@dataclass(frozen=True)
class FormerRun:
    """A delivery of this machine.

    Attributes:
        engine: what made it.
        rows: the rows of its table.
        seconds: how long it took, verification apart.
    """

    engine: Engine
    rows: int
    seconds: float


@dataclass(frozen=True)
class Way:
    """What a transfer costs by one engine.

    Attributes:
        engine: which.
        rows: rows that travel to this machine.
        bytes: about how many bytes they are, before Snowflake compresses them for the way.
        seconds: about how long the transfer takes.
        pace: what `seconds` rests on, or why it is not known.
        limit: what bounds the engine.
        obstacle: why it cannot make this transfer; empty if it can.
    """

    engine: Engine
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
        ways: one an engine.
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
        return next(way for way in self.ways if way.engine is self.choice.engine)


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
        widths: of the table's columns, by `column_widths`; of those it lacks nothing is known.
        months: of the plan, as far as looked at; None before.
        former: deliveries of this machine in the same place.
    """
    source = plan.source
    rows = months.rows_seen if months and not months.sampled else source.rows
    groups = months.expected_rows if months else None
    keyed = [column.name for column in plan.keys]
    ways = tuple(_way(engine, request, plan, widths, rows, groups, former) for engine in Engine)
    return Estimate(
        rows,
        source.bytes,
        groups,
        bool(months and months.counted),
        tuple(n for n in keyed if not _width(plan, n, widths).whole),
        choose(request, plan),
        ways,
    )


def column_widths(columns: Iterable[SourceColumn], sample: Sample) -> dict[str, Width]:
    """How wide the values of `columns` travel, by a sample of `core.preview.sample`."""
    return {c.name: _sampled_width(c.type, sample[c.name]) for c in columns if c.name in sample}


def _sampled_width(kind: ColumnType, values: Sequence[object]) -> Width:
    given = [value for value in values if value is not None]
    if kind.kind == "FIXED":
        scale = kind.scale or 0
        numbers = (value for value in given if isinstance(value, int | Decimal))
        largest = max((abs(int(Decimal(n).scaleb(scale))) for n in numbers), default=0)
        return Width(_integer(largest), largest)
    if kind.kind in _WIDTHS:
        return Width(_WIDTHS[kind.kind])
    texts = [value for value in given if isinstance(value, str)]
    most = query.BAD_VALUE_CHARACTERS if kind.kind == "TEXT" else query.SHORT_CHARACTERS
    per_byte = 2 if kind.kind == "BINARY" else 1  # sampled as hexadecimal digits
    size = sum(len(text.encode()) for text in texts) / per_byte / max(len(values), 1)
    return Width(_OFFSET + size, whole=all(len(text) < most for text in texts))


def _width(plan: Plan, name: str, widths: Mapping[str, Width]) -> Width:
    """The width of a column; without values of it, what its type tells."""
    if name in widths:
        return widths[name]
    kind = next(c.type for c in plan.source.columns if c.name == name)
    if kind.kind == "FIXED":
        largest = 10 ** (kind.precision or 38) - 1
        return Width(_integer(largest), largest)
    if kind.kind in _WIDTHS:
        return Width(_WIDTHS[kind.kind])
    return Width(_OFFSET, whole=False)


def _integer(largest: int) -> float:
    """Bytes of the narrowest integer in which Snowflake ships numbers up to `largest`."""
    return next((float(n) for n in (1, 2, 4, 8) if largest < 1 << (8 * n - 1)), 16.0)


def _way(
    engine: Engine,
    request: Request,
    plan: Plan,
    widths: Mapping[str, Width],
    rows: int | None,
    groups: int | None,
    former: Sequence[FormerRun],
) -> Way:
    travelling = {Engine.STREAM: rows, Engine.PUSHDOWN: groups, Engine.UNLOAD: 0}[engine]
    size: int | None = 0
    if engine is not Engine.UNLOAD:
        each = _row_bytes(engine, plan, widths, (rows or 0) / max(groups or 1, 1))
        size = None if travelling is None else round(travelling * each)
    limit = _LIMITS[engine]
    if engine is Engine.PUSHDOWN and rows and groups and groups > _BARELY_GROUPED * rows:
        limit = "nearly as many groups as rows travel here"
    seconds, pace = _seconds(engine, rows, former)
    return Way(engine, travelling, size, seconds, pace, limit, _obstacle(engine, request, plan))


def _row_bytes(
    engine: Engine, plan: Plan, widths: Mapping[str, Width], rows_a_group: float
) -> float:
    """Bytes of a row of the engine's statement; every field has a bit for its NULLs."""
    if engine is Engine.STREAM:
        helpers = {"blank": _BITS, "bad": float(_OFFSET)}
        fields, rows_a_group = query.select_rows(plan).fields, 1.0
    else:
        helpers = {"total": _BITS, "rows": _integer(int(rows_a_group))}
        fields = query.select_groups(plan).fields
    return sum(_field_bytes(plan, f, widths, rows_a_group, helpers) + _BITS for f in fields)


def _field_bytes(
    plan: Plan,
    field: Field,
    widths: Mapping[str, Width],
    rows_a_group: float,
    helpers: Mapping[str, float],
) -> float:
    if field.column is None:
        # Magnitudes are floats; the other counts are nearly always 0.
        return helpers.get(field.alias, 8.0 if field.alias.startswith("magnitude") else 1.0)
    if field.column is plan.month:
        return _WIDTHS["DATE"]
    width = _width(plan, field.column.name, widths)
    if field.is_sum and field.column.source.type.kind == "FIXED":
        return _integer(int(width.largest * rows_a_group))
    return width.bytes


def _seconds(
    engine: Engine, rows: int | None, former: Sequence[FormerRun]
) -> tuple[float | None, str]:
    if rows is None:
        return None, "the rows are not known"
    runs = [
        run
        for run in former
        if run.engine is engine and run.rows * _COMPARABLE >= rows >= run.rows / _COMPARABLE > 0
    ][:_FORMER_RUNS]
    if runs:
        each = median(run.seconds / run.rows for run in runs)
        count = f"the median of {len(runs)} runs" if len(runs) > 1 else "one run"
        return rows * each, f"{each * 1e6:.3g} s a million rows, {count} of this machine"
    if engine is Engine.STREAM:
        pace = f"{BENCHMARK_SECONDS:.3g} s a million rows, of the benchmark"
        return BENCHMARK_START + rows / 1e6 * BENCHMARK_SECONDS, pace
    return None, "not measured here yet, and up to the size of the warehouse"


def _obstacle(engine: Engine, request: Request, plan: Plan) -> str:
    if engine is not Engine.UNLOAD:
        return ""
    try:
        check_unloadable(plan, Format(request.format))
    except TransferError as error:
        return error.message
    if request.bucket.startswith("arn:"):
        return "Snowflake takes no ARN of an access point."
    if not (request.storage_integration or request.stage or request.unload_credentials):
        return "It needs --storage-integration, --stage or --unload-credentials."
    return ""
