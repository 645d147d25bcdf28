"""The requests of a delivery to S3, and what may happen to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import TransferError
from core.events import Recovered, Retrying
from tests.faults.cases import FILE, LARGE, SMALL, Case, Ground, Options, Table
from tests.support.services.buckets import Action, Exchange, reply, reset, stall

ALWAYS = 10**6
LIST = r"GET /[^/]*\?list-type"
HEAD = "HEAD /"
PUT = rf"PUT .*/in/{FILE}$"
CREATE = r"POST .*\?uploads"
PART = "partNumber=2"
COMPLETE = r"POST .*uploadId="
ABORT = "DELETE .*uploadId="
ANY = "."

CALLS: dict[str, tuple[str, Table]] = {
    "ListObjectsV2": (LIST, SMALL),
    "PutObject": (PUT, SMALL),
    "CreateMultipartUpload": (CREATE, LARGE),
    "UploadPart": (PART, LARGE),
    "CompleteMultipartUpload": (COMPLETE, LARGE),
}
PASSING: dict[str, Action] = {
    "500": reply(500, "InternalError"),
    "503 SlowDown": reply(503, "SlowDown"),
    "429 with Retry-After": reply(429, "TooManyRequests", {"Retry-After": "1"}),
    "reset": reset,
    "stall": stall,
}
DENIED = reply(403, "AccessDenied")
BRIEF: Options = {"max_retry_time": 1}
PATIENT: Options = {"max_retry_time": 2}  # longer than the second that Retry-After asks for
AGAIN: Options = {"if_exists": "overwrite"}


# The rest takes long for what it adds; `-m slow` runs it.
QUICK = {
    "ListObjectsV2: 503 SlowDown once",
    "PutObject: 429 with Retry-After once",
    "PutObject: 503 SlowDown for ever",
    "PutObject: answer lost once",
    "PutObject: a byte flipped always",
    "PutObject: 403",
    "PutObject: a page that is no answer of S3",
    "PutObject: another writer was first",
    "UploadPart: 503 SlowDown once",
    "UploadPart: 403, and the abort too",
    "CompleteMultipartUpload: a page that is no answer of S3, once",
    "CompleteMultipartUpload: reset for ever",
    "PutObject: answer lost once, with s3:PutObject only",
    "only s3:PutObject is allowed",
    "everything is reset",
    "the bucket has another owner",
    "the bucket is removed before PutObject",
    "the way to S3: connections are refused",
}


def sorted_out(cases: list[Case]) -> list[object]:
    """The cases as parameters, those marked slow that are not quick."""
    return [
        pytest.param(case, id=case.name, marks=[] if case.name in QUICK else [pytest.mark.slow])
        for case in cases
    ]


def fault(
    call: str,
    name: str,
    action: Action,
    error: type[TransferError] | None = None,
    words: str = "",
    **more: Any,
) -> Case:
    """A fault of one call: `more` may hold `times`, and what a case has."""
    pattern, table = CALLS[call]
    times = more.pop("times", ALWAYS if error else 1)
    lasting = PATIENT if "Retry-After" in name else BRIEF
    more = {"table": table, "options": lasting if error else {}, **more}
    return Case(
        f"{call}: {name}", "S3", lambda g: g.s3.on(pattern, action, times), error, words, **more
    )


def told(ground: Ground) -> None:
    """The run has said that it tries again, and that this has helped."""
    kinds = [type(event) for event in ground.events]
    assert Recovered in kinds[kinds.index(Retrying) :]


def bounded(ground: Ground) -> None:
    """No request was tried again for longer than allowed."""
    pauses: defaultdict[str, float] = defaultdict(float)
    for event in ground.events:
        if isinstance(event, Retrying):
            pauses[event.what] += event.pause
    assert pauses
    assert max(pauses.values()) <= PATIENT["max_retry_time"]


def putting_only(ground: Ground) -> Options:
    """The credentials of one who may do nothing but s3:PutObject."""
    return {"s3_options": ground.inbox.user("s3:PutObject")}


def wrong_key(**change: str) -> Callable[[Ground], Options]:
    """Credentials that S3 does not know."""
    return lambda ground: {"s3_options": {**ground.inbox.options, **change}}


def html(exchange: Exchange) -> None:
    """Answer as the log-in page of a network does."""
    page = b"<html><body>secret-message: please sign in</body></html>"
    exchange.answer(200, {"Content-Type": "text/html"}, page)


def noise(exchange: Exchange) -> None:
    """Answer with what nobody understands."""
    exchange.answer(200, {"Content-Type": "text/html"}, b"<p>secret-message<br></div> & \xff")


def arm_all(*rules: tuple[str, Action]) -> Callable[[Ground], None]:
    """Several faults at once, all of them for ever."""

    def arm(ground: Ground) -> None:
        for pattern, action in rules:
            ground.s3.on(pattern, action, ALWAYS)

    return arm


def remove_bucket(pattern: str) -> Callable[[Ground], None]:
    """Have the bucket removed just before a request arrives."""

    def arm(ground: Ground) -> None:
        def act(exchange: Exchange) -> None:
            for upload_id in ground.inbox.unfinished():
                ground.inbox.client.abort_multipart_upload(
                    Bucket=ground.inbox.name, Key=f"in/{FILE}", UploadId=upload_id
                )
            ground.inbox.client.delete_bucket(Bucket=ground.inbox.name)
            exchange.pass_on()

        ground.s3.on(pattern, act)

    return arm


def make_bucket(ground: Ground) -> None:
    ground.inbox.client.create_bucket(Bucket=ground.inbox.name)


def overtake(pattern: str, table: Table) -> Callable[[Ground], None]:
    """Have another writer deliver the same bytes just before a request arrives."""

    def arm(ground: Ground) -> None:
        def act(exchange: Exchange) -> None:
            ground.inbox.client.put_object(
                Bucket=ground.inbox.name, Key=f"in/{FILE}", Body=table.expected
            )
            exchange.pass_on()

        ground.s3.on(pattern, act)

    return arm
