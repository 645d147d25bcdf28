"""The delivered columns in the file, the dry run, the report and the outcome of a transfer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.planning.delivered import DeliveredColumn
from core.transfer import plan_transfer, run_transfer
from tests.engines.unloading import WAY, asked
from tests.support.deliveries import make_table
from tui.cli import dry_run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

COLUMNS = "D DATE, T TIMESTAMP_NTZ(9), N NUMBER(9,0), AMT NUMBER(12,2)"
ROWS = ("('2024-01-03', '2024-01-01', 7, 0.10)", "('2024-02-03', NULL, 8, 0.20)")
EXPECTED = [("month", "DATE"), ("T", "TIMESTAMP(6)"), ("no", "BIGINT"), ("AMT", "DECIMAL(38,2)")]


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    return make_table(sandbox, COLUMNS, *ROWS)


def listed(schema: tuple[DeliveredColumn, ...]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in schema]


@pytest.mark.parametrize(
    "way",
    [{"engine": "stream", "format": "csv"}, {**WAY, "format": "ndjson"}],
    ids=["csv", "unload"],
)
def test_renamed_columns_are_verified_and_reported(
    sandbox: Sandbox, table: str, tmp_path: Path, way: dict[str, Any]
) -> None:
    report = tmp_path / "report.json"
    request = asked(
        sandbox,
        table,
        date_column="D",
        key_columns="T,N",
        rename="D=month,N=no",
        verify=True,
        report=str(report),
        **way,
    )
    outcome = run_transfer(request)
    assert outcome.comparison is not None
    assert outcome.comparison.agrees
    assert listed(outcome.schema) == EXPECTED
    assert outcome.first_rows.columns == ("month", "T", "no", "AMT")
    told = json.loads(report.read_text())
    assert told["request"]["rename"] == {"D": "month", "N": "no"}
    assert told["schema"][2] == {"name": "no", "type": "BIGINT", "role": "key", "source": "N"}


def test_the_dry_run_shows_the_delivered_columns(sandbox: Sandbox, table: str) -> None:
    request = asked(
        sandbox,
        table,
        date_column="D",
        key_columns="T,N",
        rename="D=month,N=no",
        **WAY,
        format="csv",
    )
    preview = plan_transfer(request)
    assert listed(preview.schema) == EXPECTED
    text = "\n".join(dry_run.as_text(preview))
    assert "delivered as" in text
    assert "month DATE" in text
    assert "no BIGINT" in text
    (line,) = dry_run.as_json(preview)
    assert json.loads(line)["schema"][0] == {
        "name": "month",
        "type": "DATE",
        "role": "month",
        "source": "D",
    }
