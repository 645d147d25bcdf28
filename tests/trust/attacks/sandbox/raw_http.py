"""Requests to the sandbox as an attacker makes them: any header, any signature, any host."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

KEPT, CONTENT = "kept.txt", b"what was delivered"  # the object in the bucket
# What a browser adds to a page's `fetch(url, {mode: "no-cors", method: "POST"})`.
BROWSER = {
    "Origin": "http://evil.example",
    "Referer": "http://evil.example/page",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "empty",
    "Content-Type": "text/plain;charset=UTF-8",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
}


@dataclass(frozen=True)
class Answer:
    """A server's answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(
    port: int,
    method: str,
    target: str,
    headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
    body: bytes = b"",
) -> Answer:
    """Send a request exactly as given, but for Content-Length; without a Host unless given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    result = Answer(answer.status, found, answer.read())
    connection.close()
    return result


def s3_port(box: Sandbox) -> int:
    """The port of the bucket's server."""
    return int(box.s3["endpoint_url"].rpartition(":")[2])


def signed(
    s3: Mapping[str, str],
    method: str,
    target: str,
    body: bytes = b"",
    *,
    host: str = "",
    service: str = "s3",
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request with a valid signature, Host included.

    Args:
        s3: the keys, the region and the endpoint.
        method, target, body, headers: of the request; all the headers are signed.
        host: the Host; that of the endpoint if empty.
        service: of the credential's scope.
    """
    host = host or s3["endpoint_url"].removeprefix("http://")
    named = {"Host": host, **(headers or {})}
    request: Any = AWSRequest(method, f"http://host{target}", data=body, headers=named)
    keys = Credentials(
        s3["aws_access_key_id"], s3["aws_secret_access_key"], s3.get("aws_session_token")
    )
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(keys, service, s3["region_name"]).add_auth(request)
    return dict(request.headers.items())


def admin(box: Sandbox, service: str = "s3") -> Any:
    return boto3.client(service, **{k: v for k, v in box.s3.items() if k != "bucket"})


def own(box: Sandbox) -> dict[str, str]:
    """The Host header of the bucket's server."""
    return {"Host": box.s3["endpoint_url"].removeprefix("http://")}


def login(box: Sandbox, headers: dict[str, str]) -> Answer:
    """Sign in to the warehouse, with the right password."""
    given = box.snowflake
    data = {"ACCOUNT_NAME": given["account"], "LOGIN_NAME": given["user"]}
    body = json.dumps({"data": {**data, "PASSWORD": given["password"]}}).encode()
    return send(int(given["port"]), "POST", "/session/v1/login-request", headers, body)


def refused(answer: Answer, box: Sandbox, status: int = 403) -> None:
    """The answer gives nothing away, and no page may read it."""
    assert answer.status == status, answer
    assert box.s3["aws_secret_access_key"].encode() not in answer.body
    assert CONTENT not in answer.body
    assert not [name for name in answer.headers if name.startswith("access-control-")]
