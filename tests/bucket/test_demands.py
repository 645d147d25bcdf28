"""What the owner of a bucket may demand, and whether the owner can read what was delivered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from core.bucket import Bucket, Destination
from core.bucket.boto_client import Role
from core.bucket.checks import check_destination, probe_destination
from core.bucket.delivery import ObjectOptions
from core.errors import DestinationError, UsageError
from core.remedy import Remedy, remedies
from tests.support.services.buckets import PARTNER, Exchange, Inbox, Proxy, client_options

KEY = "in/months.csv"
DATA = b"month,sum\n" * 30
LARGE = 5 * 2**20 + 256  # bytes of a file of two parts
OWNED = ObjectOptions(acl="bucket-owner-full-control")
KMS = ObjectOptions(sse="aws:kms", kms_key_id="alias/theirs")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def owner(bucket_server: dict[str, str]) -> dict[str, str]:
    """The `client_options` of the partner's administrator."""
    return {
        **client_options(bucket_server),
        "aws_access_key_id": bucket_server["partner_access_key_id"],
        "aws_secret_access_key": bucket_server["partner_secret_access_key"],
    }


@pytest.fixture
def theirs(bucket_server: dict[str, str], owner: dict[str, str]) -> Iterator[Inbox]:
    """A bucket of the partner's account; its `client` is the owner's, its `options` are ours."""
    client: Any = boto3.client("s3", **owner)
    name = f"theirs-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    options = client_options(bucket_server)
    with Proxy(options["endpoint_url"]) as proxy:
        yield Inbox(name, {**options, "endpoint_url": proxy.url}, client, proxy)


def deliver(inbox: Inbox, path: Path, **options: Any) -> None:
    options = {"client_options": inbox.options, **options}
    with Bucket(Destination(inbox.name), **options) as bucket:
        check_destination(bucket, KEY, overwrite=True)
        bucket.upload(
            path,
            KEY,
            content_type="text/csv",
            metadata={"amplify-run-id": "r1"},
            overwrite=True,
            part_size=5 * 2**20,
        )


def deny(inbox: Inbox, condition: dict[str, dict[str, str]]) -> None:
    """Deny s3:PutObject to everyone under a condition, as the examples of AWS do."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{inbox.name}/*",
        "Condition": condition,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inbox.client.put_bucket_policy(Bucket=inbox.name, Policy=policy)


def named(error: BaseException) -> set[str]:
    assert isinstance(error, DestinationError)
    return {each.option for each in remedies(error.hint)}


@pytest.mark.parametrize("size", [len(DATA), LARGE])
class TestPolicies:
    def test_kms(self, theirs: Inbox, path: Path, size: int) -> None:
        path.write_bytes(b"x" * size)
        deny(theirs, {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})
        with pytest.raises(DestinationError, match="may not write") as caught:
            deliver(theirs, path)
        assert Remedy("sse", "aws:kms") in remedies(caught.value.hint)
        assert "policy refuses it" in caught.value.hint
        deliver(theirs, path, object_options=KMS, given=frozenset({"sse", "kms_key_id"}))
        head = theirs.client.head_object(Bucket=theirs.name, Key=KEY)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/theirs")
        assert theirs.read(KEY) == path.read_bytes()

    def test_kms_of_a_store_that_ignores_the_expected_owner(
        self, inbox: Inbox, path: Path, size: int
    ) -> None:
        """The probe has the encryption too: the policy's refusal would look like the owner's."""
        path.write_bytes(b"x" * size)
        deny(inbox, {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})
        asked = {"client_options": inbox.user("s3:PutObject"), "object_options": KMS}
        deliver(inbox, path, expected_owner="123456789012", **asked)
        inbox.act_as("no-owners")
        with pytest.raises(DestinationError, match="does not check who owns"):
            deliver(inbox, path, expected_owner="123456789012", **asked)

    def test_the_access_test_is_encrypted_too(self, theirs: Inbox, path: Path, size: int) -> None:
        deny(theirs, {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})
        options = {"client_options": theirs.options, "object_options": KMS}
        with Bucket(Destination(theirs.name), **options) as bucket:
            probe_destination(bucket, KEY)
        assert theirs.keys() == []

    def test_acl(self, theirs: Inbox, path: Path, size: int) -> None:
        path.write_bytes(b"x" * size)
        deny(theirs, {"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})
        with pytest.raises(DestinationError) as caught:
            deliver(theirs, path, object_options=KMS, given=frozenset({"sse", "kms_key_id"}))
        assert named(caught.value) == {"acl", "request_payer", "role_arn"}
        deliver(theirs, path, object_options=OWNED)
        assert theirs.read(KEY) == path.read_bytes()

    def test_the_owner_reads_what_another_account_owns(
        self, theirs: Inbox, path: Path, size: int
    ) -> None:
        path.write_bytes(b"x" * size)
        controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        theirs.client.put_bucket_ownership_controls(Bucket=theirs.name, OwnershipControls=controls)
        deliver(theirs, path)
        with pytest.raises(theirs.client.exceptions.ClientError, match="AccessDenied"):
            theirs.read(KEY)
        deliver(theirs, path, object_options=OWNED)
        assert theirs.read(KEY) == path.read_bytes()

    def test_requester_pays(self, theirs: Inbox, path: Path, size: int) -> None:
        path.write_bytes(b"x" * size)
        theirs.act_as("requester-pays")
        with pytest.raises(DestinationError) as caught:
            deliver(theirs, path)
        assert "request_payer" in named(caught.value)
        refused = len(theirs.proxy.headers)
        deliver(theirs, path, request_payer=True)
        assert theirs.read(KEY) == path.read_bytes()
        sent = [each.get("x-amz-request-payer") for each in theirs.proxy.headers[refused:]]
        assert set(sent) == {"requester"}


@pytest.mark.parametrize("size", [len(DATA), LARGE])
def test_tags_metadata_and_storage_class(inbox: Inbox, path: Path, size: int) -> None:
    path.write_bytes(b"x" * size)
    options = ObjectOptions(
        storage_class="STANDARD_IA",
        tags={"with blank": "a+b=c/d", "project": "sales"},
        metadata={"contract": "4711"},
    )
    deliver(inbox, path, object_options=options)
    head = inbox.client.head_object(Bucket=inbox.name, Key=KEY)
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["Metadata"] == {"contract": "4711", "amplify-run-id": "r1"}
    tags = inbox.client.get_object_tagging(Bucket=inbox.name, Key=KEY)["TagSet"]
    assert {each["Key"]: each["Value"] for each in tags} == options.tags


def test_metadata_that_s3_does_not_take_is_refused_before_the_upload(
    inbox: Inbox, path: Path
) -> None:
    most = "x" * (2048 - len("k") - len("amplify-run-idr1"))
    deliver(inbox, path, object_options=ObjectOptions(metadata={"k": most}))
    for wrong in ({"k": f"{most}x"}, {"k": "ü"}, {"ü": "k"}):
        with pytest.raises(UsageError, match="is not ASCII, or above 2048 bytes"):
            deliver(inbox, path, object_options=ObjectOptions(metadata=wrong))


class TestRoles:
    EXTERNAL_ID = "ours-4711"

    @pytest.fixture
    def role(self, owner: dict[str, str]) -> Role:
        """A role of the partner's that our account may assume with an external id."""
        iam: Any = boto3.client("iam", **owner)
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": self.EXTERNAL_ID}},
        }
        name = f"deliveries-{uuid.uuid4().hex}"
        made = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        return Role(made["Role"]["Arn"], self.EXTERNAL_ID)

    @pytest.fixture
    def sts(self, theirs: Inbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
        """A proxy before STS, to which AWS's variable points boto3."""
        with Proxy(theirs.client.meta.endpoint_url) as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
            yield proxy

    def test_delivers_as_the_partners_account(
        self, theirs: Inbox, path: Path, role: Role, sts: Proxy
    ) -> None:
        controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        theirs.client.put_bucket_ownership_controls(Bucket=theirs.name, OwnershipControls=controls)
        deliver(theirs, path, role=role)
        assert theirs.read(KEY) == DATA  # the owner's account has written it
        assert sts.log == ["POST /"]

    @pytest.mark.parametrize("wrong", [None, "another-id"])
    def test_the_external_id_is_demanded(
        self, theirs: Inbox, path: Path, role: Role, sts: Proxy, wrong: str | None
    ) -> None:
        with pytest.raises(DestinationError, match="refuses to assume the role") as caught:
            deliver(theirs, path, role=Role(role.arn, wrong), given=frozenset({"role_arn"}))
        assert named(caught.value) == {"role_arn", "external_id"}
        assert theirs.keys() == []

    def test_credentials_that_expire_are_renewed(
        self, theirs: Inbox, path: Path, role: Role, sts: Proxy
    ) -> None:
        path.write_bytes(b"x" * LARGE)

        def expire_soon(exchange: Exchange) -> None:
            status, headers, data = exchange.forward()
            soon = datetime.now(UTC) + timedelta(minutes=1)
            begin, end = data.index(b"<Expiration>") + 12, data.index(b"</Expiration>")
            expires = f"{soon:%Y-%m-%dT%H:%M:%SZ}".encode()
            exchange.answer(status, headers, data[:begin] + expires + data[end:])

        sts.on("POST", expire_soon, 3)
        deliver(theirs, path, role=role)
        assert theirs.read(KEY) == path.read_bytes()
        signed = {h["Authorization"].split("/")[0] for h in theirs.proxy.headers}
        assert len(signed) > 2  # the keys of several answers
        assert len(sts.log) >= 4

    def test_a_role_without_keys_is_refused(
        self, theirs: Inbox, path: Path, role: Role, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = {"endpoint_url": theirs.proxy.url, "region_name": "us-east-1"}
        with pytest.raises(DestinationError, match="no AWS credentials"):
            deliver(theirs, path, role=role, client_options=options)


def test_the_partner_is_another_account(theirs: Inbox, inbox: Inbox) -> None:
    options: Any = {"client_options": theirs.options, "expected_owner": PARTNER}
    with Bucket(Destination(theirs.name), **options) as bucket:
        check_destination(bucket, KEY, overwrite=False)
    with (
        Bucket(Destination(inbox.name), **options) as bucket,
        pytest.raises(DestinationError, match="does not belong to"),
    ):
        check_destination(bucket, KEY, overwrite=False)
