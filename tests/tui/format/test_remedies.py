"""Remedies as the app words them: fields that it has, keys that work where they are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding
from textual.widgets import Label

from core.remedy import Advice, Remedy, join_remedies
from core.request.options import OPTIONS
from tests.support.remedies import named_options
from tests.tui.app_driver import USUAL, workbench
from tui.app import TransferApp
from tui.format.remedies import PLACES, in_app, in_columns
from tui.workbench.columns.pane import ColumnsPane
from tui.workbench.pane import Pane
from tui.workbench.screen import Workbench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# Options that the app has no field for: it takes them from the command line that starts it.
ELSEWHERE = {
    *("acl", "checksums", "expected_bucket_owner", "external_id", "kms_key_id", "max_file_size"),
    *(
        "csv_decimal_comma",
        "csv_delimiter",
        "csv_null",
        "json_large_numbers",
        "memory_limit",
        "region",
        "report",
        "role_arn",
        "sse",
        "storage_class",
        "tags",
        "timestamp_unit",
        "xlsx_text_numbers",
    ),
}


@pytest.mark.parametrize(
    ("remedy", "label", "key"),
    [
        (
            Remedy("key_columns", "none"),
            "role key in Columns for no column",
            "k on no column",
        ),
        (
            Remedy("drop_columns", "NOTE,CLERK"),
            "role drop in Columns for NOTE,CLERK",
            "d on NOTE,CLERK",
        ),
        (Remedy("drop_columns"), "role drop in Columns", "d on a column"),
        (Remedy("drop_identifiers", True), "role drop in Columns", "i (u restores them)"),
        (Remedy("date_format", "%d/%m/%Y"), "Dates in Columns: %d/%m/%Y", "f: %d/%m/%Y"),
        (Remedy("if_exists", "overwrite"), "If exists: overwrite", "If exists: overwrite"),
        (Remedy("warehouse"), "another connection", "F2"),
        (Remedy("unload_credentials", True), "Writes by: own keys", "Writes by: own keys"),
        (
            Remedy("on_bad_date", "null"),
            "Dates that do not fit (Dates in Columns): NULL month",
            "f, Dates that do not fit: NULL month",
        ),
        (
            Remedy("memory_limit", "900MB"),
            "a start with --memory-limit 900MB",
            "a start with --memory-limit 900MB",
        ),
    ],
)
def test_wording(remedy: Remedy, label: str, key: str) -> None:
    text = Advice("Try ", remedy, ".")
    assert in_app(text) == f"Try {label}."
    assert in_columns(text) == f"Try {key}."


def test_a_field_is_named_once_for_several_values() -> None:
    ways = [Remedy("storage_integration"), Remedy("stage"), Remedy("unload_credentials", True)]
    text = Advice("Give a way: ", join_remedies(ways), "; or another engine: ", Remedy("engine"))
    said = "Give a way: Writes by: integration, stage or own keys; or another engine: Engine"
    assert in_app(text) == said


def test_every_remedy_of_core_has_a_place_or_none_on_purpose() -> None:
    assert named_options() - set(PLACES) == ELSEWHERE
    assert set(PLACES) <= set(OPTIONS)


def test_every_key_is_bound_where_the_columns_are() -> None:
    bound = {
        key
        for each in (*ColumnsPane.BINDINGS, *Workbench.BINDINGS, *TransferApp.BINDINGS)
        if isinstance(each, Binding)
        for key in each.key.split(",")
    }
    named = {place.key.partition(" ")[0].rstrip(",").lower() for place in PLACES.values()}
    assert named - {""} <= bound


async def test_every_label_is_one_that_the_workbench_shows(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "LOCATIONS_595"}, size=USUAL) as drive:
        shown = {str(label.content) for label in drive.bench.query(Label)}
        panes = {str(pane.border_title) for pane in drive.bench.query(Pane)}
    labels = {place.label.partition(":")[0] for place in PLACES.values() if not place.key}
    assert labels <= shown
    assert any("Columns" in title for title in panes)
