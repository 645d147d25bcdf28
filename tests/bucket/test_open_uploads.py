"""An upload that its process could not end is aborted by the next run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.bucket import Bucket, Destination
from core.bucket.open_uploads import OpenUploads
from core.bucket.sweep import sweep
from core.errors import CancelledError, DestinationError
from core.runtime.cancel import NEVER
from tests.support.services.buckets import Inbox, hang, reply
from tests.support.waiting import PATIENCE

KEY = "in/months.parquet"
PART = "partNumber=2"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of the test alone."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of two parts."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (6 * 4096))
    return path


def open_bucket(inbox: Inbox, **more: Any) -> Bucket:
    return Bucket(Destination(inbox.name), **{"client_options": inbox.options, **more})


def deliver(inbox: Inbox, path: Path, **more: Any) -> None:
    bucket = open_bucket(inbox, client_options=more.pop("options", inbox.options))
    more = {"content_type": "text/csv", "metadata": {}, "part_size": 5 * 2**20, **more}
    bucket.upload(path, KEY, **more)


def records(state: Path) -> list[Path]:
    return sorted((state / "uploads").glob("*"))


def leave_one(inbox: Inbox, large: Path) -> None:
    """Have an upload fail whose abort is refused."""
    inbox.proxy.on(PART, reply(403, "AccessDenied"))
    with pytest.raises(DestinationError, match="next run to this bucket"):
        deliver(inbox, large, options=inbox.user("s3:PutObject"))
    assert len(inbox.unfinished()) == 1


def swept(inbox: Inbox, **more: Any) -> None:
    with open_bucket(inbox, **more) as bucket:
        sweep(bucket, NEVER)


def test_an_upload_is_recorded_while_it_is_open(inbox: Inbox, large: Path, state: Path) -> None:
    seen: list[tuple[int, dict[str, str]]] = []

    def look(done: int, _: int) -> None:
        for path in records(state):
            seen.append((stat.S_IMODE(path.stat().st_mode), json.loads(path.read_text())))

    deliver(inbox, large, on_progress=look)
    mode, record = seen[0]
    assert mode == 0o600
    assert record.pop("upload_id")
    assert record == {
        "bucket": inbox.name,
        "endpoint": inbox.proxy.url.removeprefix("http://"),
        "profile": "",
        "key": KEY,
    }
    assert records(state) == []


def test_the_password_of_an_endpoint_is_not_recorded(inbox: Inbox) -> None:
    url = inbox.proxy.url.replace("//", "//user:hush@")
    assert "hush" not in str(OpenUploads.of("bucket", url, ""))


def test_what_a_killed_process_has_left_is_aborted(inbox: Inbox, large: Path, state: Path) -> None:
    code = f"""
from pathlib import Path
from core.bucket import Bucket, Destination
Bucket(Destination({inbox.name!r}), client_options={inbox.options!r}).upload(
    Path({str(large)!r}), {KEY!r}, content_type="text/csv", metadata={{}}, part_size=5 * 2**20)
"""
    inbox.proxy.on(PART, hang)
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert inbox.proxy.hanging.wait(PATIENCE)
        swept(inbox)  # it lives
        assert len(inbox.unfinished()) == 1
        process.kill()
    assert len(records(state)) == 1
    swept(inbox)
    assert inbox.unfinished() == []
    assert records(state) == []


def test_an_abort_that_was_refused_is_tried_again(inbox: Inbox, large: Path, state: Path) -> None:
    leave_one(inbox, large)
    swept(inbox, client_options=inbox.user("s3:PutObject"))  # refused again, and nobody minds
    assert len(records(state)) == 1
    swept(inbox)
    assert inbox.unfinished() == []
    assert records(state) == []


def test_an_upload_that_is_gone_is_forgotten(inbox: Inbox, large: Path, state: Path) -> None:
    leave_one(inbox, large)
    (upload_id,) = inbox.unfinished()
    inbox.client.abort_multipart_upload(Bucket=inbox.name, Key=KEY, UploadId=upload_id)
    swept(inbox)
    assert records(state) == []


def test_another_way_to_the_bucket_is_left_alone(inbox: Inbox, large: Path, state: Path) -> None:
    leave_one(inbox, large)
    before = len(inbox.proxy.log)
    swept(inbox, profile="another")
    with Bucket(Destination("another"), client_options=inbox.options) as bucket:
        sweep(bucket, NEVER)
    assert len(inbox.proxy.log) == before
    assert len(records(state)) == 1


def test_after_a_month_it_is_tried_once_more(inbox: Inbox, large: Path, state: Path) -> None:
    leave_one(inbox, large)
    (path,) = records(state)
    month_ago = time.time() - 31 * 24 * 3600
    os.utime(path, (month_ago, month_ago))
    inbox.proxy.on("DELETE", reply(403, "AccessDenied"))
    swept(inbox)
    assert records(state) == []


def test_a_record_that_is_none_is_passed_over(inbox: Inbox, large: Path, state: Path) -> None:
    leave_one(inbox, large)
    for number, text in enumerate(("", "[]", "{", '"x"', "[" * 5_000)):
        (state / "uploads" / f"{number}.json").write_text(text)
    swept(inbox)
    assert inbox.unfinished() == []
    assert len(records(state)) == 5


def test_an_abort_that_hangs_ends_with_a_cancellation(inbox: Inbox, large: Path) -> None:
    leave_one(inbox, large)
    inbox.proxy.on("DELETE", hang)
    with open_bucket(inbox) as bucket, pytest.raises(CancelledError):
        sweep(bucket, inbox.proxy.hanging)


def test_without_a_state_directory_it_is_delivered_all_the_same(
    inbox: Inbox, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(blocked))
    swept(inbox)
    deliver(inbox, large)
    assert inbox.keys() == [KEY]


def test_side_by_side_each_upload_has_its_record(inbox: Inbox, large: Path, state: Path) -> None:
    inbox.proxy.on(PART, hang)
    worker = threading.Thread(target=deliver, args=(inbox, large))
    worker.start()
    assert inbox.proxy.hanging.wait(PATIENCE)
    swept(inbox)
    inbox.proxy.clear()
    worker.join(PATIENCE)
    assert inbox.keys() == [KEY]
    assert records(state) == []
