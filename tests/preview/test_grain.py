"""The grain of real tables: the dry run, a run, its report and the app say the same."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import Event, Planned, Request, Warned, plan_transfer, run_transfer
from core.planning.plan import Plan
from core.preview import month_preview
from core.preview.browser import Explorer
from core.preview.month_preview import Months, refine_grain
from tests.support.deliveries import execute, options

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
ORDERS = (
    "99,998 of 100,000 rows remain, because of the keys O_COMMENT (5,000 different values in 5,000 "
    "sampled rows), O_CLERK (994). Without them it is about 410, by month alone 80 rows. Leave "
    'them out: drop_columns="O_COMMENT,O_CLERK" or key_columns="none".'
)


@pytest.fixture
def previews(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans whose months are asked for."""
    asked: list[Plan] = []
    real = month_preview.preview_months

    def note(connection: Any, plan: Plan, *arguments: Any, **more: Any) -> Months:
        asked.append(plan)
        return real(connection, plan, *arguments, **more)

    monkeypatch.setattr(month_preview, "preview_months", note)
    return asked


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    given = {"table": table, "bucket": box.s3["bucket"], "file_name": "grain/{run_id}.{ext}"}
    return Request.of(**options(box, **given, **more))


def deliver(request: Request) -> tuple[int, list[str], Plan]:
    """Run a transfer; return its rows, its warnings and the plan that it reports."""
    events: list[Event] = []
    rows = run_transfer(request, on_event=events.append).row_count
    (planned,) = [each.plan for each in events if isinstance(each, Planned)]
    return rows, [each.message for each in events if isinstance(each, Warned)], planned


def test_every_front_end_says_what_remains(
    sandbox: Sandbox, previews: list[Plan], tmp_path: Path
) -> None:
    request = asked(sandbox, "ORDERS_100K", report=str(tmp_path / "report.json"))
    rows, warned, planned = deliver(request)
    assert rows == 99_998
    assert len(previews) == 1  # the sample has 5,000 rows: one more statement counts them
    assert warned[0] == ORDERS
    assert json.loads((tmp_path / "report.json").read_text())["warnings"][0] == ORDERS
    assert plan_transfer(request).warnings[0] == ORDERS
    with Explorer.open(sandbox.snowflake) as explorer:
        made = explorer.plan(explorer.look("ORDERS_100K", NEVER), request)
        assert made.grain is not None
        assert made.grain.out == 100_000
        assert not made.grain.counted
        months = explorer.preview(made, NEVER, exact=False)
    assert refine_grain(made, months).grain == planned.grain


def test_the_remedy_gives_what_it_promises(sandbox: Sandbox, previews: list[Plan]) -> None:
    rows, warned, planned = deliver(
        asked(sandbox, "ORDERS_100K", drop_columns="O_COMMENT,O_CLERK", drop_identifiers=True)
    )
    assert 400 < rows < 420
    assert warned == []
    assert planned.grain is None
    assert previews == []


def test_a_table_that_the_sample_covers_needs_no_other_statement(
    sandbox: Sandbox, previews: list[Plan]
) -> None:
    rows, warned, planned = deliver(asked(sandbox, "LOCATIONS_595", drop_identifiers=True))
    assert previews == []
    assert planned.grain is not None
    assert (planned.grain.rows, planned.grain.out, planned.grain.counted) == (595, rows, True)
    assert warned[0].startswith("581 of 595 rows remain, because of the keys")


def test_a_view_is_counted_and_what_is_not_flagged_then_is_silent(
    sandbox: Sandbox, previews: list[Plan]
) -> None:
    execute(
        sandbox,
        "CREATE OR REPLACE VIEW GRAIN_V AS SELECT '2024-01-15'::DATE AS D,"
        " 'k' || (SEQ4() % 6000) AS K, 1 AS N FROM TABLE(GENERATOR(ROWCOUNT => 20000))",
    )
    rows, warned, planned = deliver(asked(sandbox, "GRAIN_V"))
    assert (rows, warned, planned.grain) == (6_000, [], None)
    assert len(previews) == 1  # its first 5,000 rows are all different
