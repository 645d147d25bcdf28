"""Transfers to buckets that demand something, and to stores that are not quite S3."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import DestinationError, Request, UsageError, plan_transfer, run_transfer
from core.bucket import bucket as opened
from core.bucket.parts import MIN_PART_SIZE
from core.events import Event, Warned
from core.outcome import Outcome
from core.remedy import Remedy, remedies
from core.sandbox.bucket.stores import STORES
from tests.engines.unloading import outcome as unload
from tests.support.deliveries import bucket_client, execute, make_table, options
from tests.support.services.buckets import Inbox

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

OWNED: dict[str, Any] = {
    "acl": "bucket-owner-full-control",
    "sse": "aws:kms",
    "kms_key_id": "alias/theirs",
    "storage_class": "GLACIER_IR",
    "tags": "project=sales",
    "metadata": {"contract": "4711"},
}


MANY = 90_000  # rows of more than 5 MiB as csv
CHECKSUMS = {"backblaze-b2": "required-only", "wrong-crc32": "required-only"}
"""What the stores need whose checksums are not those of S3; the others take all."""


@pytest.fixture
def theirs(sandbox: Sandbox) -> Iterator[Inbox]:
    """A bucket of its own."""
    client, proxy = bucket_client(sandbox), None
    name = f"theirs-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    made = Inbox(name, {}, client, proxy)  # type: ignore[arg-type]
    yield made
    while keys := made.keys():
        for key in keys:
            client.delete_object(Bucket=name, Key=key)
    client.delete_bucket(Bucket=name)


def deliver(
    box: Sandbox, inbox: Inbox, table: str, events: list[Event] | None = None, **more: Any
) -> Outcome:
    request = Request.of(**options(box, table=table, bucket=inbox.name, **more))
    return run_transfer(request, on_event=None if events is None else events.append)


def head(inbox: Inbox, outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = inbox.client.head_object(Bucket=inbox.name, Key=outcome.file_name)
    return found


@pytest.mark.parametrize("engine", ["stream", "pushdown"])
def test_stores_the_object_as_asked(
    sandbox: Sandbox, theirs: Inbox, plain: str, tmp_path: Path, engine: str
) -> None:
    report = tmp_path / "report.json"
    found = deliver(sandbox, theirs, plain, engine=engine, verify=True, report=str(report), **OWNED)
    stored = head(theirs, found)
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", "alias/theirs")
    assert (stored["StorageClass"], stored["TagCount"]) == ("GLACIER_IR", 1)
    assert stored["Metadata"]["contract"] == "4711"
    assert stored["Metadata"]["amplify-row-count"] == str(found.row_count)
    assert found.comparison is not None
    assert found.comparison.agrees
    asked = json.loads(report.read_text())["request"]
    assert asked["tags"] == {"project": "sales"}
    assert {name: asked[name] for name in ("acl", "sse", "kms_key_id", "storage_class")} == {
        name: OWNED[name] for name in ("acl", "sse", "kms_key_id", "storage_class")
    }


def test_a_refusal_names_what_the_bucket_demands(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{theirs.name}/*",
        "Condition": condition,
    }
    theirs.client.put_bucket_policy(
        Bucket=theirs.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    with pytest.raises(DestinationError, match="may not write") as caught:
        deliver(sandbox, theirs, plain)
    assert Remedy("sse", "aws:kms") in remedies(caught.value.hint)
    assert head(theirs, deliver(sandbox, theirs, plain, sse="AES256"))["ETag"]


@pytest.mark.parametrize("store", ["no-etags", "backblaze-b2"])
def test_delivers_to_other_stores(sandbox: Sandbox, theirs: Inbox, plain: str, store: str) -> None:
    theirs.act_as(store)
    events: list[Event] = []
    found = deliver(
        sandbox, theirs, plain, events, verify=True, checksums=CHECKSUMS.get(store, "supported")
    )
    assert found.comparison is not None
    assert found.comparison.agrees
    assert theirs.keys() == [found.file_name]
    warned = [each.message for each in events if isinstance(each, Warned)]
    assert sum("does not guarantee" in text for text in warned) == 1


@pytest.fixture(scope="module")
def wide(sandbox: Sandbox) -> str:
    """A table of which a file has two parts."""
    name = make_table(sandbox, "D DATE, K VARCHAR, N NUMBER(9,0)")
    execute(
        sandbox,
        f"INSERT INTO {name} SELECT '2024-01-05'::DATE, MD5(SEQ4()) || MD5('b' || SEQ4()), 1"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {MANY}))",
    )
    return name


@pytest.mark.adversity
@pytest.mark.parametrize("multipart", [False, True], ids=["small", "multipart"])
@pytest.mark.parametrize("store", ["aws", *STORES])
def test_a_delivery_to_each_store_is_verified(
    sandbox: Sandbox,
    theirs: Inbox,
    wide: str,
    store: str,
    multipart: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if store != "aws":
        theirs.act_as(store)
    monkeypatch.setattr(opened, "DEFAULT_PART_SIZE", MIN_PART_SIZE)
    more: dict[str, Any] = {} if multipart else {"key_columns": "none"}
    more |= {"checksums": CHECKSUMS.get(store, "supported"), "verify": True, "format": "csv"}
    found = deliver(sandbox, theirs, wide, request_payer=store == "requester-pays", **more)
    assert (head(theirs, found)["ContentLength"] > MIN_PART_SIZE) == multipart
    assert found.row_count == (MANY if multipart else 1)
    assert found.comparison is not None
    assert found.comparison.agrees
    assert theirs.unfinished() == []


def test_the_dry_run_shows_what_the_bucket_is_given(sandbox: Sandbox, plain: str) -> None:
    from tui.cli.dry_run import as_json, as_text

    asked = options(sandbox, table=plain, bucket="partner-inbox", request_payer=True, **OWNED)
    preview = plan_transfer(Request.of(**asked))
    (line,) = (each for each in as_text(preview) if each.startswith("With"))
    assert line == (
        "With         --request-payer  --acl bucket-owner-full-control  --sse aws:kms"
        "  --kms-key-id alias/theirs  --storage-class GLACIER_IR  --tags project=sales"
        "  --metadata contract=4711"
    )
    shown = json.loads(as_json(preview)[0])["destination_options"]
    assert shown == {**OWNED, "tags": {"project": "sales"}, "request_payer": True}


class TestUnload:
    @pytest.mark.parametrize(
        "given",
        [
            {"acl": "bucket-owner-full-control"},
            {"sse": "aws:kms:dsse"},
            {"storage_class": "STANDARD_IA"},
            {"tags": "a=b"},
            {"metadata": "a=b"},
            {"request_payer": True},
        ],
    )
    def test_refuses_what_snowflake_cannot_do(
        self, sandbox: Sandbox, plain: str, given: dict[str, Any]
    ) -> None:
        with pytest.raises(UsageError, match="cannot write an object with") as caught:
            unload(sandbox, plain, **given)
        assert {each.option for each in remedies(caught.value.message)} == set(given)
        assert {each.value for each in remedies(caught.value.hint)} == {"pushdown", "stream"}

    @pytest.mark.parametrize("given", [{"sse": "AES256"}, {"sse": "aws:kms"}])
    def test_encrypts(self, sandbox: Sandbox, plain: str, given: dict[str, str]) -> None:
        found = unload(sandbox, plain, **given)
        stored = bucket_client(sandbox).head_object(
            Bucket=sandbox.s3["bucket"], Key=found.file_name
        )
        assert stored["ServerSideEncryption"] == given["sse"]
