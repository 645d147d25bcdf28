"""The whole journey, from the open app to the result with its row counts, for each sample table."""

from __future__ import annotations

import io
import json
import uuid
from typing import TYPE_CHECKING

import polars as pl
import pytest
from textual.widgets import Input

from tests.support.deliveries import bucket_client
from tests.tui.app_driver import workbench
from tests.tui.app_hosts import send_key, until, whole
from tui.screens.run.screen import RunScreen, State

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# Table, options to set, and the expected row counts: rows read, blank rows, groups.
JOURNEYS = [
    ("LOCATIONS_595", {"date_column": "DOB"}, 595, 14, 581),
    ("ORDERS_100K", {}, 100_000, 2, 99_998),
    ("ORDERS_1998", {}, None, 0, None),
    pytest.param(
        *("MOVIE_RATINGS_27M", {"key_columns": "none"}, 27_753_444, 0, 285),
        marks=pytest.mark.large,
    ),
]


@pytest.mark.parametrize(("table", "options", "read", "blank", "groups"), JOURNEYS)
async def test_from_opening_to_the_result(
    sandbox: Sandbox,
    table: str,
    options: dict[str, str],
    read: int | None,
    blank: int,
    groups: int | None,
) -> None:
    prefix = f"j-{uuid.uuid4().hex[:8]}"
    async with workbench(sandbox) as drive:
        await drive.pick(table)
        if options:
            drive.bench.take(drive.bench.draft.request.replace(**options))
            await drive.planned(table)
        await drive.previewed()
        assert drive.lines("month-list").items
        drive.bench.query_one("#to", Input).value = f"s3://{sandbox.s3['bucket']}/{prefix}"
        await until(drive.pilot, lambda: drive.bench.draft.complete)
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        run = drive.app.screen
        assert isinstance(run, RunScreen)
        await drive.press(send_key(run))
        await until(drive.pilot, lambda: run.state in (State.DELIVERED, State.FAILED))
        assert run.outcome is not None, whole(drive.app)
        outcome, totals = run.outcome, run.outcome.totals
        told = whole(drive.app)
        assert json.dumps(outcome.result["file_name"]) in told
        assert f'"row_count": {outcome.row_count}' in told
        assert f"Rows read {totals.rows_read:,}" in told
        assert f"Groups {totals.groups:,} rows in the file" in told
        assert "Verified: row counts and totals match" in told
        if read is not None:
            assert (totals.rows_read, totals.blank_rows, totals.groups) == (read, blank, groups)
    key = outcome.result["file_name"]
    assert key.startswith(f"{prefix}/{table}_monthly_")
    data = bucket_client(sandbox).get_object(Bucket=sandbox.s3["bucket"], Key=key)["Body"].read()
    frame = pl.read_parquet(io.BytesIO(data))
    assert frame.height == outcome.row_count == totals.groups > 0
