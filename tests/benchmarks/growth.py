"""Growth: from 1M to 100M rows by each engine, and groups that grow as fast as the rows.

The tables are views over one table of a million rows: the sandbox makes the rows while it answers,
no two millions alike, so that a result is compressed no better because it is larger.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.sandbox.launcher import ROOMY_TEMPORARY, Sandbox
from tests.benchmarks.measure import RUNS, Measured, measure
from tests.support.deliveries import execute

SIZES, QUICK_SIZES = (1, 3, 10, 30, 100), (1, 2, 3)  # million rows
RUNS_UP_TO = 10  # million rows; larger tables are transferred once
LINEAR_FROM = 10  # million rows: below, it is the start that takes the time
DISK_BYTES = 60 * 2**20  # a million rows, with what other sizes have left

_MILLION = """
    CREATE TABLE DEMO.PUBLIC.MILLION AS
    SELECT N::NUMBER(9,0) AS N, DATEADD(DAY, MOD(N, 730), '2023-01-01'::DATE) AS SOLD_ON,
           'region ' || MOD(H, 12) AS REGION, MOD(H, 100000)::NUMBER(9,0) AS UNITS,
           (MOD(H, 10000000) / 100)::NUMBER(12,2) AS AMOUNT
    FROM (SELECT SEQ8() AS N, ABS(MOD(HASH(N), 1000000007)) AS H
          FROM TABLE(GENERATOR(ROWCOUNT => 1000000)))
"""
# 24 months and 12 regions: 288 groups, however many rows.
_FEW = """
    SELECT SOLD_ON, REGION, MOD(UNITS + 7919 * C, 100000)::NUMBER(9,0) AS UNITS,
           AMOUNT + C * 1234.57 AS AMOUNT
    FROM DEMO.PUBLIC.MILLION
    CROSS JOIN (SELECT SEQ4()::NUMBER(9,0) AS C FROM TABLE(GENERATOR(ROWCOUNT => {})))
"""
# A customer in every row: as many groups as rows.
_MANY = """
    SELECT SOLD_ON, 'customer ' || (N + 1000000 * C)::NUMBER(18,0) AS CUSTOMER, UNITS, AMOUNT
    FROM DEMO.PUBLIC.MILLION
    CROSS JOIN (SELECT SEQ4()::NUMBER(9,0) AS C FROM TABLE(GENERATOR(ROWCOUNT => {})))
"""


@dataclass(frozen=True)
class Case:
    """An engine at work on tables of several sizes, in million rows."""

    name: str
    engine: str
    select: str
    sizes: tuple[int, ...] = SIZES


CASES = (
    Case("stream", "stream", _FEW),
    Case("pushdown", "pushdown", _FEW),
    Case("unload", "unload", _FEW),
    Case("pushdown, all distinct", "pushdown", _MANY, SIZES[:3]),  # the sandbox can no more
)
_HEADER = """
| engine | rows | groups | seconds | per 1M | after result | CPU | peak MB | wire MB | batches |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


def growth(box: Sandbox, setup: dict[str, Any], *, quick: bool) -> None:
    """Measure, and print a table in Markdown with two verdicts.

    Args:
        box: the sandbox.
        setup: how a case reaches it.
        quick: up to 3M rows only, each once.
    """
    needed, free = max(SIZES) * DISK_BYTES, shutil.disk_usage(ROOMY_TEMPORARY).free
    if not quick and free < needed:
        sys.exit(f"{ROOMY_TEMPORARY} has {free:,} bytes free; this takes up to {needed:,}.")
    execute(box, _MILLION)
    lines = []
    print(_HEADER)
    for millions, line in _measured(box, setup, quick=quick):
        lines.append((millions, line))
        print(_row(millions, line), flush=True)
    print(*_verdicts(lines), sep="\n")


def _measured(
    box: Sandbox, setup: dict[str, Any], *, quick: bool
) -> Iterator[tuple[int, Measured]]:
    """Each transfer, with the million rows it moved."""
    for case in CASES:
        options = {"engine": case.engine}
        if case.engine == "unload":
            options["storage_integration"] = box.unload["storage_integration"]
        for millions in QUICK_SIZES if quick else case.sizes:
            table = f"DEMO.PUBLIC.GROWTH_{millions}M"
            execute(box, f"CREATE OR REPLACE VIEW {table} AS {case.select.format(millions)}")
            runs = RUNS if millions <= RUNS_UP_TO and not quick else 1
            setup = {**setup, "table": table, "options": options}
            yield millions, measure(case.name, "product", setup, runs)


def _row(millions: int, line: Measured) -> str:
    return (
        f"| {line.name} | {millions}M | {line.rows:,} | {line.seconds:.1f} "
        f"| {line.seconds / millions:.2f} | {line.since or 0:.1f} | {line.cpu:.1f} "
        f"| {line.peak_mb:.0f} | {line.wire_mb:,.1f} | {line.batches:,} |"
    )


def _verdicts(lines: Sequence[tuple[int, Measured]]) -> Iterator[str]:
    """Whether memory is flat and time linear, as ratios of this run."""
    flat, linear = [], []
    for name, group in groupby(lines, key=lambda each: each[1].name):
        measured = dict(group)
        peaks = [line.peak_mb or 0 for line in measured.values()]
        flat.append(f"{name} {max(peaks) / min(peaks):.2f}")
        large = max(measured)
        small = LINEAR_FROM if large > LINEAR_FROM else min(measured)
        before, after = measured[small].seconds, measured[large].seconds
        ratio, further = after / large / (before / small), (after - before) / (large - small)
        linear.append(
            f"{name} {ratio:.2f} from {small}M to {large}M ({further:.2f} s a further million)"
        )
    yield f"\nmemory flat, largest peak to smallest: {'; '.join(flat)}"
    yield f"time linear, seconds per million rows: {'; '.join(linear)}"
