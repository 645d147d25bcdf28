"""What a bad network, a bad store or an impatient caller does to a delivery."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.bucket import Bucket, Delivery, Destination
from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    TemporaryError,
    TransferError,
)
from core.events import Recovered, Retrying
from core.runtime.retry import QUICK, Retry
from tests.bucket.cancels import When
from tests.support.services.buckets import (
    Action,
    Exchange,
    Inbox,
    corrupt,
    hang,
    lose_answer,
    misstore,
    reply,
    reset,
)
from tests.support.waiting import AT_ONCE, PATIENCE, wait_for

KEY = "in/months.parquet"
ALWAYS = 1000
PUT = rf"PUT .*{KEY}$"
CREATE = r"POST .*\?uploads"
PART = "partNumber=2"
COMPLETE = r"POST .*uploadId"
ABORT = "DELETE"
HEAD = "HEAD"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file for a single request."""
    path = tmp_path / "small"
    path.write_bytes(b"0123456789" * 300)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (12 * 4096))
    return path


def deliver(inbox: Inbox, path: Path, *, retry: Retry = QUICK, **more: Any) -> Delivery:
    options = more.pop("options", inbox.options)
    more = {"content_type": "text/csv", "metadata": {"run-id": "r1"}, **more}
    with Bucket(Destination(inbox.name), client_options=options, retry=retry) as bucket:
        return bucket.upload(path, KEY, part_size=5 * 2**20, **more)


def assert_delivered(inbox: Inbox, path: Path) -> None:
    assert inbox.read(KEY) == path.read_bytes()
    assert inbox.keys() == [KEY]
    assert inbox.unfinished() == []


def assert_nothing(inbox: Inbox) -> None:
    assert inbox.keys() == []
    assert inbox.unfinished() == []


@pytest.mark.parametrize(
    ("pattern", "action"),
    [
        pytest.param(PART, corrupt, id="part corrupted"),
        pytest.param(PART, misstore, id="part stored wrongly"),
        pytest.param(PART, reply(503, "SlowDown"), id="part slowed down"),
        pytest.param(PART, reply(400, "RequestTimeout"), id="part timed out"),
        pytest.param(PART, reset, id="part reset"),
        pytest.param(PART, lose_answer, id="part's answer lost"),
        pytest.param(PART, reply(404, "NoSuchUpload"), id="upload gone"),
        pytest.param(CREATE, reset, id="create reset"),
        pytest.param(CREATE, lose_answer, id="create's answer lost"),
        pytest.param(COMPLETE, reset, id="complete reset"),
        pytest.param(COMPLETE, reply(200, "InternalError"), id="complete failed with 200"),
        pytest.param(COMPLETE, reply(409, "ConditionalRequestConflict"), id="complete's conflict"),
    ],
)
def test_one_fault_of_a_multipart_upload_is_mended(
    inbox: Inbox, large: Path, pattern: str, action: Action
) -> None:
    inbox.proxy.on(pattern, action)
    deliver(inbox, large)
    assert inbox.proxy.seen(pattern) == 2
    assert_delivered(inbox, large)


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(corrupt, id="corrupted"),
        pytest.param(misstore, id="stored wrongly"),
        pytest.param(reply(500, "InternalError"), id="internal error"),
        pytest.param(reset, id="reset"),
        pytest.param(reply(409, "ConditionalRequestConflict"), id="conflict"),
    ],
)
def test_one_fault_of_a_single_request_is_mended(inbox: Inbox, small: Path, action: Action) -> None:
    inbox.proxy.on(PUT, action)
    deliver(inbox, small)
    assert inbox.proxy.seen(PUT) == 2
    assert_delivered(inbox, small)


@pytest.mark.parametrize(("file", "pattern"), [("small", PUT), ("large", COMPLETE)])
def test_an_object_whose_answer_was_lost_is_not_created_again(
    inbox: Inbox, file: str, pattern: str, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(file)
    inbox.proxy.on(pattern, lose_answer)
    deliver(inbox, path)
    assert inbox.proxy.seen(pattern) == 1
    assert_delivered(inbox, path)


@pytest.mark.parametrize(
    ("pattern", "action", "error"),
    [
        pytest.param(PART, corrupt, IntegrityError, id="part corrupted"),
        pytest.param(PART, misstore, IntegrityError, id="part stored wrongly"),
        pytest.param(PART, reset, TemporaryError, id="part reset"),
        pytest.param(PART, reply(503, "SlowDown"), TemporaryError, id="part slowed down"),
        pytest.param(PART, reply(403, "AccessDenied"), DestinationError, id="part denied"),
        pytest.param(PART, reply(400, "ExpiredToken"), DestinationError, id="session expired"),
        pytest.param(PART, reply(404, "NoSuchUpload"), TemporaryError, id="upload gone"),
        pytest.param(CREATE, reply(400, "KMS.DisabledException"), DestinationError, id="key off"),
        pytest.param(COMPLETE, reply(409, "ConditionalRequestConflict"), TemporaryError, id="409"),
        pytest.param(COMPLETE, reply(400, "InvalidPart"), IntegrityError, id="invalid part"),
        pytest.param(COMPLETE, reply(503, "SlowDown"), TemporaryError, id="complete slowed down"),
        pytest.param(COMPLETE, misstore, IntegrityError, id="put together wrongly"),
    ],
)
def test_a_lasting_fault_of_a_multipart_upload_leaves_nothing(
    inbox: Inbox, large: Path, pattern: str, action: Action, error: type[TransferError]
) -> None:
    inbox.proxy.on(pattern, action, ALWAYS)
    with pytest.raises(error) as caught:
        deliver(inbox, large, retry=Retry(attempts=1))
    assert "secret" not in str(caught.value)
    assert_nothing(inbox)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        pytest.param(corrupt, IntegrityError, id="corrupted"),
        pytest.param(misstore, IntegrityError, id="stored wrongly"),
        pytest.param(reply(403, "AccessDenied"), DestinationError, id="denied"),
        pytest.param(reply(403, "RequestTimeTooSkewed"), DestinationError, id="clock"),
        pytest.param(reply(301, "PermanentRedirect"), DestinationError, id="region"),
        pytest.param(reply(501, "NotImplemented"), DestinationError, id="not implemented"),
        pytest.param(reply(429, "TooManyRequests"), TemporaryError, id="too many"),
        pytest.param(reset, TemporaryError, id="reset"),
    ],
)
def test_a_lasting_fault_of_a_single_request_leaves_nothing(
    inbox: Inbox, small: Path, action: Action, error: type[TransferError]
) -> None:
    inbox.proxy.on(PUT, action, ALWAYS)
    with pytest.raises(error) as caught:
        deliver(inbox, small, retry=Retry(attempts=1))
    assert "secret" not in str(caught.value)
    assert_nothing(inbox)


@pytest.mark.parametrize("pattern", [CREATE, PART, COMPLETE])
def test_a_storm_is_waited_out_and_told(inbox: Inbox, large: Path, pattern: str) -> None:
    inbox.proxy.on(pattern, reply(503, "SlowDown"), 5)
    inbox.proxy.on(pattern, reply(429, "TooManyRequests", {"Retry-After": "1"}))
    events: list[Retrying | Recovered] = []
    deliver(inbox, large, retry=Retry(first=0.01, on_event=events.append))
    assert_delivered(inbox, large)
    tries = [event for event in events if isinstance(event, Retrying)]
    assert [event.why for event in tries] == ["503 SlowDown"] * 5 + ["429 TooManyRequests"]
    assert [event.attempt for event in tries] == [2, 3, 4, 5, 6, 7]
    assert tries[-1].pause >= 1
    assert events[6:] == [Recovered(tries[0].what)]


@pytest.mark.parametrize("action", [corrupt, misstore])
def test_a_part_is_sent_three_times_at_most(inbox: Inbox, large: Path, action: Action) -> None:
    inbox.proxy.on(PART, action, ALWAYS)
    with pytest.raises(IntegrityError):
        deliver(inbox, large, retry=Retry(first=0.01))
    assert inbox.proxy.seen(PART) == 3
    assert_nothing(inbox)


@pytest.mark.parametrize("retry", [Retry(max_time=0), Retry(attempts=1)])
def test_is_asked_once_where_nothing_may_be_repeated(
    inbox: Inbox, small: Path, retry: Retry
) -> None:
    inbox.proxy.on(PUT, reply(503, "SlowDown"), ALWAYS)
    with pytest.raises(TemporaryError):
        deliver(inbox, small, retry=retry)
    assert inbox.proxy.seen(PUT) == 1


def test_cancels_at_once_in_a_pause(inbox: Inbox, large: Path) -> None:
    inbox.proxy.on(PART, reply(503, "SlowDown", {"Retry-After": "300"}), ALWAYS)
    paused: list[float] = []
    retry = Retry(on_event=lambda _: paused.append(time.monotonic()))
    with pytest.raises(CancelledError):
        deliver(inbox, large, retry=retry, cancel=When(lambda: paused))
    assert time.monotonic() - paused[0] < AT_ONCE
    assert_nothing(inbox)


def test_another_writers_object_is_not_taken_for_ours(inbox: Inbox, small: Path) -> None:
    inbox.client.put_object(
        Bucket=inbox.name, Key=KEY, Body=small.read_bytes(), Metadata={"run-id": "r2"}
    )
    inbox.proxy.on(PUT, reset)
    with pytest.raises(DestinationExistsError):
        deliver(inbox, small)


@pytest.mark.parametrize("file", ["small", "large"])
def test_says_that_the_object_may_be_ours_where_it_may_not_look(
    inbox: Inbox, file: str, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(file)
    inbox.proxy.on(PUT, lose_answer)
    # Where S3 forgets a finished upload, a repeated Complete meets the finished object.
    inbox.proxy.on(COMPLETE, lose_answer)
    inbox.proxy.on(COMPLETE, reply(412, "PreconditionFailed"))
    with pytest.raises(DestinationExistsError, match="may be this run's own"):
        deliver(inbox, path, options=inbox.user("s3:PutObject"))
    assert inbox.read(KEY) == path.read_bytes()


def test_a_failing_abort_is_told(inbox: Inbox, large: Path) -> None:
    inbox.proxy.on(PART, reply(403, "AccessDenied"), ALWAYS)
    with pytest.raises(DestinationError, match="unfinished multipart upload may remain"):
        deliver(inbox, large, options=inbox.user("s3:PutObject"))
    assert len(inbox.unfinished()) == 1


@pytest.mark.parametrize(
    ("file", "pattern"),
    [("small", PUT), ("large", CREATE), ("large", PART), ("large", COMPLETE)],
)
def test_cancels_at_once_whatever_hangs(
    inbox: Inbox, file: str, pattern: str, request: pytest.FixtureRequest
) -> None:
    inbox.proxy.on(pattern, hang)
    with Bucket(Destination(inbox.name), client_options=inbox.options) as bucket:
        started: list[float] = []

        def cancelled() -> bool:
            if inbox.proxy.hanging.is_set():
                started.append(time.monotonic())
            return bool(started)

        with pytest.raises(CancelledError):
            bucket.upload(
                request.getfixturevalue(file),
                KEY,
                content_type="text/csv",
                metadata={},
                part_size=5 * 2**20,
                cancel=When(cancelled),
            )
    assert time.monotonic() - started[0] < AT_ONCE
    assert inbox.keys() == []
    if pattern == CREATE:
        inbox.proxy.release.set()
        assert wait_for(lambda: inbox.proxy.seen(ABORT) == 1)
    assert wait_for(lambda: inbox.unfinished() == [])


def test_cancels_while_the_abort_of_a_failed_upload_hangs(inbox: Inbox, large: Path) -> None:
    inbox.proxy.on(PART, reply(403, "AccessDenied"))
    inbox.proxy.on(ABORT, hang)
    started: list[float] = []

    def cancelled() -> bool:
        if inbox.proxy.hanging.is_set():
            started.append(time.monotonic())
        return bool(started)

    with pytest.raises(DestinationError, match="may remain"):
        deliver(inbox, large, cancel=When(cancelled))
    assert time.monotonic() - started[0] < AT_ONCE


def test_aborts_its_upload_when_cancelled_while_it_looks_for_a_lost_one(
    inbox: Inbox, large: Path
) -> None:
    inbox.proxy.on(CREATE, lose_answer)
    inbox.proxy.on(r"GET .*\?uploads", hang)
    with pytest.raises(CancelledError):
        deliver(inbox, large, cancel=inbox.proxy.hanging)
    assert wait_for(lambda: len(inbox.unfinished()) == 1)  # the lost one


@pytest.mark.parametrize("begun", ["2000-01-01", "2100-01-01"])  # the bucket says 2010 of all
def test_an_upload_of_another_time_is_not_taken_for_the_lost_one(
    inbox: Inbox, large: Path, begun: str
) -> None:
    """Somebody else uploads to the same key: what began before ours, or after it, is not ours."""
    theirs = inbox.client.create_multipart_upload(Bucket=inbox.name, Key=KEY)["UploadId"]

    def date_theirs(exchange: Exchange) -> None:
        status, headers, data = exchange.forward()
        before, found, after = data.partition(f"<UploadId>{theirs}</UploadId>".encode())
        assert found
        own, end, rest = after.partition(b"</Upload>")
        at = f"<Initiated>{begun}T00:00:00.000Z</Initiated>".encode()
        own = re.sub(b"<Initiated>[^<]*</Initiated>", at, own)
        exchange.answer(status, headers, before + found + own + end + rest)

    inbox.proxy.on(CREATE, lose_answer)
    inbox.proxy.on(r"GET .*\?uploads", date_theirs)
    deliver(inbox, large)
    assert inbox.proxy.seen(r"GET .*\?uploads") == 1
    assert inbox.unfinished() == [theirs]  # the lost one is aborted
    assert inbox.read(KEY) == large.read_bytes()


def test_cancels_while_a_part_is_on_its_way(inbox: Inbox, large: Path) -> None:
    sent: list[int] = []
    with pytest.raises(CancelledError):
        deliver(
            inbox,
            large,
            cancel=When(lambda: sent and sent[-1] > 2**20),
            on_progress=lambda done, _: sent.append(done),
        )
    assert_nothing(inbox)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_an_exception_of_the_caller_aborts(
    inbox: Inbox, large: Path, error: type[BaseException]
) -> None:
    def on_progress(done: int, _: int) -> None:
        if done:
            raise error

    with pytest.raises(error):
        deliver(inbox, large, on_progress=on_progress)
    assert_nothing(inbox)


def test_a_hanging_request_does_not_keep_the_process(inbox: Inbox, large: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from core.bucket import Bucket, Destination
from core.errors import CancelledError
import threading
cancel = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), cancel.set()), daemon=True).start()
try:
    Bucket(Destination({inbox.name!r}), client_options={inbox.options!r}).upload(
        Path({str(large)!r}), {KEY!r}, content_type="text/csv", metadata={{}},
        part_size=5 * 2**20, cancel=cancel)
except CancelledError:
    sys.exit(130)
"""
    inbox.proxy.on(PART, hang)
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        assert inbox.proxy.hanging.wait(PATIENCE)
        assert process.stdin
        started = time.monotonic()
        process.stdin.close()
        assert process.wait(PATIENCE) == 130
    assert time.monotonic() - started < AT_ONCE
    assert_nothing(inbox)
