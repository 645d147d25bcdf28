"""Answers of S3 and of AWS' secret stores that grow: a typed error, in bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.trust.hostile.s3_service import Answer, Service

if TYPE_CHECKING:
    pass

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
LARGE = 256 << 20  # bytes
PEAK = 420 * 1024  # KB: 130 for the libraries, and a tree of what may be read

ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'xxxxxxxxxx'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
XML: dict[str, bytes] = {
    "entities": ENTITIES + b"]><Error><Code>&j;</Code></Error>",
    "depth": b"<a>" * 600_000 + b"</a>" * 500_000,
    "elements": b"<ListBucketResult>" + b"<a/>" * 900_000 + b"</ListBucketResult>",
    "size": b"<ListBucketResult><Name>" + b"x" * LARGE + b"</Name></ListBucketResult>",
}
JSON: dict[str, bytes] = {
    "depth": b'{"SecretString": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
    "elements": b'{"SecretString": [' + b"[]," * 1_000_000 + b"1]}",
    "size": b'{"SecretString": "' + b"x" * LARGE + b'"}',
    "inner depth": json.dumps({"SecretString": "[" * 1_000_000}).encode(),
}
PROGRAM = """
import json, sys
from pathlib import Path
from core.errors import TransferError
from core.runtime.retry import Retry
Retry.pause = lambda *_: 0.01
given = json.loads(sys.stdin.read())
try:
    if "arn" in given:
        from core.connections.aws_secrets import fetch
        fetch("password_arn", given["arn"] + "#key", None)
    else:
        from core.bucket.bucket import Bucket
        from core.bucket.destination import Destination
        with Bucket(Destination.parse("s3://partner"), client_options=given) as bucket:
            bucket.ask(lambda client, where: client.list_objects_v2(**where))
    outcome = "done"
except TransferError as error:
    outcome = type(error).__name__
status = Path("/proc/self/status").read_text()
print(json.dumps([outcome, int(status.partition("VmHWM:")[2].split()[0])]))
"""


def ended(given: dict[str, str], env: dict[str, str]) -> tuple[str, int]:
    """How it ends in a process of its own, and the peak of its memory in KB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcome, peak = json.loads(done.stdout)
    return outcome, peak


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("name", XML)
def test_s3(name: str, status: int) -> None:
    answer: Answer = (status, {"content-type": "application/xml"}, XML[name])
    with Service.running(lambda _: answer) as service:
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
        outcome, peak = ended({**keys, "endpoint_url": service.url}, {})
    expected = {"done"} if (name, status) == ("elements", 200) else set()
    assert outcome in {"TemporaryError", "DestinationError"} | expected
    assert peak < PEAK


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("name", JSON)
def test_a_secret(name: str, status: int, tmp_path: Path) -> None:
    answer: Answer = (status, {"content-type": "application/x-amz-json-1.1"}, JSON[name])
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "HOME": str(tmp_path)}
    with Service.running(lambda _: answer) as service:
        outcome, peak = ended({"arn": ARN}, {**env, "AWS_ENDPOINT_URL": service.url})
    assert outcome in {"TemporaryError", "UsageError", "SignInError"}
    assert peak < PEAK
