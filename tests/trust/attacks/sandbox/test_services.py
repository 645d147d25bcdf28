"""moto's administration, and AWS' services other than S3, answer nobody."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from core.errors import LocalResourceError
from core.sandbox.launcher import Sandbox
from tests.support.services.buckets import running_server
from tests.trust.attacks.sandbox.raw_http import (
    BROWSER,
    admin,
    own,
    refused,
    s3_port,
    send,
    signed,
)


def template(marker: Path) -> str:
    """A CloudFormation template whose YAML runs a shell command where it is loaded carelessly."""
    return f'Resources: !!python/object/apply:os.system ["touch {marker}"]\n'


def create_stack(marker: Path) -> bytes:
    form = {"Action": "CreateStack", "StackName": "s", "TemplateBody": template(marker)}
    return urlencode({**form, "Version": "2010-05-15"}).encode()


class TestAdministration:
    """moto's own routes, which need no signature, and give and change everything."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/moto-api"),
            ("GET", "/moto-api/data.json"),
            ("GET", "/%6doto-api/data.json"),
            ("GET", "/moto%2Dapi/data.json"),
            ("POST", "/moto-api/reset"),
            ("POST", "/moto-api/seed?a=42"),
            ("POST", "/moto-api/reset-auth"),
            ("POST", "/moto-api/config"),
            ("POST", "/moto-api/recorder/start-recording"),
        ],
    )
    def test_is_refused(self, box: Sandbox, method: str, path: str) -> None:
        refused(send(s3_port(box), method, path, own(box), b"inf"), box)
        refused(send(s3_port(box), method, path, signed(box.s3, method, path)), box)

    def test_is_refused_by_other_spellings(self, box: Sandbox) -> None:
        port, headers = s3_port(box), own(box)
        refused(send(port, "GET", "//moto-api/data.json", headers), box)
        refused(send(port, "GET", f"http://{headers['Host']}/moto-api/data.json", headers), box)
        refused(send(port, "GET", "http://moto_api/moto-api/data.json", headers), box)

    def test_three_posts_of_a_page_run_nothing(self, box: Sandbox, marker: Path) -> None:
        """The page switches permissions off, uploads a recorded request, and has it replayed."""
        recorded = {
            "module": "botocore",
            "response_type": {},
            "method": "POST",
            "url": f"{box.s3['endpoint_url']}/",
            "headers": {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/cloudformation/"
                "aws4_request, SignedHeaders=host, Signature=0",
            },
            "body": create_stack(marker).decode(),
            "body_encoded": False,
        }
        headers = {**own(box), **BROWSER}
        for path, body in (
            ("/moto-api/reset-auth", b"inf"),
            ("/moto-api/recorder/upload-recording", json.dumps(recorded).encode()),
            ("/moto-api/recorder/replay-recording", b""),
        ):
            refused(send(s3_port(box), "POST", path, headers, body), box)
        assert not marker.exists()


class TestOtherServices:
    def test_cloudformation_runs_nothing(self, box: Sandbox, marker: Path) -> None:
        cloudformation = admin(box, "cloudformation")
        with pytest.raises(ClientError) as caught:
            cloudformation.create_stack(StackName="s", TemplateBody=template(marker))
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        body = create_stack(marker)
        form = {**own(box), "Content-Type": "application/x-www-form-urlencoded"}
        unknown = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/cloudformation/aws4_request"
        for headers in ({}, {"Authorization": f"{unknown}, SignedHeaders=host, Signature=0"}):
            refused(send(s3_port(box), "POST", "/", {**form, **headers}, body), box)
        assert not marker.exists()

    @pytest.mark.parametrize(
        "service",
        [
            "iam",
            "sts",
            "secretsmanager",
            "ssm",
            "lambda",
            "dynamodb",
            "sqs",
            "s3tables",
            "s3-control",
        ],
    )
    def test_are_not_there(self, box: Sandbox, service: str) -> None:
        headers = signed(box.s3, "POST", "/", b"{}", service=service)
        refused(send(s3_port(box), "POST", "/", headers, b"{}"), box)

    @pytest.mark.parametrize(
        "target",
        ["DynamoDB_20120810.ListTables", "secretsmanager.ListSecrets", "AmazonSSM.GetParameters"],
    )
    def test_are_not_reached_by_a_header(self, box: Sandbox, target: str) -> None:
        headers = signed(box.s3, "POST", "/", b"{}", headers={"X-Amz-Target": target})
        refused(send(s3_port(box), "POST", "/", headers, b"{}"), box)

    def test_a_header_that_moto_obeys_is_refused(self, box: Sandbox) -> None:
        """It would choose the account."""
        headers = signed(box.s3, "GET", "/", headers={"x-moto-account-id": "111111111111"})
        refused(send(s3_port(box), "GET", "/", headers), box)

    def test_one_that_is_unknown_cannot_be_asked_for(self, tmp_path: Path) -> None:
        with (
            pytest.raises(LocalResourceError, match="does not offer cloudformation"),
            Sandbox(tmp_path, services=["cloudformation"]),
        ):
            pass

    def test_scope_path_and_target_must_agree(self) -> None:
        with running_server() as s3:
            port = int(s3["endpoint_url"].rpartition(":")[2])
            form = b"Action=ListUsers&Version=2010-05-08"
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            right = signed(s3, "POST", "/", form, service="iam", headers=kind)
            assert b"<UserName>sandbox</UserName>" in send(port, "POST", "/", right, form).body
            path = signed(s3, "POST", "/partner-inbox/k", form, service="iam", headers=kind)
            assert send(port, "POST", "/partner-inbox/k", path, form).status == 403
            target = {**kind, "X-Amz-Target": "AWSCognitoIdentityService.GetId"}
            other = signed(s3, "POST", "/", form, service="iam", headers=target)
            assert send(port, "POST", "/", other, form).status == 403
            changed = form.replace(b"ListUsers", b"ListRoles")
            assert send(port, "POST", "/", right, changed).status == 403
