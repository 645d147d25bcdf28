"""Keys of an AWS profile that expire during an upload: the SDK has them renewed."""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import SSOProvider

from core.bucket import Bucket, Destination
from core.bucket.checks import check_destination
from tests.support.services.buckets import Exchange, Inbox, Proxy, client_options

KEY = "months.csv"
PART = 5 * 2**20
USERS = 7
START = "https://acme.awsapps.com/start"
# With so little left, the SDK renews keys before each request (botocore/credentials.py,
# `_mandatory_refresh_timeout`: ten minutes).
SOON = timedelta(minutes=5)
# Prints the keys of one of several users, in turn.
PROCESS = """\
import json, pathlib
counter = pathlib.Path({counter!r})
count = len(counter.read_text()) if counter.exists() else 0
counter.write_text("x" * (count + 1))
print(json.dumps({{"Version": 1, "Expiration": {expires!r}, **{users!r}[count % {number}]}}))
"""


@pytest.fixture
def users(inbox: Inbox) -> list[tuple[str, str]]:
    """The access keys and the secrets of users, any of whom may write.

    Keys may be renewed more than once between two requests, so two users could take turns unseen.
    """
    made = [inbox.user("s3:PutObject", "s3:GetObject") for _ in range(USERS)]
    return [(each["aws_access_key_id"], each["aws_secret_access_key"]) for each in made]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write the profile `partner`, the only source of keys."""

    def write(text: str) -> None:
        (tmp_path / "config").write_text(f"[profile partner]\nregion = us-east-1\n{text}\n")
        for name, value in (
            ("HOME", tmp_path),
            ("AWS_CONFIG_FILE", tmp_path / "config"),
            ("AWS_SHARED_CREDENTIALS_FILE", tmp_path / "none"),
        ):
            monkeypatch.setenv(name, str(value))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)

    return write


def upload(inbox: Inbox, directory: Path) -> set[str]:
    """Upload a file in two parts; return the access keys that signed the requests."""
    file = directory / "file"
    file.write_bytes(b"x" * (PART + 1))
    url = inbox.options["endpoint_url"]
    with Bucket(Destination(inbox.name), profile="partner", endpoint_url=url) as bucket:
        check_destination(bucket, KEY, overwrite=True)
        bucket.upload(
            file, KEY, content_type="text/csv", metadata={}, overwrite=True, part_size=PART
        )
    assert inbox.read(KEY) == file.read_bytes()
    found = (each["Authorization"] for each in inbox.proxy.headers)
    return {each.partition("Credential=")[2].partition("/")[0] for each in found}


def test_of_a_process(
    inbox: Inbox,
    users: list[tuple[str, str]],
    configure: Callable[[str], None],
    tmp_path: Path,
) -> None:
    script = tmp_path / "keys.py"
    keys = [{"AccessKeyId": key, "SecretAccessKey": secret} for key, secret in users]
    expires = (datetime.now(UTC) + SOON).isoformat()
    counter = str(tmp_path / "count")
    text = PROCESS.format(counter=counter, expires=expires, users=keys, number=USERS)
    script.write_text(text)
    configure(f"credential_process = {sys.executable} {script}")
    used = upload(inbox, tmp_path)
    assert len(used) > 1
    assert used <= {key for key, _ in users}


@pytest.fixture
def take_role(bucket_server: dict[str, str]) -> Callable[[], dict[str, Any]]:
    """A function that returns new keys of a role that may do all in S3, with their token."""
    options = client_options(bucket_server)
    iam: Any = boto3.client("iam", **options)
    name = f"deliveries-{uuid.uuid4().hex}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=make_policy(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=make_policy(allowed))
    sts: Any = boto3.client("sts", **options)
    return lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="deliveries")["Credentials"]


def make_policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_of_a_single_sign_on(
    inbox: Inbox,
    take_role: Callable[[], dict[str, Any]],
    configure: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(
        f"sso_start_url = {START}\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = deliveries"
    )
    now, given = datetime.now(UTC), set()
    cache = tmp_path / "sso"
    cache.mkdir()
    # The SDK looks for the home directory when it is imported.
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    token = {
        "startUrl": START,
        "region": "us-east-1",
        "accessToken": "a-token",
        "expiresAt": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}",
    }
    (cache / f"{hashlib.sha1(START.encode()).hexdigest()}.json").write_text(json.dumps(token))

    def answer(exchange: Exchange) -> None:
        keys = take_role()
        given.add(keys["AccessKeyId"])
        found = {
            "accessKeyId": keys["AccessKeyId"],
            "secretAccessKey": keys["SecretAccessKey"],
            "sessionToken": keys["SessionToken"],
            "expiration": int((now + SOON).timestamp() * 1000),
        }
        exchange.answer(200, {}, json.dumps({"roleCredentials": found}).encode())

    with Proxy(inbox.client.meta.endpoint_url) as portal:
        portal.on("GET /federation/credentials", answer, 99)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        signed = upload(inbox, tmp_path)
    assert len(signed) > 2
    assert signed <= given
