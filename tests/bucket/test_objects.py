"""The removal of objects: all that were named, and no others, or an error."""

from __future__ import annotations

import pytest

from core.bucket import Bucket, Destination, objects
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
