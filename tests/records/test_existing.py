"""Runs that leave an existing object as it is: what they take for their own delivery."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import (
    DestinationExistsError,
    Outcome,
    Request,
    Skipped,
    UsageError,
    Warned,
)
from core.bucket import Bucket, Destination
from core.bucket.delivery import make_metadata
from core.events import Phase, Progress
from core.planning.names import TableName
from core.records.existing import find_existing
from core.records.history import read_history, run_recorded
from core.runtime.cancel import NEVER
from core.runtime.progress import Reporter
from tests.support.deliveries import bucket_client, make_table, objects, options, transfer
from tests.support.services.buckets import Inbox
from tests.support.sources import request
from tui.cli import batch

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

KEY = "in/months.parquet"
TABLE = TableName("DB", "S", "größe")
COLUMNS = ("D DATE, K VARCHAR, N NUMBER(9,0)", "('2024-01-03', 'a', 1)", "('2024-02-03', 'b', 2)")


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    return make_table(sandbox, *COLUMNS)


@pytest.fixture
def folder(sandbox: Sandbox) -> Iterator[str]:
    """A prefix of the sandbox's bucket, emptied at the end."""
    prefix = f"{uuid.uuid4().hex}/"
    yield prefix
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of its own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))


def asked(box: Sandbox, table: str, folder: str, **more: Any) -> Request:
    given = {"file_name": folder + "{table}_{month}.{ext}", "if_exists": "skip"}
    window = {"since": "2024-02", "until": "2024-02"}
    where = {"table": table, "bucket": box.s3["bucket"]}
    return Request.of(**options(box, **where, **given, **window, **more))


class TestRuns:
    def test_a_second_run_reads_nothing(self, sandbox: Sandbox, table: str, folder: str) -> None:
        wanted, events = asked(sandbox, table, folder), list[Any]()
        first = run_recorded(wanted, by="batch", connection_name="prod")
        assert isinstance(first, Outcome)
        before = objects(sandbox, folder)
        again = run_recorded(wanted, by="batch", connection_name="prod", on_event=events.append)
        assert isinstance(again, Skipped)
        assert (again.file_name, again.row_count) == (first.file_name, 1)
        assert abs((again.timestamp - first.timestamp).total_seconds()) < 3600
        assert (again.url, again.size) == (first.url, first.size)
        assert list(again.result) == list(first.result)
        assert objects(sandbox, folder) == before
        phases = {each.phase for each in events if isinstance(each, Progress)}
        assert phases <= {Phase.CONNECT, Phase.PLAN}
        assert not [each for each in events if isinstance(each, Warned)]
        newest, older = read_history()
        assert (newest.outcome, older.outcome) == ("skipped", "delivered")
        assert (newest.table, newest.url, newest.rows) == (older.table, older.url, 1)
        assert newest.result == again.result

    def test_batch_prints_the_result_of_the_object(
        self, sandbox: Sandbox, table: str, folder: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = asked(sandbox, table, folder).as_data()
        first = transfer(sandbox, table, **{
            name: value for name, value in given.items()
            if name not in ("table", "bucket", "connection", "s3_options")
        })  # fmt: skip
        assert batch.run(given, batch.Manner()) == 0
        out, err = capsys.readouterr()
        assert f'"file_name": "{first["file_name"]}", "row_count": 1' in out
        assert f"{first['file_name']} exists already: nothing was read or delivered" in err


class TestObjects:
    def find(self, inbox: Inbox, events: list[Any] | None = None, **more: Any) -> Skipped | None:
        progress = Reporter(None if events is None else events.append)
        with Bucket(Destination(inbox.name), **{"client_options": inbox.options, **more}) as bucket:
            return find_existing(
                bucket, KEY, TABLE, has_manifest=False, progress=progress, cancel=NEVER
            )

    def put(self, inbox: Inbox, metadata: dict[str, str]) -> None:
        inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=b"12", Metadata=metadata)

    def test_the_deliveries_of_the_table_are_found(self, inbox: Inbox) -> None:
        assert self.find(inbox) is None
        self.put(inbox, make_metadata("run", 17, str(TABLE)))
        found = self.find(inbox)
        assert found is not None
        assert (found.row_count, found.size, found.table) == (17, 2, str(TABLE))

    @pytest.mark.parametrize(
        ("metadata", "said"),
        [
            ({}, "does not say how many rows"),
            ({"amplify-row-count": "-1"}, "does not say how many rows"),
            (make_metadata("run", 17, "DB.S.OTHER"), "from another table"),
        ],
    )
    def test_others_are_not_taken_for_it(
        self, inbox: Inbox, metadata: dict[str, str], said: str
    ) -> None:
        self.put(inbox, metadata)
        with pytest.raises(DestinationExistsError, match=said) as caught:
            self.find(inbox)
        assert caught.value.hint

    def test_an_object_that_may_not_be_read(self, inbox: Inbox) -> None:
        self.put(inbox, make_metadata("run", 17, str(TABLE)))
        user = inbox.user("s3:ListBucket", "s3:PutObject")
        with pytest.raises(DestinationExistsError, match="may not be read"):
            self.find(inbox, client_options=user)

    def test_a_bucket_that_may_not_be_looked_into(self, inbox: Inbox) -> None:
        events: list[Any] = []
        assert self.find(inbox, events, client_options=inbox.user("s3:PutObject")) is None
        (warned,) = events
        assert "may not be checked" in warned.message


@pytest.mark.parametrize(
    ("window", "name"),
    [
        ({}, "{table}.{ext}"),
        ({"since": "2024-01"}, "{table}.{ext}"),
        ({"last_months": 1}, "{table}_{month}.{ext}"),
        ({"last_months": 1, "include_current": True}, "{table}_{since}_{until}.{ext}"),
        ({"since": "2024-01", "until": "2024-02"}, "{table}_{since}_{until}.{ext}"),
    ],
)
def test_the_name_that_is_suggested_is_accepted(window: dict[str, Any], name: str) -> None:
    for changing in (None, "{table}_{run_id}.{ext}", "{timestamp}/{table}.{ext}"):
        with pytest.raises(UsageError, match="needs a name that is the same") as caught:
            request(if_exists="skip", file_name=changing, **window)
        (remedy,) = [each for each in caught.value.remedies if each.option == "file_name"]
        assert remedy.value == name
    assert request(if_exists="skip", file_name=name, **window).file_name == name
