"""Deliveries to stores that are not quite S3: the sandbox answers as they do."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.bucket import Bucket, Delivery, Destination
from core.bucket.checks import check_destination
from core.bucket.fetch import Fetched, fetch
from core.errors import DestinationError, DestinationExistsError, IntegrityError, TransferError
from core.remedy import Remedy, remedies
from core.runtime.retry import Retry
from tests.support.services.buckets import Exchange, Inbox, misstore, other_etag, reply

KEY = "in/months.parquet"
STORES = ("no-conditions", "no-etags", "whole-md5", "no-owners")
LARGE = 5 * 2**20 + 256  # bytes of a file of two parts
CREATES = {3_000: rf"PUT .*{KEY}$", LARGE: "POST .*uploadId"}
by_size = pytest.mark.parametrize("size", [3_000, LARGE], ids=["small", "multipart"])


@pytest.fixture
def path(tmp_path: Path, size: int) -> Path:
    """A file of one request or of two parts."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256))
    return path


def deliver(inbox: Inbox, path: Path, *, overwrite: bool = False, **options: Any) -> Delivery:
    options = {"client_options": inbox.options, "retry": Retry(attempts=2, first=0), **options}
    with Bucket(Destination(inbox.name), **options) as bucket:
        check_destination(bucket, KEY, overwrite=overwrite)
        return bucket.upload(
            path,
            KEY,
            content_type="text/csv",
            metadata={"run": "r1"},
            overwrite=overwrite,
            part_size=5 * 2**20,
        )


def read_back(inbox: Inbox, path: Path, delivery: Delivery) -> Fetched | None:
    with Bucket(Destination(inbox.name), client_options=inbox.options) as bucket:
        return fetch(bucket, KEY, path.with_name("copy"), etag=delivery.etag, any_etag=True)


def crc32(path: Path) -> str:
    return base64.b64encode(zlib.crc32(path.read_bytes()).to_bytes(4, "big")).decode()


@by_size
@pytest.mark.parametrize("store", STORES)
def test_delivers_and_reads_back(inbox: Inbox, path: Path, store: str) -> None:
    inbox.act_as(store)
    delivery = deliver(inbox, path)
    found = read_back(inbox, path, delivery)
    assert found is not None
    assert (found.size, found.crc32) == (path.stat().st_size, crc32(path))
    assert inbox.unfinished() == []
    assert (found.etag == "") == (store == "no-etags")
    assert ("-" in delivery.etag) == (delivery.parts > 1 and store != "whole-md5")


@by_size
def test_delivers_where_kms_is_the_default(inbox: Inbox, path: Path) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    inbox.client.put_bucket_encryption(
        Bucket=inbox.name, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    delivery = deliver(inbox, path)
    found = read_back(inbox, path, delivery)
    assert found == Fetched(path.stat().st_size, delivery.etag, crc32(path))
    head = inbox.client.head_object(Bucket=inbox.name, Key=KEY)
    assert head["ServerSideEncryption"] == "aws:kms"


@by_size
def test_says_which_checksums_backblaze_takes(inbox: Inbox, path: Path) -> None:
    inbox.act_as("backblaze-b2")
    with pytest.raises(DestinationError, match="refuses the checksums of AWS") as caught:
        deliver(inbox, path)
    assert remedies(caught.value.hint) == (Remedy("checksums", "required-only"),)
    assert (inbox.keys(), inbox.unfinished()) == ([], [])
    delivery = deliver(inbox, path, checksums="required-only")
    assert not delivery.guarded
    assert read_back(inbox, path, delivery) is not None


@pytest.mark.parametrize("size", [LARGE])
def test_says_that_the_store_computes_a_wrong_checksum(inbox: Inbox, path: Path) -> None:
    inbox.act_as("wrong-crc32")
    with pytest.raises(IntegrityError, match="accepted the checksums of all parts") as caught:
        deliver(inbox, path)
    assert remedies(caught.value.hint) == (Remedy("checksums", "required-only"),)
    assert (inbox.keys(), inbox.unfinished()) == ([], [])
    assert deliver(inbox, path, checksums="required-only").parts == 2


class TestConditions:
    @by_size
    def test_an_object_that_came_meanwhile_is_kept(self, inbox: Inbox, path: Path) -> None:
        inbox.act_as("no-conditions")

        def come_meanwhile(exchange: Exchange) -> None:
            """Another writer creates the object right after the first look at the key."""
            answer = exchange.forward()
            inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=b"another's")
            exchange.answer(*answer)

        inbox.proxy.on("GET .*list-type=2", come_meanwhile)
        with pytest.raises(DestinationExistsError):
            deliver(inbox, path)
        assert inbox.read(KEY) == b"another's"
        assert inbox.unfinished() == []

    @by_size
    def test_only_a_store_that_guarantees_it_says_so(self, inbox: Inbox, path: Path) -> None:
        assert deliver(inbox, path).guarded
        inbox.client.delete_object(Bucket=inbox.name, Key=KEY)
        inbox.act_as("no-conditions")
        assert not deliver(inbox, path).guarded
        assert deliver(inbox, path, overwrite=True).guarded


class TestEtags:
    """The ETag of another object, where the bytes are the file's, or are not."""

    @by_size
    def test_a_good_object_stays(self, inbox: Inbox, path: Path, size: int) -> None:
        inbox.proxy.on(CREATES[size], other_etag)
        delivery = deliver(inbox, path)
        assert inbox.read(KEY) == path.read_bytes()
        assert inbox.proxy.seen("DELETE") == 0
        assert delivery.crc32 == crc32(path)

    @by_size
    def test_a_damaged_one_is_removed(self, inbox: Inbox, path: Path, size: int) -> None:
        inbox.proxy.on(CREATES[size], misstore, 9)
        with pytest.raises(IntegrityError, match="wrongly"):
            deliver(inbox, path)
        assert (inbox.keys(), inbox.unfinished()) == ([], [])

    @by_size
    def test_one_that_cannot_be_read_stays_and_is_named(
        self, inbox: Inbox, path: Path, size: int
    ) -> None:
        inbox.proxy.on(CREATES[size], other_etag)
        inbox.proxy.on("^GET .*months.parquet$", reply(403, "AccessDenied"))
        with pytest.raises(IntegrityError, match=r"in/months.parquet .* may not read"):
            deliver(inbox, path)
        assert inbox.read(KEY) == path.read_bytes()


class TestExpectedOwner:
    OWNER = "123456789012"

    @pytest.mark.parametrize("size", [3_000])
    @pytest.mark.parametrize("rights", [("s3:*",), ("s3:PutObject",)])
    def test_a_store_that_ignores_it_is_refused(
        self, inbox: Inbox, path: Path, rights: tuple[str, ...]
    ) -> None:
        asked = {"expected_owner": self.OWNER, "client_options": inbox.user(*rights)}
        assert deliver(inbox, path, **asked).size == 2816
        inbox.client.delete_object(Bucket=inbox.name, Key=KEY)
        inbox.act_as("no-owners")
        with pytest.raises(DestinationError, match="does not check who owns") as caught:
            deliver(inbox, path, **asked)
        assert remedies(caught.value.hint) == (Remedy("expected_bucket_owner"),)
        assert inbox.keys() == []


def _html(exchange: Exchange) -> None:
    exchange.answer(413, {"Content-Type": "text/html"}, b"<html><h1>413 Too Large</h1></html>")


def _say(status: int, code: str, text: str = "", more: str = "") -> Any:
    xml = f"<Error><Code>{code}</Code><Message>{text}</Message>{more}</Error>".encode()
    return lambda exchange: exchange.answer(status, {"Content-Type": "application/xml"}, xml)


REGION = "the region 'us-east-1' is wrong; expecting 'eu-west-1'"
DENY = "User: u is not authorized to perform: s3:PutObject with an explicit deny in a resource"
KMS = "User: u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:x"


@pytest.mark.parametrize("size", [3_000])
@pytest.mark.parametrize(
    ("action", "said", "options"),
    [
        (_html, "too large for what answers there", set()),
        (_say(413, "EntityTooLarge"), "too large for what answers there", set()),
        (_say(403, "QuotaExceeded"), "has no room", set()),
        (_say(507, "XMinioStorageFull", "no space"), "has no room", set()),
        (_say(400, "TokenRefreshRequired"), "refuses the credentials", set()),
        (_say(301, "PermanentRedirect"), "another region", {("region", None)}),
        (
            _say(400, "AuthorizationHeaderMalformed", REGION, "<Region>eu-west-1</Region>"),
            "another region",
            {("region", "eu-west-1")},
        ),
        (
            _say(501, "NotImplemented", "Header 'x-amz-checksum-crc32' with value '8' not implem"),
            "refuses the checksums",
            {("checksums", "required-only")},
        ),
        (
            _say(501, "NotImplemented", "payloads in multiple chunks using aws-chunked"),
            "refuses the checksums",
            {("checksums", "required-only")},
        ),
        (_say(400, "AccessControlListNotSupported"), "access lists", {("acl", None)}),
        (_say(400, "InvalidStorageClass"), "storage class", {("storage_class", None)}),
        (_say(400, "KMS.NotFoundException", "Invalid keyId"), "may not", {("kms_key_id", None)}),
        (_say(403, "AccessDenied", KMS), "may not write", {("kms_key_id", None)}),
        (_say(403, "AccessDenied", DENY), "may not write", {("sse", "aws:kms")}),
        (_say(403, "AccessDenied", "Access Denied"), "may not write", {("request_payer", True)}),
    ],
)
def test_what_stores_refuse_has_a_meaning(
    inbox: Inbox, path: Path, action: Any, said: str, options: set[tuple[str, Any]]
) -> None:
    inbox.proxy.on("PUT", action, 9)
    with pytest.raises(TransferError, match=said) as caught:
        deliver(inbox, path)
    named = {(each.option, each.value) for each in remedies(caught.value.hint)}
    assert named >= options
    assert bool(named) == bool(options)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("size", [3_000])
def test_a_missing_region_names_its_variable(inbox: Inbox, path: Path) -> None:
    inbox.proxy.on("PUT", _say(301, "PermanentRedirect"), 9)
    with pytest.raises(DestinationError) as caught:
        deliver(inbox, path)
    assert "AWS_DEFAULT_REGION" in caught.value.hint
