from __future__ import annotations

import base64
import ssl
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.bucket import Bucket, Delivery, Destination
from core.bucket.checks import check_destination, is_there, probe_destination
from core.errors import (
    DestinationError,
    DestinationExistsError,
    LocalResourceError,
    TemporaryError,
    UsageError,
)
from tests.support.services.buckets import Action, Exchange, Inbox, Proxy, reply

KEY = "in/months.parquet"
PARQUET = "application/vnd.apache.parquet"
METADATA = {"run-id": "r1", "Row-Count": "17"}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file for a single request."""
    path = tmp_path / "small"
    path.write_bytes(b"0123456789" * 300)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (12 * 4096))
    return path


def open_bucket(inbox: Inbox, **options: Any) -> Bucket:
    return Bucket(Destination(inbox.name), **{"client_options": inbox.options, **options})


def deliver(inbox: Inbox, path: Path, *, options: Any = None, **more: Any) -> Delivery:
    more = {"content_type": PARQUET, "metadata": METADATA, "part_size": 5 * 2**20, **more}
    with open_bucket(inbox, **(options or {})) as bucket:
        return bucket.upload(path, KEY, **more)


@pytest.mark.parametrize(("file", "parts"), [("small", 1), ("large", 3)])
def test_delivers(inbox: Inbox, file: str, parts: int, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(file)
    data = path.read_bytes()
    progress: list[tuple[int, int]] = []
    delivery = deliver(inbox, path, on_progress=lambda *at: progress.append(at))
    head = inbox.client.head_object(Bucket=inbox.name, Key=KEY, ChecksumMode="ENABLED")
    crc32 = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    assert inbox.read(KEY) == data
    assert head["ContentType"] == PARQUET
    assert head["Metadata"] == {"run-id": "r1", "row-count": "17"}
    assert delivery == Delivery(inbox.name, KEY, len(data), head["ETag"].strip('"'), crc32, parts)
    if parts > 1:
        assert head["ChecksumCRC32"] == crc32
        assert head["ChecksumType"] == "FULL_OBJECT"
    assert progress == sorted(progress)
    assert progress[-1] == (len(data), len(data))
    assert inbox.keys() == [KEY]
    assert inbox.unfinished() == []


def test_delivers_an_empty_file(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert deliver(inbox, tmp_path / "empty").size == 0
    assert inbox.read(KEY) == b""


@pytest.mark.parametrize("file", ["small", "large"])
def test_replaces_only_when_asked(inbox: Inbox, file: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(file)
    inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=b"before")
    with pytest.raises(DestinationExistsError, match="overwrite"):
        deliver(inbox, path)
    assert inbox.read(KEY) == b"before"
    assert inbox.unfinished() == []
    deliver(inbox, path, overwrite=True)
    assert inbox.read(KEY) == path.read_bytes()


def test_needs_nothing_but_put_object(inbox: Inbox, small: Path, large: Path) -> None:
    options = {"client_options": inbox.user("s3:PutObject")}
    with open_bucket(inbox, **options) as bucket:
        check_destination(bucket, KEY, overwrite=False)
    deliver(inbox, large, options=options)
    with pytest.raises(DestinationExistsError) as caught:
        deliver(inbox, small, options=options)
    assert "this run's own" not in str(caught.value)  # no request of it was answered by an error


def test_sends_digests_with_everything(inbox: Inbox, large: Path) -> None:
    deliver(inbox, large)
    sent = dict(zip(inbox.proxy.log, inbox.proxy.headers, strict=True))
    parts = [headers for line, headers in sent.items() if "partNumber" in line]
    assert len(parts) == 3
    assert all("Content-MD5" in h and "x-amz-checksum-crc32" in h for h in parts)
    complete = next(h for line, h in sent.items() if line.startswith("POST") and "uploadId" in line)
    assert complete["If-None-Match"] == "*"
    assert complete["x-amz-mp-object-size"] == str(large.stat().st_size)


def test_required_only_sends_no_new_checksums(inbox: Inbox, small: Path, large: Path) -> None:
    deliver(inbox, large, options={"checksums": "required-only"})
    deliver(inbox, small, options={"checksums": "required-only"}, overwrite=True)
    assert not [h for headers in inbox.proxy.headers for h in headers if "checksum" in h.lower()]
    assert inbox.read(KEY) == small.read_bytes()


def test_over_tls_bodies_are_neither_chunked_nor_hashed(
    inbox: Inbox, large: Path, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    authority, context = certificate
    with Proxy(inbox.client.meta.endpoint_url, context) as proxy:
        options = {**inbox.options, "endpoint_url": proxy.url}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_CA_BUNDLE", str(authority))
            deliver(inbox, large, options={"client_options": options})
    parts = [h for line, h in zip(proxy.log, proxy.headers, strict=True) if "partNumber" in line]
    assert len(parts) == 3
    for headers in parts:
        assert headers["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
        assert "Content-Length" in headers
        assert "Transfer-Encoding" not in headers
        assert "X-Amz-Trailer" not in headers
    assert inbox.read(KEY) == large.read_bytes()


def test_a_certificate_that_is_not_trusted_is_refused_at_once(
    inbox: Inbox, small: Path, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    with Proxy(inbox.client.meta.endpoint_url, certificate[1]) as proxy:
        options = {**inbox.options, "endpoint_url": proxy.url}
        with pytest.raises(DestinationError, match="is not trusted: self-signed") as caught:
            deliver(inbox, small, options={"client_options": options})
    assert "AWS_CA_BUNDLE" in caught.value.hint
    assert proxy.log == []
    assert inbox.keys() == []


def test_passes_the_expected_owner(inbox: Inbox, small: Path) -> None:
    options = {"expected_owner": "111111111111"}
    with pytest.raises(DestinationError), open_bucket(inbox, **options) as bucket:
        check_destination(bucket, KEY, overwrite=False)
    with pytest.raises(DestinationError):
        deliver(inbox, small, options=options)
    deliver(inbox, small, options={"expected_owner": "123456789012"})


class TestCheck:
    def test_passes(self, inbox: Inbox) -> None:
        with open_bucket(inbox) as bucket:
            check_destination(bucket, KEY, overwrite=False)

    def test_finds_the_object(self, inbox: Inbox) -> None:
        inbox.client.put_object(Bucket=inbox.name, Key=KEY + ".more", Body=b"")
        with open_bucket(inbox) as bucket:
            check_destination(bucket, KEY, overwrite=False)
            inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=b"")
            check_destination(bucket, KEY, overwrite=True)
            with pytest.raises(DestinationExistsError):
                check_destination(bucket, KEY, overwrite=False)

    def test_finds_the_object_without_permission_to_list(self, inbox: Inbox) -> None:
        inbox.client.put_object(Bucket=inbox.name, Key=KEY, Body=b"")
        user = inbox.user("s3:PutObject", "s3:GetObject", "s3:HeadObject")
        with open_bucket(inbox, client_options=user) as bucket:
            with pytest.raises(DestinationExistsError):
                check_destination(bucket, KEY, overwrite=False)
            check_destination(bucket, "another", overwrite=False)

    def test_says_where_it_cannot_know(self, inbox: Inbox) -> None:
        with open_bucket(inbox, client_options=inbox.user("s3:PutObject")) as bucket:
            assert is_there(bucket, KEY) is None
        with open_bucket(inbox) as bucket:
            assert is_there(bucket, KEY) is False

    def test_no_bucket(self, inbox: Inbox) -> None:
        bucket = Bucket(Destination("no-such-bucket"), client_options=inbox.options)
        with pytest.raises(DestinationError, match="does not exist"):
            check_destination(bucket, KEY, overwrite=False)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"aws_secret_access_key": "planted-secret"}, "secret key does not match"),
            ({"aws_access_key_id": "AKIAPLANTEDPLANTED00"}, "access key is unknown"),
        ],
    )
    def test_wrong_credentials(self, inbox: Inbox, wrong: dict[str, str], words: str) -> None:
        bucket = open_bucket(inbox, client_options={**inbox.options, **wrong})
        with pytest.raises(DestinationError, match=words) as caught:
            check_destination(bucket, KEY, overwrite=False)
        assert "planted" not in str(caught.value).lower()

    def test_no_credentials(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, "/nowhere")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        bucket = Bucket(Destination(inbox.name), endpoint_url=inbox.proxy.url)
        with pytest.raises(DestinationError, match="no AWS credentials"):
            check_destination(bucket, KEY, overwrite=False)

    def test_no_profile(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        with pytest.raises(UsageError, match="profile"):
            check_destination(open_bucket(inbox, profile="nobody"), KEY, overwrite=False)

    def test_unreachable(self, inbox: Inbox) -> None:
        options = {**inbox.options, "endpoint_url": "http://127.0.0.1:1"}
        with pytest.raises(TemporaryError, match="could not be reached"):
            check_destination(open_bucket(inbox, client_options=options), KEY, overwrite=False)

    def test_no_url(self, inbox: Inbox) -> None:
        options = {**inbox.options, "endpoint_url": "nonsense"}
        with pytest.raises(UsageError, match="endpoint"):
            check_destination(open_bucket(inbox, client_options=options), KEY, overwrite=False)


def test_a_probe_needs_no_more_than_put_object_and_leaves_nothing(inbox: Inbox) -> None:
    with open_bucket(inbox, client_options=inbox.user("s3:PutObject")) as bucket:
        probe_destination(bucket, KEY)
    assert inbox.keys() == inbox.unfinished() == []


def _stored(exchange: Exchange) -> None:
    exchange.answer(200, {"ETag": '"x"'}, b"")


@pytest.mark.parametrize(
    ("action", "said"),
    [(reply(403, "AccessDenied"), "may not write"), (_stored, "access-test-.*months.parquet")],
)
def test_a_probe_tells_what_is_not_refused_as_damaged(
    inbox: Inbox, action: Action, said: str
) -> None:
    with Proxy(inbox.client.meta.endpoint_url) as proxy:
        proxy.on("PUT", action)
        options = {**inbox.options, "endpoint_url": proxy.url}
        with (
            open_bucket(inbox, client_options=options) as bucket,
            pytest.raises(DestinationError, match=said),
        ):
            probe_destination(bucket, KEY)
    assert inbox.keys() == []


def test_refuses_what_cannot_be_meant(inbox: Inbox, small: Path) -> None:
    with pytest.raises(UsageError, match="verify"):
        open_bucket(inbox, client_options={"verify": "no"})
    arn = Destination.parse("arn:aws:s3:eu-central-1:123456789012:accesspoint/partner")
    with pytest.raises(UsageError, match="endpoint"):
        Bucket(arn, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(UsageError, match="ASCII"):
        deliver(inbox, small, metadata={"table": "Größe"})
    with pytest.raises(UsageError, match="2048"):
        deliver(inbox, small, metadata={"table": "x" * 2048})
    with pytest.raises(LocalResourceError, match="ENOENT"):
        deliver(inbox, small.with_name("missing"))
    assert inbox.proxy.log == []


def test_importing_the_package_is_cheap() -> None:
    code = "import core.bucket, sys; sys.exit(any(m.startswith('boto') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
