"""One file for each month: names, readers of partitioned data sets, and what a failure leaves."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from core import (
    DestinationError,
    DestinationExistsError,
    Outcome,
    Request,
    Skipped,
    UsageError,
    Warned,
    run_transfer,
)
from core.bucket.target import object_url
from core.engines.by_month.files import MonthFiles
from core.events import Phase, Progress
from core.output import Format
from core.remedy import remedies
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import make_table, options, rows_of
from tests.support.services.buckets import Inbox
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

HIVE = "sales/year={year}/month={month}/part.{ext}"
NONE = "__HIVE_DEFAULT_PARTITION__"
KEYS = [
    "in/sales/year=2024/month=01/part.parquet",
    "in/sales/year=2024/month=02/part.parquet",
    f"in/sales/year={NONE}/month={NONE}/part.parquet",
]


@pytest.fixture(scope="module")
def example(sandbox: Sandbox) -> str:
    return make_table(sandbox, *EXAMPLE)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of its own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))


def asked(box: Sandbox, inbox: Inbox, table: str, **more: Any) -> Request:
    where = {"table": table, "bucket": f"s3://{inbox.name}/in/"}
    return Request.of(**options(box, **{**where, "split_by": "month", "file_name": HIVE, **more}))


def deliver(
    box: Sandbox, inbox: Inbox, table: str, events: list[Any] | None = None, **more: Any
) -> Outcome:
    listen = None if events is None else events.append
    found = run_transfer(asked(box, inbox, table, **more), on_event=listen)
    assert isinstance(found, Outcome)
    return found


def deny_writing(inbox: Inbox, of: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{inbox.name}/{of}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inbox.client.put_bucket_policy(Bucket=inbox.name, Policy=policy)


@pytest.mark.parametrize("engine", ["stream", "pushdown"])
def test_readers_of_partitioned_data_sets_read_it(
    sandbox: Sandbox, theirs: Inbox, example: str, tmp_path: Path, engine: str
) -> None:
    found = deliver(sandbox, theirs, example, engine=engine, verify=True, manifest=True)
    manifest = f"in/sales/_{example}.manifest.json"
    assert (found.file_name, found.row_count) == ("in/sales/", 5)
    assert found.url == f"s3://{theirs.name}/in/sales/"
    assert [each.key for each in found.objects] == KEYS
    assert theirs.keys() == sorted([*KEYS, manifest])
    assert found.comparison is not None
    assert found.comparison.agrees
    listed = json.loads(theirs.read(manifest))
    assert (listed["file_name"], listed["row_count"]) == ("in/sales/", 5)
    assert [each["row_count"] for each in listed["files"]] == [3, 1, 1]
    for key in [*KEYS, manifest]:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(theirs.read(key))
    whole = deliver(sandbox, theirs, example, split_by=None, file_name="one.{ext}", engine=engine)
    one = rows_of(pq.read_table(io.BytesIO(theirs.read(whole.file_name))))
    parts = [rows_of(pq.read_table(io.BytesIO(theirs.read(key)))) for key in KEYS]
    assert [row for part in parts for row in part] == one

    with duckdb.connect() as engine_of_theirs:
        rows = engine_of_theirs.sql(
            "SELECT year, month, count(*), sum(QTY) FROM read_parquet("
            f"'{tmp_path}/in/sales/**/*.parquet', hive_partitioning = true, "
            "hive_types = {'year': INTEGER, 'month': INTEGER}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert rows == [(2024, 1, 3, 23), (2024, 2, 1, None), (None, None, 1, 8)]
    data = ds.dataset(tmp_path / "in" / "sales", partitioning="hive")
    table = data.to_table(filter=ds.field("month") == 1)
    assert (table.num_rows, set(table["year"].to_pylist())) == (3, {2024})
    assert data.count_rows(filter=ds.field("year").is_null()) == 1


def test_the_usual_names(sandbox: Sandbox, theirs: Inbox, example: str) -> None:
    found = deliver(sandbox, theirs, example, file_name=None, format="csv", gzip=True)
    folder = found.file_name
    assert folder.startswith(f"in/{example}_monthly_2")
    assert folder.endswith("Z/")
    names = ["2024-01.csv.gz", "2024-02.csv.gz", "undated.csv.gz"]
    assert theirs.keys() == [folder + name for name in names]
    head = theirs.client.head_object(Bucket=theirs.name, Key=folder + names[0])
    assert head["Metadata"]["amplify-row-count"] == "3"


@pytest.mark.adversity
class TestFailures:
    def test_months_before_a_refused_one_are_removed(
        self, sandbox: Sandbox, theirs: Inbox, example: str
    ) -> None:
        deny_writing(theirs, "*month=02*")
        with pytest.raises(DestinationError, match="may not write") as caught:
            deliver(sandbox, theirs, example)
        assert caught.value.delivered is False
        assert theirs.keys() == []

    def test_months_that_replaced_others_are_named(
        self, sandbox: Sandbox, theirs: Inbox, example: str
    ) -> None:
        deny_writing(theirs, "*month=02*")
        with pytest.raises(DestinationError) as caught:
            deliver(sandbox, theirs, example, if_exists="overwrite")
        assert caught.value.delivered is None
        assert f"1 months are in the bucket, without the others: s3://{theirs.name}/{KEYS[0]}" in (
            caught.value.hint
        )
        assert theirs.keys() == KEYS[:1]

    def test_without_its_manifest_all_are_removed(
        self, sandbox: Sandbox, theirs: Inbox, example: str
    ) -> None:
        deny_writing(theirs, "*.manifest.json")
        with pytest.raises(DestinationError) as caught:
            deliver(sandbox, theirs, example, manifest=True)
        assert caught.value.delivered is False
        assert theirs.keys() == []

    @pytest.mark.parametrize("window", [{}, {"since": "2024-01", "until": "2024-02"}])
    def test_what_a_killed_run_left_is_not_added_to(
        self, sandbox: Sandbox, theirs: Inbox, example: str, window: dict[str, str]
    ) -> None:
        theirs.client.put_object(Bucket=theirs.name, Key=KEYS[1], Body=b"left")
        theirs.client.put_object(Bucket=theirs.name, Key="in/sales/other", Body=b"")
        events: list[Any] = []
        with pytest.raises(
            DestinationExistsError, match=r"month=02/part\.parquet exists"
        ) as caught:
            deliver(sandbox, theirs, example, events, **window)
        assert "killed" in caught.value.hint
        assert theirs.keys() == ["in/sales/other", KEYS[1]]
        phases = {each.phase for each in events if isinstance(each, Progress)}
        assert (Phase.QUERY in phases) is not bool(window)
        found = deliver(sandbox, theirs, example, if_exists="overwrite", **window)
        assert theirs.read(KEYS[1]) != b"left"
        assert found.row_count == (4 if window else 5)


def test_a_window_without_rows_has_no_files(sandbox: Sandbox, theirs: Inbox, example: str) -> None:
    events: list[Any] = []
    window = {"since": "2020-01", "until": "2020-01"}
    found = deliver(sandbox, theirs, example, events, manifest=True, verify=True, **window)
    assert (found.file_name, found.row_count, found.objects) == ("in/sales/", 0, ())
    assert theirs.keys() == [f"in/sales/_{example}.manifest.json"]
    (warned,) = (each.message for each in events if isinstance(each, Warned))
    assert warned.endswith("no file is delivered.")


def test_a_second_run_is_skipped_by_the_manifest(
    sandbox: Sandbox, theirs: Inbox, example: str
) -> None:
    again = {"manifest": True, "if_exists": "skip"}
    first = deliver(sandbox, theirs, example, **again)
    found = run_transfer(asked(sandbox, theirs, example, **again))
    assert isinstance(found, Skipped)
    assert (found.file_name, found.row_count) == (first.file_name, first.row_count)


def test_unload_is_refused_with_the_engines_that_can(
    sandbox: Sandbox, theirs: Inbox, example: str
) -> None:
    with pytest.raises(UsageError, match="split_by") as caught:
        deliver(sandbox, theirs, example, engine="unload", storage_integration="SANDBOX_S3")
    assert {each.value for each in remedies(caught.value.hint)} == {"pushdown", "stream"}


@pytest.mark.parametrize(
    ("name", "url"),
    [
        (None, "s3://partner-inbox/in/table_monthly_"),
        (HIVE, "s3://partner-inbox/in/sales/"),
        ("{schema}/{table}_{month}.{ext}", "s3://partner-inbox/in/schema/"),
        ("{month}.{ext}", "s3://partner-inbox/in/"),
    ],
)
def test_the_prefix(name: str | None, url: str) -> None:
    made = request(bucket="s3://partner-inbox/in/", split_by="month", file_name=name)
    found = object_url(made, None)
    assert found.startswith(url)
    assert found.endswith("/")


class TestFiles:
    SCHEMA = pa.schema([("K", pa.string()), ("D", pa.date32())])
    MONTHS = (date(2024, 1, 1), date(2024, 2, 1), None)

    def frame(self, *months: date | None) -> pl.DataFrame:
        return pl.DataFrame(
            {"K": ["k"] * len(months), "D": months}, schema={"K": pl.String, "D": pl.Date}
        )

    def test_a_month_in_several_frames_is_one_file(self, tmp_path: Path) -> None:
        january, february, undated = self.MONTHS
        files = MonthFiles(tmp_path / "x", Format.NDJSON, gzip=False, month_column=1)
        with files.open(self.SCHEMA) as writer:
            writer.write(self.frame(january, january))
            writer.write(self.frame(january, february))
            writer.write(self.frame(undated, undated))
        assert [(each.month, each.rows) for each in files.files] == [
            (january, 3), (february, 1), (undated, 2),
        ]  # fmt: skip
        assert [len(each.path.read_text().splitlines()) for each in files.files] == [3, 1, 2]

    def test_a_failure_removes_the_file_that_is_open(self, tmp_path: Path) -> None:
        files = MonthFiles(tmp_path / "x", Format.PARQUET, gzip=False, month_column=1)
        writer = files.open(self.SCHEMA)
        writer.write(self.frame(*self.MONTHS[:2]))
        assert len(list(tmp_path.iterdir())) == 2
        writer.discard()
        assert list(tmp_path.iterdir()) == [each.path for each in files.files]
        assert [each.month for each in files.files] == [self.MONTHS[0]]
