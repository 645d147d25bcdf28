"""A request that is not signed as it stands is refused."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from core.sandbox.launcher import Sandbox
from tests.support.services.buckets import running_server
from tests.trust.attacks.sandbox.raw_http import (
    KEPT,
    admin,
    own,
    refused,
    s3_port,
    send,
    signed,
)


class TestSignatures:
    TARGET = f"/partner-inbox/{KEPT}"

    def code(self, box: Sandbox, headers: dict[str, str], body: bytes = b"evil") -> str:
        """How a PutObject over the kept object is refused."""
        return self.asked(box, "PUT", self.TARGET, headers, body)

    def asked(self, box: Sandbox, method: str, target: str, headers: Any, body: bytes) -> str:
        answer = send(s3_port(box), method, target, headers, body)
        refused(answer, box, answer.status)
        code = answer.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
        return f"{answer.status} {code}"

    def right(self, box: Sandbox, **changes: str) -> dict[str, str]:
        return signed({**box.s3, **changes}, "PUT", self.TARGET, b"evil")

    def test_none(self, box: Sandbox) -> None:
        assert self.code(box, own(box)) == "403 AccessDenied"
        basic = {**own(box), "Authorization": "Basic c2FuZGJveDpzYW5kYm94"}
        assert self.code(box, basic) == "403 AccessDenied"

    def test_wrong_keys(self, box: Sandbox) -> None:
        secret = self.right(box, aws_secret_access_key="guessed")
        assert self.code(box, secret) == "403 SignatureDoesNotMatch"
        key = self.right(box, aws_access_key_id="AKIAGUESSEDGUESSED00")
        assert self.code(box, key) == "403 InvalidAccessKeyId"
        token = self.right(box, aws_session_token="guessed")
        assert self.code(box, token) == "403 InvalidToken"
        region = self.right(box, region_name="cn-north-1")
        assert self.code(box, region) == "403 InvalidAccessKeyId"

    def test_a_header_that_spares_the_check_at_moto(self, box: Sandbox) -> None:
        bad = {**self.right(box, aws_secret_access_key="guessed")}
        bad["X-Amz-Target"] = "AWSCognitoIdentityService.GetId"
        assert self.code(box, bad) == "403 AccessDenied"

    def test_another_request_under_the_same_signature(self, box: Sandbox) -> None:
        headers = self.right(box)
        wrong = "403 SignatureDoesNotMatch"
        assert self.asked(box, "PUT", "/partner-inbox/other", headers, b"evil") == wrong
        assert self.asked(box, "DELETE", self.TARGET, headers, b"evil") == wrong
        assert self.asked(box, "PUT", f"{self.TARGET}?acl", headers, b"evil") == wrong
        assert self.code(box, {**headers, "Host": f"localhost:{s3_port(box)}"}) == wrong

    def test_another_body_under_the_same_signature(self, box: Sandbox) -> None:
        headers = self.right(box)
        assert self.code(box, headers, b"more evil") == "400 XAmzContentSHA256Mismatch"
        post = signed(box.s3, "POST", "/partner-inbox?delete", b"<Delete/>")
        delete = f"<Delete><Object><Key>{KEPT}</Key></Object></Delete>".encode()
        told = self.asked(box, "POST", "/partner-inbox?delete", post, delete)
        assert told == "400 XAmzContentSHA256Mismatch"
        free = {**headers, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
        assert self.code(box, free) == "403 SignatureDoesNotMatch"

    def test_headers_that_are_not_signed(self, box: Sandbox) -> None:
        headers = {**self.right(box), "x-amz-copy-source": f"/partner-inbox/{KEPT}"}
        assert self.code(box, headers) == "403 AccessDenied"
        host = self.right(box)
        host["Authorization"] = host["Authorization"].replace("=host;", "=")
        assert self.code(box, host) == "403 AccessDenied"

    @pytest.mark.parametrize(
        "content", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED", "x"]
    )
    def test_kinds_of_bodies_that_are_not_verified(self, box: Sandbox, content: str) -> None:
        headers = {**self.right(box), "X-Amz-Content-SHA256": content}
        assert self.code(box, headers) == "501 NotImplemented"

    def test_presigned_addresses(self, box: Sandbox) -> None:
        client = admin(box)
        url = client.generate_presigned_url("get_object", {"Bucket": "partner-inbox", "Key": KEPT})
        target = url.removeprefix(box.s3["endpoint_url"])
        assert self.asked(box, "GET", target, own(box), b"") == "403 AccessDenied"

    def test_a_session_has_its_own_keys_and_token(self) -> None:
        with running_server() as s3:
            keys = {name: value for name, value in s3.items() if name != "bucket"}
            trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            iam: Any = boto3.client("iam", **keys)
            policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=policy)["Role"]
            rights = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
            iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=rights)
            sts: Any = boto3.client("sts", **keys)
            made = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
            session = {
                **keys,
                "aws_access_key_id": made["AccessKeyId"],
                "aws_secret_access_key": made["SecretAccessKey"],
                "aws_session_token": made["SessionToken"],
            }
            assert boto3.client("s3", **session).list_buckets()["Buckets"]
            for name in ("aws_secret_access_key", "aws_session_token"):
                wrong: Any = boto3.client("s3", **{**session, name: "guessed"})
                with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|InvalidToken"):
                    wrong.list_buckets()
