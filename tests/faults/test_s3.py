"""What S3, the way to it, and others who write to the bucket end a transfer with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from core.errors import (
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    TemporaryError,
    UsageError,
)
from tests.faults.cases import LARGE, SMALL, Case, Ground
from tests.faults.s3 import (
    ABORT,
    AGAIN,
    ANY,
    BRIEF,
    CALLS,
    COMPLETE,
    DENIED,
    PART,
    PASSING,
    PUT,
    arm_all,
    bounded,
    fault,
    html,
    make_bucket,
    noise,
    overtake,
    putting_only,
    remove_bucket,
    sorted_out,
    wrong_key,
)
from tests.faults.wire import Weather, Wire
from tests.support.services.buckets import corrupt, lose_answer, misstore, reply, reset

SLOW = pytest.mark.slow
LASTING = [
    fault(call, f"{name} for ever", action, TemporaryError, "S3", check=bounded)
    for call in CALLS
    for name, action in PASSING.items()
]
PUT_ONLY_LOST = Case(
    "PutObject: answer lost once, with s3:PutObject only",
    "S3",
    lambda g: g.s3.on(PUT, lose_answer),
    DestinationExistsError,
    "may be this run's own",
    options=putting_only,
    objects=1,
    again=AGAIN,
)
DAMAGED = "damaged"
REFUSED = [
    PUT_ONLY_LOST,
    fault(
        "ListObjectsV2",
        "NoSuchBucket",
        reply(404, "NoSuchBucket"),
        DestinationError,
        "does not exist",
    ),
    fault(
        "ListObjectsV2",
        "ExpiredToken",
        reply(400, "ExpiredToken"),
        DestinationError,
        "sign in again",
    ),
    fault(
        "ListObjectsV2",
        "RequestTimeTooSkewed",
        reply(403, "RequestTimeTooSkewed"),
        DestinationError,
        "clock",
    ),
    fault(
        "ListObjectsV2",
        "PermanentRedirect",
        reply(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"}),
        DestinationError,
        "another region",
    ),
    fault(
        "ListObjectsV2",
        "AuthorizationHeaderMalformed",
        reply(400, "AuthorizationHeaderMalformed"),
        DestinationError,
        "another region",
    ),
    fault("PutObject", "403", DENIED, DestinationError, "may not write"),
    fault("PutObject", "a byte flipped always", corrupt, IntegrityError, DAMAGED),
    fault("PutObject", "stored wrongly always", misstore, IntegrityError, "stored wrongly"),
    fault("PutObject", "BadDigest always", reply(400, "BadDigest"), IntegrityError, DAMAGED),
    fault(
        "PutObject",
        "409 always",
        reply(409, "ConditionalRequestConflict"),
        TemporaryError,
        "did not take",
    ),
    fault(
        "PutObject", "ExpiredToken", reply(400, "ExpiredToken"), DestinationError, "sign in again"
    ),
    fault(
        "PutObject",
        "PermanentRedirect",
        reply(301, "PermanentRedirect"),
        DestinationError,
        "another region",
    ),
    fault(
        "PutObject",
        "KMS key disabled",
        reply(400, "KMS.DisabledException"),
        DestinationError,
        "may not write",
    ),
    fault("PutObject", "501", reply(501, "NotImplemented"), DestinationError, "lacks a function"),
    fault("PutObject", "an error nobody knows", reply(418, "Teapot"), DestinationError, "refuses"),
    fault("PutObject", "EntityTooLarge", reply(400, "EntityTooLarge"), UsageError, "limit of S3"),
    fault(
        "PutObject", "a page that is no answer of S3", html, TemporaryError, "did not come from S3"
    ),
    fault("CreateMultipartUpload", "403", DENIED, DestinationError, "may not write"),
    fault(
        "CreateMultipartUpload",
        "a page that is no answer of S3",
        html,
        TemporaryError,
        "did not come from S3",
    ),
    fault("UploadPart", "403", DENIED, DestinationError, "may not write"),
    fault("UploadPart", "a byte flipped always", corrupt, IntegrityError, DAMAGED),
    fault("UploadPart", "stored wrongly always", misstore, IntegrityError, "stored wrongly"),
    fault(
        "UploadPart",
        "upload gone always",
        reply(404, "NoSuchUpload"),
        TemporaryError,
        "did not take",
    ),
    fault(
        "UploadPart", "a page that is no answer of S3", html, TemporaryError, "did not come from S3"
    ),
    fault("CompleteMultipartUpload", "403", DENIED, DestinationError, "may not write"),
    fault(
        "CompleteMultipartUpload",
        "409 always",
        reply(409, "ConditionalRequestConflict"),
        TemporaryError,
        "did not take",
    ),
    fault(
        "CompleteMultipartUpload",
        "an error with 200, always",
        reply(200, "InternalError"),
        TemporaryError,
        "did not take",
    ),
    fault(
        "CompleteMultipartUpload", "InvalidPart", reply(400, "InvalidPart"), IntegrityError, DAMAGED
    ),
    fault(
        "CompleteMultipartUpload",
        "a page that is no answer of S3",
        html,
        TemporaryError,
        "did not come from S3",
    ),
    Case(
        "PutObject: another writer was first",
        "S3",
        overtake(PUT, SMALL),
        DestinationExistsError,
        "exists already",
        objects=1,
        again=AGAIN,
    ),
    Case(
        "CompleteMultipartUpload: another writer was first",
        "S3",
        overtake(COMPLETE, LARGE),
        DestinationExistsError,
        "exists already",
        table=LARGE,
        objects=1,
        again=AGAIN,
    ),
    Case(
        "the bucket is removed before PutObject",
        "S3",
        remove_bucket(PUT),
        DestinationError,
        "does not exist",
        repaired=make_bucket,
    ),
    Case(
        "the bucket is removed amid the parts",
        "S3",
        remove_bucket(PART),
        DestinationError,
        "does not exist",
        table=LARGE,
        repaired=make_bucket,
    ),
    Case(
        "the bucket has another owner",
        "S3",
        lambda _: None,
        DestinationError,
        "expected account",
        options={"expected_bucket_owner": "999999999999"},
        again={"expected_bucket_owner": None},
    ),
    Case(
        "the access key is unknown",
        "S3",
        lambda _: None,
        DestinationError,
        "access key is unknown",
        options=wrong_key(aws_access_key_id="AKIAIOSFODNN7EXAMPLE"),
        again={"s3_options": None},
    ),
    Case(
        "the secret key is wrong",
        "S3",
        lambda _: None,
        DestinationError,
        "secret key does not match",
        options=wrong_key(aws_secret_access_key="x" * 40),
        again={"s3_options": None},
    ),
    Case(
        "a sign-in page answers everything",
        "S3",
        arm_all((ANY, html)),
        TemporaryError,
        "did not come from S3",
        options=BRIEF,
    ),
    Case(
        "what is no XML answers everything",
        "S3",
        arm_all((ANY, noise)),
        TemporaryError,
        "did not take",
        options=BRIEF,
    ),
    Case(
        "everything is reset",
        "S3",
        arm_all((ANY, reset)),
        TemporaryError,
        "could not be reached",
        options=BRIEF,
    ),
]
LEFT = [
    Case(
        "UploadPart: 403, and the abort too",
        "S3",
        arm_all((PART, DENIED), (ABORT, DENIED)),
        DestinationError,
        "next run to this bucket",
        table=LARGE,
        uploads=1,
    ),
    Case(
        "credentials expire amid the parts",
        "S3",
        arm_all((PART, reply(400, "ExpiredToken")), (ABORT, reply(400, "ExpiredToken"))),
        DestinationError,
        "sign in again",
        table=LARGE,
        uploads=1,
    ),
    Case(
        "the network ends amid the parts",
        "S3",
        arm_all((PART, reset), (ABORT, reset)),
        TemporaryError,
        "could not be reached",
        table=LARGE,
        options=BRIEF,
        uploads=1,
    ),
    Case(
        "CompleteMultipartUpload: 503, and the abort too",
        "S3",
        arm_all((COMPLETE, reply(503, "SlowDown")), (ABORT, reply(503, "SlowDown"))),
        TemporaryError,
        "may nevertheless have been delivered",
        table=LARGE,
        options=BRIEF,
        uploads=1,
    ),
]


@pytest.mark.parametrize("case", sorted_out([*LASTING, *REFUSED]))
def test_a_lasting_fault_leaves_nothing(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)


@pytest.mark.parametrize("case", sorted_out(LEFT))
def test_an_upload_left_behind_is_aborted_by_the_rerun(
    outcome: Callable[[Case], None], case: Case
) -> None:
    outcome(case)


@pytest.fixture
def wire(ground: Ground) -> Iterator[Wire]:
    """A TCP proxy on the way to the bucket."""
    with Wire("127.0.0.1", int(ground.s3.url.rpartition(":")[2])) as wire:
        yield wire


@pytest.mark.parametrize(
    ("name", "weather", "error"),
    [
        ("connections are refused", Weather(refuse=True), TemporaryError),
        pytest.param("answers are cut", Weather(cut_after=20), TemporaryError, marks=SLOW),
        pytest.param("answers are no HTTP", Weather(garble=True), TemporaryError, marks=SLOW),
        pytest.param("1 MB a second", Weather(rate=1e6), None, marks=SLOW),
    ],
)
def test_the_wire(
    outcome: Callable[[Case], None],
    wire: Wire,
    name: str,
    weather: Weather,
    error: type[TemporaryError] | None,
) -> None:
    def arm(_: Ground) -> None:
        wire.weather = weather

    def repaired(_: Ground) -> None:
        wire.weather = Weather()

    def through(ground: Ground) -> dict[str, object]:
        s3 = {**ground.inbox.options, "endpoint_url": f"http://127.0.0.1:{wire.port}"}
        return {**BRIEF, "s3_options": s3}

    outcome(
        Case(f"the way to S3: {name}", "S3", arm, error, "S3", options=through, repaired=repaired)
    )
