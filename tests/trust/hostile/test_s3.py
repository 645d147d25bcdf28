"""An S3 service that answers nonsense: an error of ours, soon, and no other host is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from core import transfer_data
from core.errors import TransferError
from core.runtime.retry import Retry
from tests.trust.hostile.s3_service import ABSENT, LIST, NOTHING, Answer, Service

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

LISTS: dict[str, Answer] = {
    "html": (200, {}, b"<html><body>It works!"),
    "no xml": (200, {}, b"\x00\xff<<<"),
    "entities": (
        200,
        {},
        b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>',
    ),
    "a bomb": (
        200,
        {},
        b'<!DOCTYPE x [<!ENTITY a "'
        + b"x" * 10_000
        + b'"><!ENTITY b "'
        + b"&a;" * 1_000
        + b'"><!ENTITY c "'
        + b"&b;" * 1_000
        + b'">]><ListBucketResult><Name>&c;</Name>'
        b"</ListBucketResult>",
    ),
    "objects without keys": (200, {}, LIST % (b"x", b"<Contents><Size>big</Size></Contents>")),
    "an error without a code": (403, {}, b"<Error><Oops/></Error>"),
    "an error of bytes": (500, {}, b"\x80\x81"),
    "a teapot": (418, {}, b""),
    "a deep error": (400, {}, b"<a>" * 50_000),
    "a large error": (400, {}, b"<Error><Code>" + b"x" * 20_000_000 + b"</Code></Error>"),
}
PUTS: dict[str, Answer] = {
    "no etag": (200, {}, b""),
    "another etag": (200, {"etag": '"00000000000000000000000000000000"'}, b""),
    "an error in a success": (200, {}, b"<Error><Code>InternalError</Code></Error>"),
    "html": (200, {}, b"<html>"),
    "a strange retry": (503, {"retry-after": "-1e999"}, b"<Error><Code>SlowDown</Code></Error>"),
}


def failure(sandbox: Sandbox, service: Service, monkeypatch: pytest.MonkeyPatch) -> TransferError:
    """How a transfer to the service ends; its pauses are left out."""
    monkeypatch.setattr(Retry, "pause", lambda *_: 0.01)
    s3: dict[str, Any] = {k: v for k, v in sandbox.s3.items() if k != "bucket"}
    s3["endpoint_url"] = service.url
    began = time.monotonic()
    with pytest.raises(TransferError) as caught:
        transfer_data("LOCATIONS_595", "partner", connection=sandbox.snowflake, s3_options=s3)
    assert time.monotonic() - began < 30
    return caught.value


@pytest.mark.parametrize("name", LISTS)
def test_a_first_look_that_is_answered_by(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with Service.running(lambda command: ABSENT if command == "HEAD" else LISTS[name]) as service:
        error = failure(sandbox, service, monkeypatch)
    assert error.exit_code in (5, 6, 8), error
    assert len(str(error)) < 1_000


@pytest.mark.parametrize("name", PUTS)
def test_a_write_that_is_answered_by(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def answer(command: str) -> Answer:
        if command == "HEAD":
            return ABSENT
        return PUTS[name] if command in ("PUT", "POST") else NOTHING

    with Service.running(answer) as service:
        error = failure(sandbox, service, monkeypatch)
    assert error.exit_code in (5, 6, 8), error


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirection_leads_to_another_host(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with Service.running(lambda _: NOTHING) as other:
        to = {"location": f"{other.url}/partner", "x-amz-bucket-region": "127.0.0.1:1/x?"}
        body = b"<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1</Endpoint></Error>"
        with Service.running(lambda _: (status, to, body)) as service:
            error = failure(sandbox, service, monkeypatch)
        assert service.asked
        assert other.asked == []
    assert error.exit_code in (2, 5, 6), error
