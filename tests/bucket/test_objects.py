"""Objects in the bucket: the removal of those that were named, and what is under a key now."""

from __future__ import annotations

import base64
import io
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.bucket import Bucket, Destination, objects
from core.bucket.failures import EXISTS, StrangeAnswerError, code_of
from core.bucket.stored import has_bytes, is_guarding, refuse_existing
from core.errors import DestinationError
from core.runtime.cancel import NEVER
from tests.support.services.buckets import Exchange, Inbox


def test_only_what_is_named_is_removed(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_AT_ONCE", 2)
    for number in range(6):
        inbox.client.put_object(Bucket=inbox.name, Key=f"in/{number}", Body=b"x")
    with Bucket(Destination(inbox.name), client_options=inbox.options) as bucket:
        objects.remove(bucket, [f"in/{number}" for number in range(5)], NEVER)
    assert inbox.keys() == ["in/5"]
    assert inbox.proxy.seen(r"POST .*\?delete") == 3


def test_an_object_that_is_not_removed_is_an_error(inbox: Inbox) -> None:
    """S3 answers 200, and names it in the answer."""

    def deny(exchange: Exchange) -> None:
        denied = b"<Error><Key>in/1</Key><Code>AccessDenied</Code></Error>"
        exchange.answer(200, {}, b"<DeleteResult>" + denied + b"</DeleteResult>")

    inbox.proxy.on(r"POST .*\?delete", deny)
    with (
        Bucket(Destination(inbox.name), client_options=inbox.options) as bucket,
        pytest.raises(DestinationError, match="did not remove every object"),
    ):
        objects.remove(bucket, ["in/1"], NEVER)


@pytest.mark.parametrize("store", ["backblaze-b2", ""])
def test_objects_are_removed_from_stores_that_refuse_checksums(inbox: Inbox, store: str) -> None:
    for key in ("in/a", "in/b", "in/c"):
        inbox.client.put_object(Bucket=inbox.name, Key=key, Body=b"1")
    if store:
        inbox.act_as(store)
    known = "required-only" if store else "supported"
    with Bucket(Destination(inbox.name), client_options=inbox.options, checksums=known) as bucket:
        assert objects.remove_delivered(bucket, ["in/a", "in/b"], hurried=False)
    assert inbox.keys() == ["in/c"]


def head(answer: dict[str, Any] | tuple[str, int]) -> Any:
    """A client whose HeadObject has this answer, or fails with this code and status."""

    def head_object(**_: str) -> dict[str, Any]:
        if isinstance(answer, dict):
            return answer
        code, status = answer
        metadata = {"HTTPStatusCode": status}
        raise ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "HeadObject")

    return SimpleNamespace(head_object=head_object)


TARGET = {"Bucket": "b", "Key": "k"}


@pytest.mark.parametrize("answer", [("404", 404), ("403", 403), ("AccessDenied", 403)])
def test_a_key_without_an_object_or_a_look_at_it_may_be_written(answer: tuple[str, int]) -> None:
    refuse_existing(head(answer), TARGET)


def test_a_key_with_an_object_is_refused_as_s3_does() -> None:
    with pytest.raises(ClientError) as caught:
        refuse_existing(head({"LastModified": "now", "ContentLength": 0}), TARGET)
    assert code_of(caught.value) in EXISTS


@pytest.mark.parametrize("answer", [("503", 503), ("SlowDown", 503), ("InternalError", 500)])
def test_a_look_that_fails_for_the_moment_is_no_leave_to_write(answer: tuple[str, int]) -> None:
    with pytest.raises(ClientError) as caught:
        refuse_existing(head(answer), TARGET)
    assert code_of(caught.value) == answer[0]


def test_an_answer_of_something_else_is_no_leave_to_write() -> None:
    with pytest.raises(StrangeAnswerError):
        refuse_existing(head({"ContentLength": 0}), TARGET)


@pytest.mark.parametrize(
    ("server", "guards"), [("AmazonS3", True), ("MinIO", True), ("nginx", False), (None, False)]
)
def test_which_stores_are_known_to_keep_an_object(server: str | None, guards: bool) -> None:
    headers = {} if server is None else {"server": server}
    assert is_guarding({"ResponseMetadata": {"HTTPHeaders": headers}}) is guards
    assert not is_guarding({})


@pytest.mark.parametrize(
    ("stored", "right"), [(b"ours", True), (b"our", False), (b"oursx", False), (b"rous", False)]
)
def test_the_bytes_of_an_object_are_compared(stored: bytes, right: bool) -> None:
    body = io.BytesIO(stored)
    client = SimpleNamespace(get_object=lambda **_: {"Body": body, "ContentLength": len(stored)})
    crc32 = base64.b64encode(zlib.crc32(b"ours").to_bytes(4, "big")).decode()
    assert has_bytes(client, TARGET, 4, crc32) is right
    assert body.closed
