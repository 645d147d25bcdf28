"""What the ETag of an answer says about the bytes that S3 has stored."""

from __future__ import annotations

import hashlib

import pytest

from core.bucket.failures import StrangeAnswerError
from core.bucket.send_part import etag_of, has_md5, require

MD5 = hashlib.md5(b"ours").hexdigest()
OTHER = hashlib.md5(b"other").hexdigest()
COMBINED, OTHER_COMBINED = f"{MD5}-3", f"{OTHER}-3"


@pytest.mark.parametrize("expected", [MD5, COMBINED])
def test_the_etag_of_the_same_bytes(expected: str) -> None:
    assert has_md5({"ETag": f'"{expected}"'}, expected)


@pytest.mark.parametrize(("etag", "expected"), [(OTHER, MD5), (OTHER_COMBINED, COMBINED)])
@pytest.mark.parametrize("encryption", [{}, {"ServerSideEncryption": "AES256"}], ids=["", "AES256"])
def test_the_etag_of_other_bytes(encryption: dict[str, str], etag: str, expected: str) -> None:
    assert not has_md5({"ETag": f'"{etag}"', **encryption}, expected)


@pytest.mark.parametrize(
    "encryption",
    [
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms:dsse"},
        {"SSECustomerAlgorithm": "AES256"},
    ],
    ids=lambda each: next(iter(each.values())),
)
@pytest.mark.parametrize(("etag", "expected"), [(OTHER, MD5), (OTHER_COMBINED, COMBINED)])
def test_under_a_key_it_says_nothing(encryption: dict[str, str], etag: str, expected: str) -> None:
    """docs.aws.amazon.com, API reference, Object: with SSE-C and SSE-KMS an ETag is no MD5."""
    assert has_md5({"ETag": f'"{etag}"', **encryption}, expected)


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        (OTHER, COMBINED),  # some stores return the MD5 of the whole
        (OTHER_COMBINED, MD5),
        (OTHER.upper(), MD5),
        (OTHER + "0", MD5),
        ("opaque", MD5),
        ("", MD5),
    ],
)
def test_what_is_no_md5_of_this_kind_says_nothing(etag: str, expected: str) -> None:
    assert has_md5({"ETag": etag}, expected)
    assert has_md5({}, expected)


def test_an_etag_is_without_its_quotation_marks() -> None:
    assert etag_of({"ETag": f'"{MD5}"'}) == MD5
    assert etag_of({}) == ""


@pytest.mark.parametrize("answer", [{}, {"ETag": ""}])
def test_an_answer_without_a_field_did_not_come_from_s3(answer: dict[str, str]) -> None:
    with pytest.raises(StrangeAnswerError):
        require(answer, "ETag")
    full = {"ETag": MD5}
    assert require(full, "ETag") is full
