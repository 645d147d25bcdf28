"""`verify=True` through the sandbox: what differs is found, and nothing else is an alarm."""

from __future__ import annotations

import gzip
import json
import stat
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import CancelledError, Delivered, IntegrityError, LocalResourceError, UsageError, Warned
from core.events import Event, Phase, Progress
from core.outcome import Outcome
from core.records.history import read_history, run_recorded
from core.request.request import Request
from core.runtime.disk.paths import spill_root
from core.transfer import run_transfer
from core.verify.comparison import Copy
from core.verify.source_totals import Snapshot
from tests.support.deliveries import execute, make_table, objects, options
from tests.support.services.buckets import Inbox
from tests.support.services.warehouse_proxy import START, Warehouse, rewrite

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

COLUMNS = "D DATE, REGION VARCHAR, QTY NUMBER(38,0), AMT NUMBER(12,2), F FLOAT"
ROWS = (
    "('2024-01-03', 'eu', 1, 0.10, 0.5)",
    "('2024-01-31', 'eu', 2, 0.20, 0.25)",
    "('2024-02-01', 'eu, \"x\"', NULL, 77.30, NULL)",
    "(NULL, NULL, NULL, NULL, NULL)",
    "('2024-01-09', 'us', 4, NULL, 'NaN'::FLOAT)",
    "(NULL, 'us', 8, 1.00, -2.0)",
)
FORMATS = [(f, z) for f in ("parquet", "json", "ndjson", "csv") for z in (False, True)]
FORMATS.remove(("parquet", True))
by_format = pytest.mark.parametrize(("kind", "zipped"), FORMATS)


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    """Six rows, one of them blank, in three months."""
    return make_table(sandbox, COLUMNS, *ROWS)


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    more = {"file_name": "verify/{run_id}.{ext}", "verify": True, **more}
    return Request.of(table=table, bucket=box.s3["bucket"], **{**options(box), **more})


def on_phase(phase: Phase, do: Callable[[], object]) -> Callable[[Event], None]:
    """A listener that does something once, as `phase` begins."""
    done: list[object] = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is phase and not done:
            done.append(True)
            do()

    return listen


def test_what_was_delivered_agrees(sandbox: Sandbox, table: str) -> None:
    for kind, zipped in (("parquet", False), ("json", True)):
        found = run_transfer(asked(sandbox, table, format=kind, gzip=zipped)).comparison
        assert found is not None
        assert found.agrees is True, str(found)
        assert (found.snapshot, found.copy) == (Snapshot.READ, Copy.BUCKET)
        assert (found.rows, found.groups, found.months) == (6, 4, 3)


FORMER = r" {}\(STATEMENT => '[^']*'\)"


@pytest.mark.parametrize("changed", [True, False])
def test_a_change_while_the_table_was_read_is_told_from_a_wrong_delivery(
    sandbox: Sandbox, changed: bool
) -> None:
    """The state at a statement is that of its end, as Snowflake documents; here, of the present."""
    table = make_table(sandbox, COLUMNS, *ROWS)
    more = f"INSERT INTO {table} VALUES ('2024-01-04', 'eu', 1, 5.00, 1.5)"
    with Warehouse(sandbox) as warehouse:
        warehouse.on(f"{START}.*AT.STATEMENT", rewrite(FORMER.format("AT"), ""))
        if not changed:  # then the state before does not explain the difference either
            warehouse.on(f"{START}.*BEFORE.STATEMENT", rewrite(FORMER.format("BEFORE"), ""))
        request = asked(sandbox, table)
        port = urlsplit(warehouse.url).port
        request = request.replace(connection=sandbox.snowflake | {"port": port})
        listen = on_phase(Phase.UPLOAD, lambda: execute(sandbox, more))
        if changed:
            found = run_transfer(request, on_event=listen).comparison
            assert found is not None
            assert (found.agrees, found.snapshot) == (True, Snapshot.BEFORE)
            assert "because it was changed meanwhile" in str(found)
        else:
            with pytest.raises(IntegrityError) as caught:
                run_transfer(request, on_event=listen)
            assert caught.value.outcome
            assert "as it was read" in caught.value.hint


def plant(change: Callable[[bytes], bytes]) -> Callable[[Event], None]:
    """Change the file between its writing and its upload."""

    def spoil() -> None:
        (path,) = (spill_root() / "runs").glob("*/delivery")
        data = path.read_bytes()
        spoiled = change(data)
        assert spoiled != data
        path.write_bytes(spoiled)

    return on_phase(Phase.UPLOAD, spoil)


def replaced(kind: str, zipped: bool) -> Callable[[bytes], bytes]:
    """77.30 becomes 77.31, and nothing else changes."""

    def change(data: bytes) -> bytes:
        if kind != "parquet":
            text = gzip.decompress(data) if zipped else data
            text = text.replace(b"77.30", b"77.31")
            return gzip.compress(text) if zipped else text
        table = pq.read_table(pa.BufferReader(data))
        values = [
            Decimal("77.31") if value == Decimal("77.30") else value
            for value in table["AMT"].to_pylist()
        ]
        sink = pa.BufferOutputStream()
        place = table.schema.get_field_index("AMT")
        changed = table.set_column(place, "AMT", pa.array(values, table.schema.field("AMT").type))
        pq.write_table(changed, sink)
        return bytes(sink.getvalue().to_pybytes())

    return change


@by_format
def test_a_changed_value_is_caught(sandbox: Sandbox, table: str, kind: str, zipped: bool) -> None:
    request = asked(sandbox, table, format=kind, gzip=zipped)
    with pytest.raises(IntegrityError) as caught:
        run_transfer(request, on_event=plant(replaced(kind, zipped)))
    error = caught.value
    assert error.exit_code == 8
    assert error.outcome is not None
    assert error.outcome.comparison is not None
    assert error.outcome.comparison.agrees is False
    assert error.message.startswith(
        f"{error.outcome.url} is delivered, but the sum of AMT in 2024-02 is 77.31 for the file, "
        "77.30 for Snowflake"
    )
    assert objects(sandbox, error.outcome.file_name) == [error.outcome.file_name]


def test_a_missing_row_is_caught(sandbox: Sandbox, table: str) -> None:
    def cut(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        return b"".join(line for line in lines if b"eu" not in line or b"77" in line)

    with pytest.raises(IntegrityError, match=r"rows in 2024-01|2024-01 is"):
        run_transfer(asked(sandbox, table, format="csv"), on_event=plant(cut))


def test_values_swapped_between_months_are_caught(sandbox: Sandbox, table: str) -> None:
    def swap(data: bytes) -> bytes:
        return data.replace(b"77.30", b"#").replace(b"1.00", b"77.30").replace(b"#", b"1.00")

    with pytest.raises(IntegrityError, match=r"the sum of AMT in 2024-02 is 1.00 for the file"):
        run_transfer(asked(sandbox, table, format="ndjson"), on_event=plant(swap))


class TestSnapshot:
    INSERT = "INSERT INTO {} SELECT '2024-01-01', 'new', 1000, 1000, 1000"

    def changed(self, box: Sandbox, table: str, source: str) -> tuple[Outcome, list[str]]:
        """A transfer of `source`; `table` gets a row before it is verified."""
        said: list[str] = []
        change = on_phase(Phase.VERIFY, lambda: execute(box, self.INSERT.format(table)))

        def listen(event: Event) -> None:
            change(event)
            if isinstance(event, Warned):
                said.append(event.message)

        return run_transfer(asked(box, source), on_event=listen), said

    def test_a_change_after_the_read_is_no_alarm(self, sandbox: Sandbox) -> None:
        table = make_table(sandbox, COLUMNS, *ROWS)
        outcome, said = self.changed(sandbox, table, table)
        assert outcome.comparison is not None
        assert outcome.comparison.agrees is True
        assert outcome.comparison.snapshot is Snapshot.READ
        assert outcome.comparison.rows == 6
        assert execute(sandbox, f"SELECT COUNT(*) FROM {table}") == [(7,)]
        assert not [each for each in said if "erified" in each]

    def test_a_view_that_changed_is_told(self, sandbox: Sandbox) -> None:
        table = make_table(sandbox, COLUMNS, *ROWS)
        execute(sandbox, f"CREATE VIEW {table}_V AS SELECT * FROM {table}")
        outcome, said = self.changed(sandbox, table, f"{table}_V")
        assert outcome.comparison is not None
        assert outcome.comparison.agrees is None
        assert outcome.comparison.snapshot is Snapshot.NOW
        assert str(outcome.comparison) in said
        assert "which may have changed since it was read" in said[-1]
        assert "a view or an external table has no Time Travel" in said[-1]

    def test_a_planted_difference_of_a_view_is_caught(self, sandbox: Sandbox, table: str) -> None:
        execute(sandbox, f"CREATE OR REPLACE VIEW {table}_V AS SELECT * FROM {table}")
        request = asked(sandbox, f"{table}_V", format="csv")
        with pytest.raises(IntegrityError, match=r"77\.31 for the file"):
            run_transfer(request, on_event=plant(replaced("csv", False)))

    def test_without_retention_the_table_is_taken_as_it_is(self, sandbox: Sandbox) -> None:
        table = make_table(sandbox, COLUMNS, *ROWS)
        execute(sandbox, f"ALTER TABLE {table} SET DATA_RETENTION_TIME_IN_DAYS = 0")
        found = run_transfer(asked(sandbox, table)).comparison
        assert found is not None
        assert found.agrees is True
        assert found.snapshot is Snapshot.NOW
        assert "Time Travel to the read is refused" in found.snapshot_why


def writer_only(box: Sandbox) -> dict[str, str]:
    """The credentials of a user who may write to the bucket, and no more."""
    s3 = {name: value for name, value in box.s3.items() if name != "bucket"}
    client: Any = boto3.client("s3", **s3)
    proxy: Any = None
    return Inbox(box.s3["bucket"], s3, client, proxy).user("s3:PutObject")


class TestWhereItIsRead:
    def test_the_local_copy_where_the_bucket_may_not_be_read(
        self, sandbox: Sandbox, table: str
    ) -> None:
        request = asked(sandbox, table, s3_options=writer_only(sandbox), format="csv")
        found = run_transfer(request).comparison
        assert found is not None
        assert (found.agrees, found.copy) == (True, Copy.LOCAL)
        assert "the local copy (S3 does not let these credentials read it)" in str(found)
        with pytest.raises(IntegrityError, match=r"77\.31 for the file"):
            run_transfer(request, on_event=plant(replaced("csv", False)))

    def test_an_object_replaced_meanwhile_is_told(self, sandbox: Sandbox, table: str) -> None:
        s3 = {name: value for name, value in sandbox.s3.items() if name != "bucket"}
        client: Any = boto3.client("s3", **s3)
        there: list[Delivered] = []

        def listen(event: Event) -> None:
            if isinstance(event, Delivered):
                there.append(event)
                key = event.url.partition(f"{sandbox.s3['bucket']}/")[2]
                client.put_object(Bucket=sandbox.s3["bucket"], Key=key, Body=b"other")

        with pytest.raises(IntegrityError, match=r"is delivered, but not verified: .* replaced"):
            run_transfer(asked(sandbox, table), on_event=listen)
        assert there[0].rows == 4

    def test_the_parts_that_snowflake_wrote(self, sandbox: Sandbox) -> None:
        table = make_table(sandbox, "D DATE, K VARCHAR, N NUMBER(9,2)")
        execute(
            sandbox,
            f"INSERT INTO {table} SELECT O_ORDERDATE, REPEAT(O_ORDERKEY::VARCHAR || ',', 60), "
            "O_TOTALPRICE FROM ORDERS_100K LIMIT 8000",
        )
        request = asked(
            sandbox,
            table,
            engine="unload",
            storage_integration="SANDBOX_S3",
            max_file_size="1MB",
            format="csv",
        )
        outcome = run_transfer(request)
        assert len(outcome.objects) > 1
        assert outcome.size == sum(each.size for each in outcome.objects)
        assert outcome.comparison is not None
        assert outcome.comparison.agrees is True, str(outcome.comparison)
        found = outcome.comparison
        assert (found.copy, found.snapshot) == (Copy.BUCKET, Snapshot.READ)

    def test_an_unload_that_may_not_be_read(self, sandbox: Sandbox, table: str) -> None:
        request = asked(
            sandbox,
            table,
            engine="unload",
            storage_integration="SANDBOX_S3",
            s3_options=writer_only(sandbox),
        )
        found = run_transfer(request).comparison
        assert found is not None
        assert (found.agrees, found.copy) == (True, Copy.NONE)
        assert "the file was not read (S3 does not let these credentials read it)" in str(found)

    def test_what_snowflake_grouped(self, sandbox: Sandbox, table: str) -> None:
        found = run_transfer(asked(sandbox, table, engine="pushdown")).comparison
        assert found is not None
        assert (found.agrees, found.snapshot) == (True, Snapshot.READ)


def test_months_of_more_than_38_digits(sandbox: Sandbox) -> None:
    nines = "9" * 38
    table = make_table(
        sandbox,
        "D DATE, K VARCHAR, N NUMBER(38,0)",
        f"('2024-01-01', 'a', {nines})",
        f"('2024-01-01', 'b', {nines})",
    )
    found = run_transfer(asked(sandbox, table)).comparison
    assert found is not None
    assert found.agrees is True, str(found)


def test_a_stop_leaves_the_delivery(sandbox: Sandbox, table: str) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError, match="The verification was stopped") as caught:
        run_transfer(
            asked(sandbox, table), on_event=on_phase(Phase.VERIFY, cancel.set), cancel=cancel
        )
    assert caught.value.outcome is not None
    key = caught.value.outcome.file_name
    assert objects(sandbox, key) == [key]


def test_the_history_keeps_the_verdict(
    sandbox: Sandbox, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
    run_recorded(asked(sandbox, table), by="batch")
    with pytest.raises(IntegrityError):
        run_recorded(
            asked(sandbox, table, format="csv"),
            by="batch",
            on_event=plant(replaced("csv", False)),
        )
    bad, good = read_history()
    assert (good.outcome, good.comparison["agrees"]) == ("delivered", True)
    assert (bad.outcome, bad.comparison["agrees"], bad.rows) == ("integrity", False, 4)
    assert bad.url.endswith(".csv")
    assert "is delivered, but the sum of AMT in 2024-02 is 77.31" in bad.message


class TestReport:
    def test_it_holds_what_was_done_and_no_secrets(
        self, sandbox: Sandbox, table: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "report.json"
        path.write_text("before")
        outcome = run_transfer(asked(sandbox, table, report=str(path)))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]
        text = path.read_text()
        told = json.loads(text)
        assert told["result"] == outcome.result
        assert told["verdict"] == json.loads(
            json.dumps(outcome.comparison and outcome.comparison.as_dict())
        )
        assert told["account"]["totals"]["AMT"] == "78.60"
        assert told["objects"][0]["size"] == outcome.size
        assert told["objects"][0]["etag"]
        assert told["statements"]["read"] == outcome.query_id
        assert [column["role"] for column in told["plan"]] == ["month", "key", "sum", "sum", "sum"]
        for secret in (sandbox.s3["aws_secret_access_key"], sandbox.snowflake["password"]):
            assert secret not in text

    def test_it_tells_a_difference(self, sandbox: Sandbox, table: str, tmp_path: Path) -> None:
        path = tmp_path / "report.json"
        request = asked(sandbox, table, format="csv", report=str(path))
        with pytest.raises(IntegrityError):
            run_transfer(request, on_event=plant(replaced("csv", False)))
        told = json.loads(path.read_text())
        assert told["verdict"]["agrees"] is False
        assert told["verdict"]["differences"][0] == {
            "figure": "sum",
            "column": "AMT",
            "month": "2024-02",
            "values": {"the file": "77.31", "Snowflake": "77.30"},
        }

    def test_wrong_places_are_told_before_anything_is_read(
        self, sandbox: Sandbox, table: str, tmp_path: Path
    ) -> None:
        for place in (tmp_path / "missing" / "report.json", tmp_path):
            seen: list[Event] = []
            with pytest.raises(UsageError, match=r"^report: "):
                run_transfer(asked(sandbox, table, report=str(place)), on_event=seen.append)
            assert seen == []

    def test_what_cannot_be_written_is_told(
        self, sandbox: Sandbox, table: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "there" / "report.json"
        path.parent.mkdir()
        request = asked(sandbox, table, verify=False, report=str(path))
        with pytest.raises(LocalResourceError, match=r"is delivered\. The report") as caught:
            run_transfer(request, on_event=on_phase(Phase.UPLOAD, path.parent.rmdir))
        assert caught.value.outcome is not None
