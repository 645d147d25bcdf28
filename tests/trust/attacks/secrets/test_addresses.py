"""Addresses with a password in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import Request
from core.bucket import Bucket, Destination
from core.connections import discovery, saved
from core.connections.secrets import hide
from core.errors import UsageError
from core.warehouse.connect import connect
from tests.trust.attacks.secrets.marker import HUSH, kept, run, write


class TestAddresses:
    """An address with a password is refused before anything is written down."""

    ENDPOINTS = (
        f"http://user:{HUSH}@127.0.0.1:9",
        f"http://{HUSH}@127.0.0.1:9",
        f"https://user:a/{HUSH}@127.0.0.1",
        f"https://store.example.com/?sig={HUSH}",
        f"https://store.example.com/#{HUSH}",
        f"http:/user:{HUSH}@127.0.0.1",
        f"user:{HUSH}@127.0.0.1:9",
        f"https://store.example.com\\@{HUSH}",
        f"ftp://{HUSH}.example.com",
    )

    @pytest.mark.parametrize("url", ENDPOINTS)
    def test_an_endpoint(self, url: str) -> None:
        for given in ({"endpoint_url": url}, {"s3_options": {"endpoint_url": url}}):
            with pytest.raises(UsageError, match=r"endpoint(_url| URL)") as caught:
                Request.of(table="T", bucket="bucket", **given)
            assert HUSH not in f"{caught.value!r} {caught.value} {caught.value.__context__}"
        with pytest.raises(UsageError, match="endpoint URL") as refused:
            Bucket(Destination("bucket"), endpoint_url=url)
        assert HUSH not in str(refused.value)

    @pytest.mark.parametrize(
        "url",
        [
            *("http://127.0.0.1:9000", "https://s3.example.com/", "http://minio_1:9000/base/path"),
            *("http://[::1]:9000", "https://s3.eu-central-1.amazonaws.com", "HTTPS://S3.Example"),
        ],
    )
    def test_a_plain_endpoint_is_taken(self, url: str) -> None:
        assert Request.of(table="T", bucket="bucket", endpoint_url=url).endpoint_url == url

    @pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
    def test_an_endpoint_of_aws_variables(
        self, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, f"http://user:{HUSH}@127.0.0.1:9")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        with (
            Bucket(Destination("bucket"), client_options={"region_name": "eu-west-1"}) as bucket,
            pytest.raises(UsageError, match="endpoint") as caught,
        ):
            bucket.ask(lambda client, where: client.head_bucket(**where))
        assert HUSH not in str(caught.value)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--endpoint-url", f"http://user:{HUSH}@127.0.0.1:9"),
            ("--endpoint-url", f"https://store.example.com/?sig={HUSH}"),
            ("--bucket", f"s3://AKIA:{HUSH}@bucket/prefix/"),
            ("--bucket", f"https://b.s3.amazonaws.com/?X-Amz-Signature={HUSH}"),
            ("--connection", f"snowflake://user:{HUSH}@account/db"),
            ("--warehouse", f"https://user:{HUSH}@host"),
        ],
    )
    def test_nothing_of_it_is_kept_or_printed(self, home: Path, option: str, value: str) -> None:
        arguments = ("--batch", "--table", "T", "--bucket", "bucket", option, value)
        code, shown = run("from tui.cli.main import main; main()", *arguments, AMPLIFY_DEBUG="1")
        assert code == 2, shown.replace(HUSH, "HUSH")
        assert HUSH not in shown
        assert HUSH not in kept(home)

    @pytest.mark.parametrize("prefix", ["from@us/", "a?b/", "a:b@c/"])
    def test_a_prefix_may_look_like_one(self, prefix: str) -> None:
        assert Request.of(table="T", bucket=f"s3://bucket/{prefix}").bucket.endswith(prefix)

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            ("host", f"user:{HUSH}@account.snowflakecomputing.com"),
            ("account", f"user:{HUSH}@account"),
            ("protocol", f"https://user:{HUSH}@"),
            ("proxy_host", f"user:{HUSH}@proxy"),
            ("authenticator", f"https://user:{HUSH}@okta.example.com"),
            ("authenticator", f"https://okta.example.com/?token={HUSH}"),
            ("oauth_token_request_url", f"https://user:{HUSH}@login.example.com/token"),
        ],
    )
    def test_an_address_of_a_connection(self, home: Path, parameter: str, value: str) -> None:
        entry = {"account": "a", "user": "u", "password": "p", parameter: value}
        lines = "".join(f"{key} = {json.dumps(each)}\n" for key, each in entry.items())
        write(home / ".snowflake" / "connections.toml", f"[dev]\n{lines}")
        assert HUSH not in repr(discovery.list_connections())
        for connection in ("dev", entry):
            with pytest.raises(UsageError, match=f"{parameter} holds") as caught:
                connect(connection, query_tag="a test")
            assert HUSH not in f"{caught.value} {caught.value.__cause__}"
        with pytest.raises(UsageError, match="cannot be saved"):
            saved.remember("mine", {"user": "u", parameter: value})
        assert HUSH not in kept(home)

    def test_addresses_without_one_are_left_alone(self) -> None:
        for name, value in (
            ("authenticator", "https://okta.example.com"),
            ("oauth_authorization_url", "https://login.example.com:8443/a?audience=me@x"),
            ("user", "me@example.com"),
            ("session_parameters", {"QUERY_TAG": "a:b@c"}),
        ):
            assert hide(name, value) == value
