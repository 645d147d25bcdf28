"""Deliveries from configured destinations to buckets of partners, whose owners read them."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow.parquet as pq
import pytest
import tomli_w
from botocore.config import Config

from core import transfer_data
from tests.support.services.buckets import PARTNER, client_options

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


# The owner of a bucket at Backblaze has a client that sends no newer checksums.
PLAIN = Config(
    request_checksum_calculation="when_required", response_checksum_validation="when_required"
)


@dataclass
class Owner:
    """The owner of a bucket.

    Attributes:
        bucket: its name.
        s3, iam: clients of the owner's administrator.
    """

    bucket: str
    s3: Any
    iam: Any

    def demand(self, condition: str, value: str) -> dict[str, Any]:
        """Refuse objects without a value, as the examples of AWS do."""
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{self.bucket}/*",
            "Condition": {"StringNotEquals": {condition: value}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        return {}

    def act_as(self, store: str) -> None:
        """Have the bucket answer as another store, or another kind of bucket."""
        tags = {"TagSet": [{"Key": "sandbox-store", "Value": store}]}
        self.s3.put_bucket_tagging(Bucket=self.bucket, Tagging=tags)


def demand_kms(owner: Owner) -> dict[str, Any]:
    owner.demand("s3:x-amz-server-side-encryption", "aws:kms")
    return {"sse": "aws:kms", "kms_key_id": "alias/theirs"}


def demand_acl(owner: Owner) -> dict[str, Any]:
    owner.demand("s3:x-amz-acl", "bucket-owner-full-control")
    return {"acl": "bucket-owner-full-control"}


def leave_objects_to_their_writer(owner: Owner) -> dict[str, Any]:
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    owner.s3.put_bucket_ownership_controls(Bucket=owner.bucket, OwnershipControls=controls)
    return {"acl": "bucket-owner-full-control", "expected_bucket_owner": PARTNER}


def have_requesters_pay(owner: Owner) -> dict[str, Any]:
    owner.act_as("requester-pays")
    return {"request_payer": True}


def be_backblaze(owner: Owner) -> dict[str, Any]:
    owner.act_as("backblaze-b2")
    return {"checksums": "required-only"}


def lend_a_role(owner: Owner) -> dict[str, Any]:
    external = f"ours-{uuid.uuid4().hex}"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external}},
    }
    name = f"deliveries-{uuid.uuid4().hex}"
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = owner.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    resource = f"arn:aws:s3:::{owner.bucket}/from-us/*"
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    owner.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return {"role_arn": made["Role"]["Arn"], "external_id": external}


@pytest.fixture
def owner(bucket_server: dict[str, str]) -> Owner:
    """The owner of a new bucket, in another account than ours."""
    options: Any = {
        **client_options(bucket_server),
        "aws_access_key_id": bucket_server["partner_access_key_id"],
        "aws_secret_access_key": bucket_server["partner_secret_access_key"],
    }
    made = Owner(
        f"theirs-{uuid.uuid4().hex}",
        boto3.client("s3", **options, config=PLAIN),
        boto3.client("iam", **options),
    )
    made.s3.create_bucket(Bucket=made.bucket)
    return made


@pytest.mark.parametrize(
    "demand",
    [
        demand_kms,
        demand_acl,
        leave_objects_to_their_writer,
        have_requesters_pay,
        lend_a_role,
        be_backblaze,
    ],
)
def test_the_owner_reads_what_a_named_destination_gets(
    sandbox: Sandbox,
    plain: str,
    bucket_server: dict[str, str],
    owner: Owner,
    demand: Callable[[Owner], dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = client_options(bucket_server)
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "configuration"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ours["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ours["aws_secret_access_key"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", ours["endpoint_url"])
    file = tmp_path / "configuration" / "amplify.toml"
    file.parent.mkdir(mode=0o700)
    given = {"bucket": owner.bucket, "prefix": "from-us/", "endpoint_url": ours["endpoint_url"]}
    given |= {"region": ours["region_name"], **demand(owner)}
    file.write_text(tomli_w.dumps({"destinations": {"partner": given}}), "utf-8")
    file.chmod(0o600)

    result = transfer_data(plain, "partner", connection=sandbox.snowflake)

    found = owner.s3.get_object(Bucket=owner.bucket, Key=result["file_name"])
    table = pq.read_table(io.BytesIO(found["Body"].read()))
    assert result["file_name"].startswith("from-us/")
    assert table.num_rows == result["row_count"] == 3
    listed = owner.s3.list_objects_v2(Bucket=owner.bucket)["Contents"]
    assert [each["Key"] for each in listed] == [result["file_name"]]
