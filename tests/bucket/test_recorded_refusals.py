"""Replay the recorded refusals of S3 and of other stores through the product's own reading.

Where the recordings are absent, `test_stores.py` holds the same forms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.bucket.failures import is_temporary, translate
from core.errors import DestinationExistsError, TransferError
from core.remedy import remedies
from tests.support.recordings import RECORDINGS

OTHER_STORES = RECORDINGS / "s3" / "other_stores.json"
UNKNOWN = "refuses s3://b/k ("  # of a code without a meaning of its own
# Codes of requests that the product does not make, or of headers that it does not send.
NEVER = {
    "InvalidArgument", "InvalidRequest", "MalformedACLError", "MissingSecurityHeader", "NoSuchKey",
    "UnexpectedContent",
}  # fmt: skip


def refusals() -> Iterator[tuple[str, dict[str, Any]]]:
    """The answers with an error of all recordings of AWS, each with its place."""
    for path in sorted(RECORDINGS.glob("s3/aws_*.json")):
        waiting: list[tuple[str, Any]] = [(path.stem, json.loads(path.read_text("utf-8")))]
        while waiting:
            place, each = waiting.pop()
            inner = each.items() if isinstance(each, dict) else []
            if isinstance(each, list):
                inner = list(enumerate(each))
            waiting += [(f"{place}/{name}", value) for name, value in inner]
            if isinstance(each, dict) and isinstance(each.get("Error"), dict):
                yield place, each


def read(response: dict[str, Any]) -> tuple[TransferError, bool]:
    """What the product makes of an answer to PutObject, and whether it tries again."""
    error = ClientError(response, "PutObject")  # type: ignore[arg-type]
    return translate(error, "s3://b/k"), is_temporary(error)


if OTHER_STORES.is_file():

    def test_each_recorded_refusal_has_a_meaning() -> None:
        found = list(refusals())
        assert len(found) > 100
        for place, response in found:
            code = str(response["Error"]["Code"])
            said, again = read(response)
            assert said.exit_code in (2, 5, 6, 7, 8), place
            if code == "PreconditionFailed":
                assert isinstance(said, DestinationExistsError), place
            if code == "ConditionalRequestConflict":
                assert (said.exit_code, again) == (5, False), place
            if code.startswith("KMS."):
                assert "kms_key_id" in {each.option for each in remedies(said.hint)}, place
            if code not in NEVER:
                assert UNKNOWN not in said.message, f"{place}: {said.message}"

    @pytest.mark.parametrize("told", json.loads(OTHER_STORES.read_text("utf-8")))
    def test_each_other_store_has_a_meaning(told: dict[str, Any]) -> None:
        error = {"Code": told["code"], "Message": told["message"]}
        said, _ = read({"Error": error, "ResponseMetadata": {"HTTPStatusCode": told["status"]}})
        assert said.exit_code in (5, 6)
        assert UNKNOWN not in said.message, said.message
        if "checksum" in told["message"] or "aws-chunked" in told["message"]:
            assert "checksums" in {each.option for each in remedies(said.hint)}
