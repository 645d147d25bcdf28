"""The sandbox bucket in a process of its own, and a proxy that breaks what passes through it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest

from tests.support.waiting import PATIENCE, wait_for

SERVER = """
import json, sys, threading
from pathlib import Path
from core.sandbox.bucket import serve

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
serve(
    data_dir=Path(sys.argv[1]) if sys.argv[1] else None,
    services=["iam", "sts"],
    proxied=True,
    partner=sys.argv[2] or None,
    on_ready=lambda ready: print(json.dumps(ready), flush=True),
    stop=stop,
)
"""


PARTNER = "222222222222"  # the account of whoever owns the bucket, where it is another


@contextmanager
def running_server(data_dir: Path | None = None, partner: str = "") -> Iterator[dict[str, str]]:
    """A sandbox bucket; gives what `serve` passes to `on_ready`."""
    command = [sys.executable, "-c", SERVER, str(data_dir or ""), partner]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


@contextmanager
def one_loader() -> Iterator[None]:
    """Have all boto3 sessions share one loader.

    Parsing the service description again takes 0.15 s a session, half the time of such tests.
    """
    loader = botocore.session.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda *_: loader)
        yield


@dataclass
class Inbox:
    """A bucket of its own for one test.

    Attributes:
        name: the bucket's name.
        options: `client_options` of an administrator.
        client: a plain client of the administrator, past any proxy.
        proxy: the proxy that `options` point to.
    """

    name: str
    options: dict[str, str]
    client: Any
    proxy: Proxy

    def keys(self) -> list[str]:
        """The keys of all visible objects."""
        return [
            item["Key"]
            for item in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        ]

    def unfinished(self) -> list[str]:
        """The ids of all multipart uploads neither completed nor aborted."""
        uploads = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [item["UploadId"] for item in uploads]

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        data: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return data

    def act_as(self, store: str) -> None:
        """Have the bucket answer as another store does; see `core.sandbox.bucket.stores`."""
        tags = {"TagSet": [{"Key": "sandbox-store", "Value": store}]}
        self.client.put_bucket_tagging(Bucket=self.name, Tagging=tags)

    def user(self, *actions: str) -> dict[str, str]:
        """`client_options` of a new user who may do `actions` in this bucket, and nothing else."""
        options = {**self.options, "endpoint_url": self.client.meta.endpoint_url}
        iam = boto3.client("iam", **options)
        name = f"user-{uuid.uuid4().hex}"
        iam.create_user(UserName=name)
        resources = [f"arn:aws:s3:::{self.name}", f"arn:aws:s3:::{self.name}/*"]
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            **self.options,
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }


@contextmanager
def empty_inbox(server: dict[str, str], client: Any) -> Iterator[Inbox]:
    """An empty bucket behind a proxy that, unless told otherwise, changes nothing.

    Args:
        server: what `running_server` gives.
        client: an administrator's client of it.
    """
    name = f"inbox-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    options = client_options(server)
    with Proxy(options["endpoint_url"]) as proxy:
        yield Inbox(name, {**options, "endpoint_url": proxy.url}, client, proxy)


def client_options(server: dict[str, str]) -> dict[str, str]:
    """What boto3 needs to reach the server of `running_server` as its administrator."""
    return {name: v for name, v in server.items() if name != "bucket" and "partner" not in name}


class PatientServer(ThreadingHTTPServer):
    """A server that keeps connections waiting while the machine is busy.

    By default five wait; the kernel drops the next, whose client tries again after a second.
    """

    daemon_threads = True
    request_queue_size = 128


class Proxy:
    """An HTTP proxy in front of a server, which does what `on` tells it to some requests.

    At its end it waits for what it let go: a request that hung reaches the server after all, and
    must not change what a test removes or counts afterwards.

    Attributes:
        log: `METHOD path` of every request, in order of arrival.
        headers: the headers of every request, in the same order.
        release: set at the end; lets go what hangs.
        hanging: set as soon as a request hangs.
        watch: told of every answer of the server: `METHOD path`, status, headers and body.
    """

    def __init__(
        self,
        upstream: str,
        tls: ssl.SSLContext | None = None,
        handler: type[Exchange] | None = None,
    ) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.log: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.release = threading.Event()
        self.hanging = threading.Event()
        self.watch: Callable[[str, int, dict[str, str], bytes], None] = lambda *_: None
        self._rules: list[list[Any]] = []
        self._lock = threading.Lock()
        self._under_way = 0
        self._server = PatientServer(("127.0.0.1", 0), handler or Exchange)
        self._server.proxy = self  # type: ignore[attr-defined]
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self._server.shutdown()
        self._server.server_close()

    def on(self, pattern: str, action: Action, times: int = 1, *, skip: int = 0) -> None:
        """Do `action` instead of the next `times` requests whose `METHOD path` holds `pattern`.

        The first `skip` of them pass. Of several rules that fit, the first that is left counts.
        """
        if skip:
            self._rules.append([re.compile(pattern), Exchange.pass_on, skip])
        self._rules.append([re.compile(pattern), action, times])

    def clear(self) -> None:
        """Lift all rules, let go what hangs, and wait until it has reached the server."""
        with self._lock:
            self._rules.clear()
        self.release.set()
        wait_for(lambda: not self._under_way)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request as under way."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def seen(self, pattern: str) -> int:
        """How many requests held `pattern`."""
        return sum(1 for line in self.log if re.search(pattern, line))

    def take(self, line: str, headers: dict[str, str]) -> Action:
        """Log a request, and decide what happens to it."""
        with self._lock:
            self.log.append(line)
            self.headers.append(headers)
            for rule in self._rules:
                if rule[2] and rule[0].search(line):
                    rule[2] -= 1
                    action: Action = rule[1]
                    return action
        return Exchange.pass_on


class Exchange(BaseHTTPRequestHandler):
    """One request on its way through the proxy."""

    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Handle the request; a broken connection is no news here."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._do
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _do(self) -> None:
        with self.proxy.request():
            action = self.proxy.take(self.line(), dict(self.headers))
            action(self)
        self.close_connection = True

    def line(self) -> str:
        """The request as the rules see it."""
        return f"{self.command} {self.path}"

    @property
    def proxy(self) -> Proxy:
        """The proxy."""
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        return proxy

    @cached_property
    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def forward(self, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """Ask the server; gives status, headers and body of its answer."""
        content = self.body if body is None else body
        connection = http.client.HTTPConnection(self.proxy.upstream)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() == "content-length":
                connection.putheader(name, str(len(content)))
            elif name.lower() not in ("expect", "connection"):
                connection.putheader(name, value)
        connection.endheaders(content)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.proxy.watch(
            f"{self.command} {self.path}", answer.status, dict(answer.getheaders()), data
        )
        return answer.status, dict(answer.getheaders()), data

    def answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        """Answer the client."""
        self.begin(status, headers, len(data))
        self.wfile.write(data)

    def begin(self, status: int, headers: dict[str, str], length: int) -> None:
        """Answer the client but for the body."""
        self.body  # noqa: B018 - unread, it would turn the answer into a reset
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        told = headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", told or str(length))
        self.send_header("Connection", "close")
        self.end_headers()

    def pass_on(self) -> None:
        """Change nothing."""
        self.answer(*self.forward())


Action = Callable[[Exchange], None]


def reply(status: int, code: str, headers: dict[str, str] | None = None) -> Action:
    """Answer with an S3 error, without asking the server."""
    xml = f"<Error><Code>{code}</Code><Message>secret-message</Message></Error>".encode()
    return lambda exchange: exchange.answer(status, headers or {}, xml)


def reset(exchange: Exchange) -> None:
    """Break the connection."""
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.rfile.close()
    exchange.wfile.close()
    exchange.connection.close()
    raise ConnectionAbortedError


def reset_midway(exchange: Exchange) -> None:
    """Break the connection half way through the request's body."""
    exchange.rfile.read(int(exchange.headers.get("Content-Length", 0)) // 2)
    reset(exchange)


def truncate(exchange: Exchange) -> None:
    """Let the server do it, and break the connection half way through its answer's body."""
    status, headers, data = exchange.forward()
    exchange.begin(status, headers, len(data))
    exchange.wfile.write(data[: len(data) // 2])
    exchange.wfile.flush()
    reset(exchange)


def lose_answer(exchange: Exchange) -> None:
    """Let the server do it, and break the connection before it can say so."""
    exchange.forward()
    reset(exchange)


def hang(exchange: Exchange) -> None:
    """Take the request, and say nothing until the end of the test."""
    exchange.body  # noqa: B018
    exchange.proxy.hanging.set()
    exchange.proxy.release.wait()
    exchange.pass_on()


def stall(exchange: Exchange) -> None:
    """Take the request, and neither pass it on nor say anything, as a dead network does."""
    exchange.body  # noqa: B018
    exchange.proxy.hanging.set()
    exchange.proxy.release.wait()
    reset(exchange)


def corrupt(exchange: Exchange) -> None:
    """Turn one bit of the body."""
    body = bytearray(exchange.body)
    body[len(body) // 2] ^= 1
    exchange.answer(*exchange.forward(bytes(body)))


def other_etag(exchange: Exchange) -> None:
    """Let the server do it, and return the ETag of other bytes."""
    status, headers, data = exchange.forward()
    data = re.sub(rb"[0-9a-f]{32}-", b"0" * 32 + b"-", data)  # Complete tells it in the body.
    exchange.answer(status, {**headers, "ETag": f'"{"0" * 32}"'}, data)


def misstore(exchange: Exchange) -> None:
    """Store other bytes, as a server that verifies nothing may: the next read of the key shows it.

    Of a part, which nobody can read, only the ETag does.
    """
    if "partNumber" not in exchange.path:
        exchange.proxy.on(f"^GET {re.escape(exchange.path.partition('?')[0])}$", flip)
    other_etag(exchange)


def flip(exchange: Exchange) -> None:
    """Turn one bit of the answer's body."""
    status, headers, data = exchange.forward()
    body = bytearray(data)
    body[len(body) // 2] ^= 1
    exchange.answer(status, headers, bytes(body))
