"""Secrets Manager and Parameter Store: the sandbox's bucket server speaks for them too."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


# What the tests ask of AWS besides S3: users with few rights, and secrets.
SERVICES = ("iam", "secretsmanager", "ssm")


def environment(sandbox: Sandbox, endpoint: str = "") -> dict[str, str]:
    """What sends boto3 to the sandbox for secrets, with the administrator's keys."""
    endpoint = endpoint or sandbox.s3["endpoint_url"]
    return {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
        "AWS_ENDPOINT_URL_SSM": endpoint,
        "AWS_ACCESS_KEY_ID": sandbox.s3["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": sandbox.s3["aws_secret_access_key"],
    }


def client(sandbox: Sandbox, service: str, region: str = "eu-central-1") -> Any:
    """The administrator's client, of another region than the bucket's."""
    options = {name: value for name, value in sandbox.s3.items() if name != "bucket"}
    return boto3.client(service, **{**options, "region_name": region})


def secret(sandbox: Sandbox, value: str | bytes) -> str:
    """A new secret of Secrets Manager; its ARN."""
    kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
    manager = client(sandbox, "secretsmanager")
    made = manager.create_secret(Name=f"team/{uuid.uuid4().hex}", **{kind: value})
    return str(made["ARN"])


def parameter(sandbox: Sandbox, value: str) -> str:
    """A new encrypted parameter of Parameter Store; its ARN."""
    store = client(sandbox, "ssm")
    name = f"/team/{uuid.uuid4().hex}"
    store.put_parameter(Name=name, Value=value, Type="SecureString")
    return str(store.get_parameter(Name=name)["Parameter"]["ARN"])


def stranger(sandbox: Sandbox) -> dict[str, str]:
    """The keys of a new user who may do nothing."""
    iam, name = client(sandbox, "iam"), f"user-{uuid.uuid4().hex}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def json_secret(sandbox: Sandbox, **members: object) -> str:
    """A new secret that is a JSON object; its ARN."""
    return secret(sandbox, json.dumps(members))
