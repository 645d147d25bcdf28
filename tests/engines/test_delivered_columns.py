"""The delivered columns in the file, the dry run, the report and the outcome of a transfer."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from core.engines.unload_limits import find_unsupported
from core.errors import SourceDataError, UsageError
from core.events import Event, Warned
from core.planning.delivered import DeliveredColumn
from core.remedy import Remedy, remedies
from core.transfer import plan_transfer, run_transfer
from tests.engines.unloading import WAY, asked
from tests.support.deliveries import download, make_table
from tests.support.sources import request
from tui.cli import dry_run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

COLUMNS = "D DATE, T TIMESTAMP_NTZ(9), N NUMBER(9,0), AMT NUMBER(30,2)"
LARGE = "99999999999999999.20"  # a 64-bit float does not hold it
ROWS = ("('2024-01-03', '2024-01-01', 7, 0.10)", f"('2024-02-03', NULL, 8, {LARGE})")
EXPECTED = [("month", "DATE"), ("T", "TIMESTAMP(6)"), ("no", "BIGINT"), ("AMT", "DECIMAL(38,2)")]


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    return make_table(sandbox, COLUMNS, *ROWS)


def listed(schema: tuple[DeliveredColumn, ...]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in schema]


CSV = {
    "engine": "stream",
    "format": "csv",
    "csv_delimiter": ";",
    "csv_null": "NULL",
    "csv_bom": True,
    "csv_decimal_comma": True,
}
NDJSON = {"format": "ndjson", "json_large_numbers": "text"}


@pytest.mark.parametrize(
    "way",
    [
        CSV,
        {**NDJSON, "engine": "pushdown"},
        {**WAY, **NDJSON},
        {**WAY, "format": "csv", "csv_delimiter": r"\t"},
    ],
    ids=["csv", "ndjson", "unload_ndjson", "unload_csv"],
)
def test_renamed_columns_are_verified_and_reported(
    sandbox: Sandbox, table: str, tmp_path: Path, way: dict[str, Any]
) -> None:
    report = tmp_path / "report.json"
    wanted = asked(
        sandbox,
        table,
        date_column="D",
        key_columns="T,N",
        rename="D=month,N=no",
        verify=True,
        report=str(report),
        **way,
    )
    events: list[Event] = []
    outcome = run_transfer(
        wanted, on_event=lambda each: isinstance(each, Warned) and events.append(each)
    )
    assert outcome.comparison is not None
    assert outcome.comparison.agrees
    assert listed(outcome.schema) == EXPECTED
    assert outcome.first_rows.columns == ("month", "T", "no", "AMT")
    told = json.loads(report.read_text())
    assert events == []
    text = download(sandbox, outcome.result).decode()
    if way["format"] == "ndjson":
        assert f'"AMT":"{LARGE}"}}' in text
        assert '"AMT":0.10}' in text
    elif way.get("engine") == "stream":
        assert text.startswith("\ufeffmonth;T;no;AMT\r\n")
        assert "2024-02-01;NULL;8;99999999999999999,20\r\n" in text
    else:
        assert f"\t{LARGE}\r\n" in text
    assert told["request"]["rename"] == {"D": "month", "N": "no"}
    assert told["schema"][2] == {"name": "no", "type": "BIGINT", "role": "key", "source": "N"}


def test_a_workbook_is_verified(sandbox: Sandbox, table: str) -> None:
    wanted = asked(
        *(sandbox, table),
        date_column="D",
        engine="stream",
        format="xlsx",
        verify=True,
        xlsx_text_numbers=True,
        file_name="{run_id}.{ext}",  # two runs in one second
    )
    outcome = run_transfer(wanted)
    assert outcome.comparison is not None
    assert outcome.comparison.agrees
    book = openpyxl.load_workbook(io.BytesIO(download(sandbox, outcome.result)))
    rows = [tuple(cell.value for cell in row) for row in book["data"].iter_rows(min_row=2)]
    assert rows == [
        (datetime(2024, 1, 1), datetime(2024, 1, 1), "7", "0.10"),
        (datetime(2024, 2, 1), None, "8", LARGE),
    ]
    with pytest.raises(SourceDataError, match="more than 15 digits"):
        run_transfer(wanted.replace(xlsx_text_numbers=False, engine="pushdown"))


def test_snowflake_writes_no_workbook(sandbox: Sandbox, table: str) -> None:
    with pytest.raises(UsageError, match="Engine unload cannot write xlsx") as caught:
        plan_transfer(asked(sandbox, table, date_column="D", **WAY, format="xlsx"))
    assert Remedy("engine", "stream") in caught.value.remedies


def test_numbers_that_readers_of_json_round_are_warned_of(sandbox: Sandbox, table: str) -> None:
    said: list[str] = []
    wanted = asked(sandbox, table, date_column="D", engine="stream", format="json")
    run_transfer(
        wanted, on_event=lambda each: isinstance(each, Warned) and said.append(each.message)
    )
    assert [Remedy("json_large_numbers", "text")] == list(remedies(*said))
    assert any(text.startswith("AMT: numbers with more digits") for text in said)


@pytest.mark.parametrize(
    ("option", "value"), [("csv_null", "NULL"), ("csv_bom", True), ("csv_decimal_comma", True)]
)
def test_what_snowflake_does_not_write_is_refused(option: str, value: object) -> None:
    more = {option: value, "csv_delimiter": ";"}
    refused = find_unsupported(request(**WAY, format="csv", **more))
    assert refused is not None
    assert option in refused.message
    assert Remedy("engine", "stream") in refused.remedies
    assert find_unsupported(request(**WAY, format="ndjson", **more)) is None


def test_the_dry_run_shows_the_delivered_columns(sandbox: Sandbox, table: str) -> None:
    wanted = asked(
        sandbox,
        table,
        date_column="D",
        key_columns="T,N",
        rename="D=month,N=no",
        **WAY,
        format="csv",
    )
    preview = plan_transfer(wanted)
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
