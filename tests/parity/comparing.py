"""An engine's delivery and books against the oracle's."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from core.errors import SourceDataError, TransferError, UsageError
from core.planning.plan import Plan
from tests.parity.engines import LOCAL, Bench, Ran
from tests.parity.oracle import Expected, Number, expect
from tests.parity.reading import read
from tests.parity.tables import Column, Table

FLOAT_TOLERANCE = 1e-12


def check(
    bench: Bench,
    table: Table,
    form: str = "parquet",
    *,
    described: bool = True,
    name: str = "PARITY",
) -> dict[str, Ran]:
    """Run a table through the engines and compare each with the oracle, and all with each other.

    Args:
        bench: where they run.
        table: the rows and the plan.
        form: of the files; `unload` takes another where it has to refuse this one.
        name: of the table in Snowflake.
        described: plan by what Snowflake describes and samples, as a run does.

    Returns:
        The deliveries by engine; fewer where nothing may be delivered.
    """
    expected = expect(table)
    plan = bench.plan(table, bench.load(table, name), described=described)
    formats = dict.fromkeys(LOCAL, form)
    accepted = [each for each in (form, *FORMATS) if not check_refusal(bench, table, plan, each)]
    if accepted:
        formats["unload"] = accepted[0]
    done: dict[str, Ran] = {}
    for engine, each in formats.items():
        if expected.fails:
            with pytest.raises(SourceDataError, match=expected.fails):
                bench.run(engine, table, plan, each)
            continue
        try:
            done[engine] = bench.run(engine, table, plan, each)
        except SourceDataError as error:
            if expected.may_fail and re.search(expected.may_fail, str(error)):
                continue
            raise
        compare(engine, table, plan, each, expected, done[engine])
    if {"stream", "pushdown"} <= done.keys() and not table.float_sums:
        assert done["stream"].data == done["pushdown"].data
    heads = {ran.first_rows for ran in done.values()}
    assert len(heads) <= 1 or table.float_sums
    return done


def check_refusal(bench: Bench, table: Table, plan: Plan, form: str) -> bool:
    """Whether `unload` must refuse, and does, before anything runs at Snowflake."""
    refusal = refused(table, form)
    if refusal:
        with pytest.raises(refusal, match=r"Engine unload cannot"):
            bench.run("unload", table, plan, form)
    return refusal is not None


# What engine `unload` refuses, from its documentation: of a format, which kinds of keys.
REFUSED_KEYS = {
    "parquet": {"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIME", "BINARY"},
    "csv": {"FLOAT", "DECFLOAT"},
    "ndjson": {"FLOAT", "DECFLOAT"},
}
FLOATS = {"FLOAT", "DECFLOAT"}
FORMATS = ("parquet", "ndjson", "csv", "json")


def refused(table: Table, form: str) -> type[TransferError] | None:
    """Why `unload` must refuse; None if it must deliver."""
    if form == "json":
        return UsageError
    return SourceDataError if any(_refused(table, c, form) for c in table.delivered) else None


def _refused(table: Table, column: Column, form: str) -> bool:
    names = table.options.get("rename", {})
    if form == "csv" and '"' in names.get(column.name, column.name):
        return True
    if column.name in table.sums:
        return column.kind in FLOATS and form != "parquet"
    if column.name == table.month:
        return False
    nanoseconds = column.has_nanoseconds and table.options.get("timestamp_unit") == "ns"
    return nanoseconds or column.kind in REFUSED_KEYS[form]


def types_of(engine: str, table: Table, expected: Expected) -> tuple[pa.DataType, ...]:
    """The types of a parquet file: by `unload` whole numbers of keys are decimals, as declared."""
    if engine != "unload":
        return expected.types
    return tuple(
        pa.decimal128(c.precision, 0) if c.name in table.keys and pa.types.is_int64(kind) else kind
        for c, kind in zip(table.delivered, expected.types, strict=True)
    )


def compare(
    engine: str,
    table: Table,
    plan: Plan,
    form: str,
    expected: Expected,
    ran: Ran,
) -> None:
    """The rows, their order, names and types, and the books."""
    types = types_of(engine, table, expected) if form == "parquet" else expected.types
    names, rows = read(ran.data, form, expected.names, types)
    assert tuple(names) == expected.names, engine
    assert len(rows) == len(expected.rows), (engine, rows, expected.rows)
    for number, (got, wanted) in enumerate(zip(rows, expected.rows, strict=True)):
        for name, a, b in zip(names, got, wanted, strict=True):
            assert same(a, b), f"{engine}, row {number}, {name}: {a!r} instead of {b!r}"
    totals = ran.totals
    books = (totals.rows_declared, totals.rows_read, totals.blank_rows, totals.groups)
    assert books == (expected.read, expected.read, expected.blank, len(expected.rows)), engine
    assert (totals.null_dates, totals.bad_dates) == (expected.null, expected.bad), engine
    assert len(totals.bad_examples) == min(expected.bad, 5), engine
    for number, column in enumerate(plan.sums, 1):
        wanted = expected.totals[column.name]
        for books_of in (totals.read, totals.written):
            total = books_of.get(f"sum_{number}")
            got = total.value if total else None
            where = f"{engine}, total of {column.name}: {got!r} instead of {wanted!r}"
            if total and isinstance(wanted, Decimal) and isinstance(got, float):
                assert abs(Decimal(got) - wanted) <= Decimal(total.magnitude * 1e-9), where
            else:
                assert same(got, wanted), where


def same(got: Any, wanted: Any) -> bool:
    """Whether two raw values are the same; sums of floats to 1e-12 of what was summed."""
    if isinstance(wanted, Number):
        return isinstance(got, float) and _close(got, wanted)
    if isinstance(wanted, float) and isinstance(got, float):
        both = (str(got), str(wanted))
        return both[0] == both[1]  # NaN is NaN, and 0.0 is not -0.0
    return (type(got) is type(wanted) and got == wanted) or _same_number(got, wanted)


def _same_number(got: Any, wanted: Any) -> bool:
    numbers = (int, Decimal)
    plain = not isinstance(got, bool) and not isinstance(wanted, bool)
    return plain and isinstance(got, numbers) and isinstance(wanted, numbers) and got == wanted


def _close(got: float, wanted: Number) -> bool:
    if not math.isfinite(wanted.value) or not math.isfinite(got):
        return str(got) == str(wanted.value)
    return abs(got - wanted.value) <= FLOAT_TOLERANCE * wanted.size
