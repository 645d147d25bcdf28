"""An AWS profile whose role demands a code: asked by the front end, once, or an error."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import boto3
import pytest

from core.bucket import Bucket, Destination
from core.bucket.checks import check_destination
from core.errors import CancelledError, DestinationError, SignInError
from core.runtime.aws.sessions import ask_for_codes
from tests.support.services.buckets import Exchange, Inbox, Proxy, client_options

DEVICE = "arn:aws:iam::123456789012:mfa/somebody"
CODE = "123456"


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Nobody is there to ask, before and after."""
    ask_for_codes(None)
    yield
    ask_for_codes(None)


@pytest.fixture
def sts(
    bucket_server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """A proxy before STS, and the profile `partner`, whose role demands a code."""
    keys = client_options(bucket_server)
    iam: Any = boto3.client("iam", **keys)
    name = f"deliveries-{uuid.uuid4().hex}"
    every = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [every]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    (tmp_path / "config").write_text(
        f"[profile base]\nregion = us-east-1\naws_access_key_id = {keys['aws_access_key_id']}\n"
        f"aws_secret_access_key = {keys['aws_secret_access_key']}\n"
        f"[profile partner]\nregion = us-east-1\nsource_profile = base\n"
        f"role_arn = {role['Role']['Arn']}\nmfa_serial = {DEVICE}\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with Proxy(keys["endpoint_url"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy.url)
        yield proxy


def check(inbox: Inbox) -> None:
    """What a run does first, in a process of its own: nothing is kept in memory."""
    url = inbox.options["endpoint_url"]
    with Bucket(Destination(inbox.name), profile="partner", endpoint_url=url) as bucket:
        check_destination(bucket, "a.csv", overwrite=False)


def test_a_code_is_asked_once_for_all_runs(inbox: Inbox, sts: Proxy, tmp_path: Path) -> None:
    sent: list[bytes] = []

    def note(exchange: Exchange) -> None:
        sent.append(exchange.body)
        exchange.pass_on()

    sts.on("POST", note)
    asked: list[str] = []
    ask_for_codes(lambda device: asked.append(device) or CODE)  # type: ignore[func-returns-value]
    check(inbox)
    check(inbox)
    assert asked == [DEVICE]
    assert len(sts.log) == 1
    assert f"TokenCode={CODE}".encode() in sent[0]
    (kept,) = (tmp_path / ".aws" / "cli" / "cache").iterdir()  # the AWS CLI's own
    assert kept.stat().st_mode & 0o077 == 0


def test_without_a_person_it_is_an_error(inbox: Inbox, sts: Proxy) -> None:
    with pytest.raises(SignInError, match="nobody to ask") as caught:
        check(inbox)
    assert DEVICE in caught.value.message
    assert "profile without MFA" in caught.value.hint
    assert not sts.log


def test_a_wrong_code_is_a_refusal(inbox: Inbox, sts: Proxy) -> None:
    ask_for_codes(lambda _: "000000")
    said = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
    sts.on("POST", lambda exchange: exchange.answer(403, {}, said.encode()))
    with pytest.raises(DestinationError, match=r"role of the AWS profile .* \(AccessDenied\)"):
        check(inbox)


def test_a_person_may_cancel(inbox: Inbox, sts: Proxy) -> None:
    def cancel(device: str) -> str:
        raise CancelledError

    ask_for_codes(cancel)
    with pytest.raises(CancelledError):
        check(inbox)
    assert not sts.log


def test_what_is_prepared_asks_once_and_its_failure_is_raised_once(
    inbox: Inbox, sts: Proxy
) -> None:
    url = inbox.options["endpoint_url"]
    with Bucket(Destination(inbox.name), profile="partner", endpoint_url=url) as bucket:
        asked: list[str] = []

        def answer(device: str) -> str:
            asked.append(device)
            if len(asked) == 1:
                raise CancelledError
            return CODE

        ask_for_codes(answer)
        bucket.prepare()
        for ending in (pytest.raises(CancelledError), nullcontext()):
            with ending:
                check_destination(bucket, "a.csv", overwrite=False)
        assert asked == [DEVICE, DEVICE]
        assert len(sts.log) == 1
