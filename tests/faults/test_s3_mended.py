"""Faults of S3 and of the way to it that a transfer gets over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.cases import LARGE, Case
from tests.faults.s3 import (
    ALWAYS,
    BRIEF,
    CALLS,
    DENIED,
    HEAD,
    LIST,
    PASSING,
    arm_all,
    fault,
    html,
    putting_only,
    sorted_out,
    told,
)
from tests.support.services.buckets import (
    corrupt,
    lose_answer,
    misstore,
    reply,
    reset_midway,
    truncate,
)

MOVED = reply(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"})
MENDED = [
    fault(call, f"{name} once", action, check=told)
    for call in CALLS
    for name, action in PASSING.items()
]
ONCE = [
    fault("PutObject", "answer lost once", lose_answer),
    fault("PutObject", "answer lost for ever", lose_answer, times=ALWAYS, options=BRIEF),
    fault("PutObject", "reset in the middle, once", reset_midway),
    fault("PutObject", "a byte flipped once", corrupt),
    fault("PutObject", "stored wrongly once", misstore),
    fault("PutObject", "BadDigest once", reply(400, "BadDigest")),
    fault("PutObject", "409 once", reply(409, "ConditionalRequestConflict")),
    fault("ListObjectsV2", "answer cut in the middle, once", truncate),
    fault("ListObjectsV2", "301 to another region", MOVED),
    fault("PutObject", "301 to another region", MOVED),
    fault("CreateMultipartUpload", "301 to another region", MOVED),
    fault("PutObject", "a page that is no answer of S3, once", html),
    fault("CompleteMultipartUpload", "a page that is no answer of S3, once", html),
    fault("ListObjectsV2", "403", DENIED, times=ALWAYS),
    fault("UploadPart", "a byte flipped once", corrupt),
    fault("UploadPart", "stored wrongly once", misstore),
    fault("UploadPart", "BadDigest once", reply(400, "BadDigest")),
    fault("UploadPart", "answer lost once", lose_answer),
    fault("UploadPart", "reset in the middle, once", reset_midway),
    fault("UploadPart", "upload gone once", reply(404, "NoSuchUpload")),
    fault("CreateMultipartUpload", "answer lost once", lose_answer),
    fault("CompleteMultipartUpload", "answer lost once", lose_answer),
    fault(
        "CompleteMultipartUpload", "answer lost for ever", lose_answer, times=ALWAYS, options=BRIEF
    ),
    fault("CompleteMultipartUpload", "an error with 200, once", reply(200, "InternalError")),
    fault("CompleteMultipartUpload", "409 once", reply(409, "ConditionalRequestConflict")),
    Case("ListObjectsV2 and HeadObject: 403", "S3", arm_all((LIST, DENIED), (HEAD, DENIED))),
    Case("only s3:PutObject is allowed", "S3", lambda _: None, options=putting_only),
    Case(
        "only s3:PutObject is allowed, in parts",
        "S3",
        lambda _: None,
        table=LARGE,
        options=putting_only,
    ),
]


@pytest.mark.parametrize("case", sorted_out([*MENDED, *ONCE]))
def test_a_passing_fault_is_mended(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)
