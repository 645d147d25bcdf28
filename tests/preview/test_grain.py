"""The grain of real tables: the dry run, a run, its report and the app say the same."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import Event, Planned, Request, Warned, plan_transfer, run_transfer
from core.planning.plan import Plan, make_plan
from core.preview import month_preview
from core.preview.browser import Explorer
from core.preview.month_preview import Months, check_grain, refine_grain
from tests.support.deliveries import execute, options
from tests.support.sources import request, source

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
_CAUSES = (
    "because of the keys O_COMMENT (5,000 different values in 5,000 sampled rows), O_CLERK (994)."
)
_REMEDY = 'Leave them out: drop_columns="O_COMMENT,O_CLERK" or key_columns="none".'
ESTIMATED = (
    f"About 100,000 of 100,000 rows remain, {_CAUSES} Without them it is about 5 a month, by month "
    f"alone 1 row a month. {_REMEDY}"
)
COUNTED = (
    f"99,998 of 100,000 rows remain, {_CAUSES} Without them it is about 410, by month alone 80 "
    f"rows. {_REMEDY}"
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


def deliver(wanted: Request) -> tuple[int, list[str], Plan]:
    """Run a transfer; return its rows, its warnings and the plan that it reports."""
    events: list[Event] = []
    rows = run_transfer(wanted, on_event=events.append).row_count
    (planned,) = [each.plan for each in events if isinstance(each, Planned)]
    return rows, [each.message for each in events if isinstance(each, Warned)], planned


def test_every_front_end_says_what_remains(
    sandbox: Sandbox, previews: list[Plan], tmp_path: Path
) -> None:
    wanted = asked(sandbox, "ORDERS_100K", report=str(tmp_path / "report.json"))
    rows, warned, planned = deliver(wanted)
    assert rows == 99_998
    assert previews == []  # 5,000 of 100,000 rows are enough: no other statement
    assert warned[0] == ESTIMATED
    assert json.loads((tmp_path / "report.json").read_text())["warnings"][0] == ESTIMATED
    dry = plan_transfer(wanted)
    assert dry.warnings[0] == COUNTED
    with Explorer.open(sandbox.snowflake) as explorer:
        made = explorer.plan(explorer.look("ORDERS_100K", NEVER), wanted)
        assert made.grain == planned.grain
        months = explorer.preview(made, NEVER, exact=False)
    assert refine_grain(made, months).grain == dry.plan.grain


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


DRAWN = {"D": "DATE", "K": "VARCHAR(9)", "N": "NUMBER(9,0)"}
SAMPLE: dict[str, Any] = {
    "D": ["2024-01-01"] * 5_000,
    "K": [f"key {n}" for n in range(5_000)],
    "N": [1] * 5_000,
}


@pytest.mark.parametrize(
    ("size", "more", "asks"),
    [
        ({"rows": 600_000, "bytes": 2**26}, {}, False),
        ({"rows": 700_000, "bytes": 2**26}, {}, True),  # too few pairs are expected
        ({"rows": 600_000, "bytes": 2**26 + 1}, {}, True),  # not rows of everywhere
        ({"rows": None, "bytes": None}, {}, True),
        ({"rows": 600_000, "bytes": 2**26, "is_view": True}, {}, True),
        ({"rows": 600_000, "bytes": 2**26}, {"since": "2024-01"}, True),  # of all months
    ],
)
def test_a_sample_that_is_certain_is_not_followed_by_a_statement(
    monkeypatch: pytest.MonkeyPatch, size: dict[str, Any], more: dict[str, Any], asks: bool
) -> None:
    made = make_plan(source(DRAWN, **size), SAMPLE, request(**more))
    assert made.grain is not None
    asked: list[Plan] = []
    monkeypatch.setattr(
        month_preview, "look_at_months", lambda _, plan, *__, **___: asked.append(plan)
    )
    connection: Any = None
    assert check_grain(connection, made, NEVER) == made
    assert asked == ([made] if asks else [])
