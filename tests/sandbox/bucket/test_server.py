from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from core.sandbox.bucket import serve
from tests.support.services.buckets import Inbox, client_options, running_server

DATA = b"month,sum\n" * 100


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    """The code and the status with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_default_bucket_is_there(bucket_server: dict[str, str]) -> None:
    options = client_options(bucket_server)
    names = [item["Name"] for item in boto3.client("s3", **options).list_buckets()["Buckets"]]
    assert bucket_server["bucket"] == "partner-inbox"
    assert "partner-inbox" in names


def test_answers_name_the_store(bucket_server: dict[str, str], inbox: Inbox) -> None:
    client = boto3.client("s3", **client_options(bucket_server))  # past the proxy
    answer = client.list_objects_v2(Bucket=inbox.name)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["server"] == "AmazonS3"
    inbox.act_as("no-conditions")
    answer = client.list_objects_v2(Bucket=inbox.name)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["server"] == "nginx"


def test_stores_what_is_right(inbox: Inbox) -> None:
    md5 = base64.b64encode(hashlib.md5(DATA).digest()).decode()
    key = "a/ü b+c%2F.txt"
    inbox.client.put_object(
        Bucket=inbox.name,
        Key=key,
        Body=DATA,
        ContentMD5=md5,
        ChecksumCRC32=crc32(DATA),
        ExpectedBucketOwner="123456789012",
        Metadata={"a": "x" * 2000},
        IfNoneMatch="*",
    )
    assert inbox.read(key) == DATA


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"ChecksumCRC32": "AAAAAA=="}, ("BadDigest", 400)),
        ({"ChecksumSHA256": base64.b64encode(b"0" * 32).decode()}, ("BadDigest", 400)),
        ({"ChecksumSHA1": base64.b64encode(b"0" * 20).decode()}, ("BadDigest", 400)),
        ({"ContentMD5": base64.b64encode(b"0" * 16).decode()}, ("BadDigest", 400)),
        ({"ExpectedBucketOwner": "111111111111"}, ("AccessDenied", 403)),
        ({"Metadata": {"a": "x" * 2048}}, ("MetadataTooLarge", 400)),
        ({"Key": "ü" * 513}, ("KeyTooLongError", 400)),
        ({"Bucket": "no-such-bucket"}, ("NoSuchBucket", 404)),
    ],
)
def test_refuses_what_is_wrong(
    inbox: Inbox, arguments: dict[str, Any], expected: tuple[str, int]
) -> None:
    arguments = {"Bucket": inbox.name, "Key": "k", "Body": DATA, **arguments}
    assert refused(inbox.client.put_object, **arguments) == expected
    assert inbox.keys() == []


def test_refuses_a_second_object_where_none_may_be(inbox: Inbox) -> None:
    where = {"Bucket": inbox.name, "Key": "k", "IfNoneMatch": "*"}
    inbox.client.put_object(**where, Body=DATA)
    assert refused(inbox.client.put_object, **where, Body=b"") == ("PreconditionFailed", 412)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("aws_secret_access_key", "wrong", "SignatureDoesNotMatch"),
        ("aws_access_key_id", "AKIAWRONGWRONGWRONG0", "InvalidAccessKeyId"),
    ],
)
def test_refuses_wrong_credentials(inbox: Inbox, name: str, value: str, code: str) -> None:
    client = boto3.client("s3", **{**inbox.options, name: value})
    assert refused(client.list_objects_v2, Bucket=inbox.name) == (code, 403)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, b"<Code>AccessDenied</Code>"),
        (
            {
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20200101/us-east-1/s3/"
                "aws4_request, SignedHeaders=host, Signature=0",
                "X-Amz-Date": "20200101T000000Z",
            },
            b"<Code>RequestTimeTooSkewed</Code>",
        ),
    ],
)
def test_refuses_the_unsigned_and_the_late(
    bucket_server: dict[str, str], headers: dict[str, str], code: bytes
) -> None:
    connection = http.client.HTTPConnection(urlsplit(bucket_server["endpoint_url"]).netloc)
    connection.request("GET", "/partner-inbox/k", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 403
    assert code in answer.read()
    connection.close()


class TestMultipart:
    PARTS = (b"a" * (5 * 2**20), b"tail")

    @pytest.fixture
    def where(self, inbox: Inbox) -> dict[str, str]:
        """The arguments that name an upload under way."""
        where = {"Bucket": inbox.name, "Key": "k"}
        created = inbox.client.create_multipart_upload(
            **where, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
        )
        return {**where, "UploadId": created["UploadId"]}

    def send(self, inbox: Inbox, where: dict[str, str]) -> dict[str, Any]:
        parts = [
            {
                "PartNumber": number,
                "ETag": inbox.client.upload_part(**where, PartNumber=number, Body=body)["ETag"],
            }
            for number, body in enumerate(self.PARTS, start=1)
        ]
        return {**where, "MultipartUpload": {"Parts": parts}}

    def test_completes_once_and_again(self, inbox: Inbox, where: dict[str, str]) -> None:
        whole = b"".join(self.PARTS)
        complete = self.send(inbox, where) | {
            "ChecksumCRC32": crc32(whole),
            "MpuObjectSize": len(whole),
        }
        first = inbox.client.complete_multipart_upload(**complete)
        assert inbox.client.complete_multipart_upload(**complete)["ETag"] == first["ETag"]
        md5s = b"".join(hashlib.md5(part).digest() for part in self.PARTS)
        assert first["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-2"'
        assert inbox.read("k") == whole
        assert inbox.unfinished() == []

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ({"ChecksumCRC32": "AAAAAA=="}, ("BadDigest", 400)),
            ({"MpuObjectSize": 17}, ("InvalidRequest", 400)),
            ({"UploadId": "no"}, ("NoSuchUpload", 404)),
            ({"ExpectedBucketOwner": "111111111111"}, ("AccessDenied", 403)),
        ],
    )
    def test_refuses_a_wrong_whole(
        self,
        inbox: Inbox,
        where: dict[str, str],
        arguments: dict[str, Any],
        expected: tuple[str, int],
    ) -> None:
        complete = self.send(inbox, where) | arguments
        assert refused(inbox.client.complete_multipart_upload, **complete) == expected
        assert inbox.keys() == []

    def test_refuses_a_wrong_part(self, inbox: Inbox, where: dict[str, str]) -> None:
        part = {**where, "PartNumber": 1, "Body": DATA}
        send = inbox.client.upload_part
        assert refused(send, **part, ChecksumCRC32="AAAAAA==") == ("BadDigest", 400)
        assert refused(send, **{**part, "UploadId": "no"}) == ("NoSuchUpload", 404)

    def test_refuses_small_and_unknown_parts(self, inbox: Inbox, where: dict[str, str]) -> None:
        complete = self.send(inbox, where)
        parts = complete["MultipartUpload"]["Parts"]
        finish = inbox.client.complete_multipart_upload
        parts[1]["ETag"] = '"0"'
        assert refused(finish, **complete) == ("InvalidPart", 400)
        parts[1] = {**parts[0], "PartNumber": 2}
        inbox.client.upload_part(**where, PartNumber=1, Body=b"small")
        etag = inbox.client.upload_part(**where, PartNumber=2, Body=b"small")["ETag"]
        parts[0]["ETag"] = parts[1]["ETag"] = etag
        assert refused(finish, **complete) == ("EntityTooSmall", 400)


def test_permissions_are_enforced(inbox: Inbox) -> None:
    client = boto3.client("s3", **inbox.user("s3:PutObject"))
    client.put_object(Bucket=inbox.name, Key="k", Body=DATA)
    assert refused(client.head_object, Bucket=inbox.name, Key="k") == ("403", 403)
    assert refused(client.list_objects_v2, Bucket=inbox.name) == ("AccessDenied", 403)
    assert refused(client.put_object, Bucket="partner-inbox", Key="k") == ("AccessDenied", 403)


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(port=taken.getsockname()[1], on_ready=lambda _: None, stop=threading.Event())


class TestMirror:
    def test_files_outlive_the_server(self, tmp_path: Path) -> None:
        path = tmp_path / "partner-inbox/in/a.csv"
        with running_server(tmp_path) as ready:
            bucket = ready.pop("bucket")
            client = boto3.client("s3", **ready)
            client.put_object(Bucket=bucket, Key="in/a.csv", Body=b"first")
            about: Any = {"Metadata": {"rows": "3"}, "ContentType": "text/csv"}
            client.put_object(Bucket=bucket, Key="in/a.csv", Body=DATA, **about)
            assert path.read_bytes() == DATA
            assert path.stat().st_mode & 0o777 == 0o600
            assert client.get_object(Bucket=bucket, Key="in/a.csv")["Body"].read() == DATA
            client.put_object(Bucket=bucket, Key="in/gone", Body=DATA)
            client.delete_object(Bucket=bucket, Key="in/gone")
            client.create_bucket(Bucket="another")
            client.put_object(Bucket="another", Key="k", Body=DATA)
        files = [p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()]
        assert sorted(p.name for p in files if p.parts[0] != ".metadata") == ["a.csv", "k"]
        assert sorted(p.name for p in files if p.parts[0] == ".metadata") == [
            "a.csv.json",
            "k.json",
        ]
        (tmp_path / "another" / "k").write_bytes(b"by hand")
        with running_server(tmp_path) as ready:
            client = boto3.client("s3", **{k: v for k, v in ready.items() if k != "bucket"})
            found = client.get_object(Bucket="partner-inbox", Key="in/a.csv")
            assert found["Body"].read() == DATA
            assert found["ContentType"] == "text/csv"
            assert found["ETag"] == f'"{hashlib.md5(DATA).hexdigest()}"'
            assert found["Metadata"] == {"rows": "3"}
            changed = client.head_object(Bucket="another", Key="k")
            assert (changed["ContentLength"], changed["Metadata"]) == (7, {})

    def test_keys_cannot_leave_their_bucket(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        (tmp_path / "target").mkdir()
        (root / "partner-inbox").mkdir(parents=True)
        (root / "partner-inbox/link").symlink_to(tmp_path / "target")
        with running_server(root) as ready:
            bucket = ready.pop("bucket")
            client = boto3.client("s3", **ready)
            for key in ("../../x", "a/../../../x", "link/x", "a//x", "a", "a/b", "y" * 300):
                client.put_object(Bucket=bucket, Key=key, Body=DATA)
                assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == DATA
        files = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()]
        assert sorted(files) == [
            "root/.metadata/partner-inbox/a.json",
            "root/partner-inbox/a",
        ]
