"""The checks of one table: its columns, a sample, its plan, and the statements of a transfer.

A few thousand rows are read, as the app and a dry run do. The statements of the engines and of a
verification are compiled for the table without reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core import query
from core.checking.snowflake import Warehouse
from core.checking.walk import UncheckedError
from core.errors import IntegrityError, SourceDataError
from core.planning.plan import Plan, Sample, make_plan
from core.planning.source import Source
from core.preview.sample import take_sample
from core.query import Statement
from core.query.literals import without_rows
from core.request.request import Request
from core.warehouse.catalog import find

_TABLE: Final = "table"


@dataclass
class _Found:
    """What the checks find, each for those that follow."""

    source: Source | None = None
    sample: Sample | None = None
    plan: Plan | None = None
    query_id: str = ""


def check_table(warehouse: Warehouse, request: Request) -> None:
    """Check the table of a request."""
    found, walk = _Found(), warehouse.walk
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("columns", lambda: _describe(warehouse, request, found)),
        ("sample", lambda: _take_sample(warehouse, found)),
        ("plan", lambda: _make_plan(request, found)),
        ("statement of engine stream", lambda: _compile_rows(warehouse, found)),
        ("statement of engine pushdown", lambda: _compile_groups(warehouse, found)),
        ("Time Travel: the snapshot of a statement", lambda: _compile_past(warehouse, found)),
    )
    for subject, work in checks:
        before = len(walk.findings)
        walk.step(_TABLE, subject, work)
        if walk.findings[before].exit_code:
            return


def _describe(warehouse: Warehouse, request: Request, found: _Found) -> str:
    found.source = source = find(warehouse.connection, request.table, warehouse.walk.cancel)
    rows = "an unknown number of" if source.rows is None else f"{source.rows:,}"
    return f"{len(source.columns)} columns, {rows} rows"


def _take_sample(warehouse: Warehouse, found: _Found) -> str:
    assert found.source is not None  # noqa: S101 - for the type checker
    found.sample = take_sample(warehouse.connection, found.source, warehouse.walk.cancel)
    return f"{max(map(len, found.sample.values()), default=0):,} rows"


def _make_plan(request: Request, found: _Found) -> str:
    assert found.source is not None  # noqa: S101 - for the type checker
    found.plan = plan = make_plan(found.source, found.sample or {}, request)
    return f"month of {plan.month.name}; {len(plan.sums)} sums, {len(plan.keys)} keys"


def _compile_rows(warehouse: Warehouse, found: _Found) -> str:
    assert found.plan is not None  # noqa: S101 - for the type checker
    found.query_id = _compile(warehouse, query.select_rows(found.plan))
    return ""


def _compile_groups(warehouse: Warehouse, found: _Found) -> str:
    assert found.plan is not None  # noqa: S101 - for the type checker
    _compile(warehouse, query.select_groups(found.plan))
    return ""


def _compile_past(warehouse: Warehouse, found: _Found) -> str:
    assert found.plan is not None  # noqa: S101 - for the type checker
    try:
        _compile(warehouse, query.select_figures(found.plan, read_by=found.query_id))
    except SourceDataError as error:
        kind = "a view" if found.plan.source.is_view else "a table without Time Travel"
        raise UncheckedError(
            f"It is {kind}: a verification compares it as it is then ({error.message})"
        ) from error
    return ""


def _compile(warehouse: Warehouse, statement: Statement) -> str:
    """Compile a statement, and compare the names of its columns; return its query id."""
    result = warehouse.run(without_rows(statement))
    names = [column.name for column in result.cursor.description or ()]
    if names != [field.alias for field in statement.fields]:
        raise IntegrityError(
            f"The statement gives {len(names)} columns, of other names or in another order.",
            "Do not rely on transfers from this account yet: record the answers, and report them.",
        )
    return result.query_id
