"""What S3 and the way to it do to a transfer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import DestinationError
from tests.buckets import reply
from tests.faults.cases import LARGE, Case

CASES = [
    Case("PutObject: 503 once", "S3", lambda g: g.s3.on("PUT", reply(503, "SlowDown"))),
    Case(
        "PutObject: 403",
        "S3",
        lambda g: g.s3.on("PUT", reply(403, "AccessDenied"), 99),
        DestinationError,
        "may not write",
    ),
    Case(
        "UploadPart: 503 once", "S3", lambda g: g.s3.on("PUT", reply(503, "SlowDown")), table=LARGE
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_s3(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)
