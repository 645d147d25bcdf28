"""The WSGI application before moto: it verifies signatures and selects the service.

moto's own server is not used: it decides from the path, the headers or the body which of AWS'
services answers, verifies no signature before that, and has routes for its own administration that
need none. Here every enabled service is a separate application, selected only by the scope of a
verified signature; all other services, CloudFormation among them, are not loaded.
"""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from core.sandbox.bucket.body import Body
from core.sandbox.bucket.checks import Backing, S3Request, verify
from core.sandbox.bucket.policy import Owners, check_demands
from core.sandbox.bucket.refusal import Environ, RefusalError, StartResponse, denied, respond
from core.sandbox.bucket.signature import Signature, payload_digest
from core.sandbox.bucket.stores import Contents, Headers, Presenter, receive, translate_etags
from core.sandbox.bucket.trust import check_trust
from core.sandbox.door import Door

# The services that can be offered, and how the X-Amz-Target of their requests begins: the JSON
# protocol names its operation there. For those without, moto would take the name from it.
TARGETS = {"s3": "", "iam": "", "sts": "", "secretsmanager": "secretsmanager.", "ssm": "AmazonSSM."}
ADMINISTRATION = "/moto-api"  # of moto's own server
LARGE_BODY = 1 << 20
MAX_REQUEST = 1 << 20  # bytes of a request to another service than S3

_URI = re.compile(r"/(?:[!\"$-.0-~][!\"$-~]*)?")  # ASCII, neither `//host` nor a fragment

WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class Keys(Backing, Owners, Contents, Protocol):
    """The stored state, as far as the front needs it."""

    def identity(self, key: str, region: str, token: str | None) -> tuple[str, str]:
        """Return the account id and the ARN of an access key id."""

    def note_writer(self, request: S3Request) -> None:
        """Remember who wrote the object that a successful request has created."""

    def secret(self, key: str, region: str, token: str | None) -> str:
        """Return the secret access key of an access key id, and of a session's token if any."""


class Front:
    """WSGI application: verify the signature, find the service, call it, mirror its changes.

    Args:
        apps: the application of each service that is offered, by its name in a credential's scope.
        store: the state behind them.
        door: which hosts and clients are answered at all.
        admitted: hears of each request that is known to be genuine.
    """

    def __init__(
        self,
        apps: Mapping[str, WsgiApp],
        store: Keys,
        door: Door,
        admitted: Callable[[Environ], object] = lambda _: None,
    ) -> None:
        self._apps, self._store, self._door, self._admitted = apps, store, door, admitted

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = Body(environ)
        try:
            app, signature = self._admit(environ, body)
            self._admitted(environ)
            token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
            account, user = self._store.identity(signature.key, signature.region, token)
            if app is not self._apps["s3"]:
                environ["wsgi.input"] = io.BytesIO(body.read(MAX_REQUEST))
                if signature.service == "sts":
                    check_trust(body.read(), user)
                return self._forward(app, environ, start_response)
            request = S3Request(environ, body.read(), account, user)
            receive(request, self._store)
            check_demands(request, self._store)
            verify(request, self._store)
            environ["wsgi.input"] = io.BytesIO(translate_etags(request, self._store))
        except RefusalError as refusal:
            body.drain()
            return respond(refusal, environ, start_response)
        presenter = Presenter.of(request, self._store)
        answer = self._forward(
            app, environ, start_response, partial(self._finish, request), presenter.present
        )
        if len(request.body) > LARGE_BODY:
            gc.collect()  # moto's requests are in reference cycles, and hold the body.
        return answer

    def _admit(self, environ: Environ, body: Body) -> tuple[WsgiApp, Signature]:
        """Check a request and its signature; return the application that answers it."""
        names = [n[5:].replace("_", "-") for n in environ if n.startswith("HTTP_")]
        refused = self._door.refusal([environ.get("HTTP_HOST", "")], names)
        if refused or environ["PATH_INFO"].startswith(ADMINISTRATION):
            raise denied(refused or "Access Denied")
        if not _URI.fullmatch(environ["RAW_URI"]):
            raise RefusalError("400 Bad Request", "InvalidURI", "Couldn't parse the specified URI.")
        signature = Signature.of(environ)
        app = self._apps.get(signature.service)
        if app is None or not _fits(signature.service, environ):
            raise denied(f"The service {signature.service} is not offered here")
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        secret = self._store.secret(signature.key, signature.region, token)
        digest = payload_digest(environ, partial(body.read, MAX_REQUEST), signature.service)
        signature.verify(environ, secret, digest)
        return app, signature

    def _forward(
        self,
        app: WsgiApp,
        environ: Environ,
        start_response: StartResponse,
        done: Callable[[], None] = lambda: None,
        present: Callable[[str, Headers, list[bytes]], list[bytes]] = lambda _s, _h, body: body,
    ) -> Iterable[bytes]:
        answer: list[Any] = []
        body = list(app(environ, lambda *args: answer.extend(args)))
        status, headers, *more = answer
        if status.startswith("2"):
            done()
        shown = [(n, v) for n, v in headers if not n.lower().startswith("access-control-")]
        body = present(status, shown, body)
        start_response(status, shown, *more)
        return body

    def _finish(self, request: S3Request) -> None:
        self._store.note_writer(request)
        self._mirror(request)

    def _mirror(self, request: S3Request) -> None:
        if request.method == "POST" and "delete" in request.query:
            self._store.mirror_bucket(request.bucket)
        elif request.key and (
            (request.method in ("PUT", "DELETE") and not request.upload_id)
            or (request.method == "POST" and request.upload_id)
        ):
            self._store.mirror(request.bucket, request.key)


def _fits(service: str, environ: Environ) -> bool:
    """Whether the path and the headers are those of requests to the service.

    moto would take the account from an x-moto-account-id header, and would not ask for
    permissions where X-Amz-Target names an operation of Cognito's.
    """
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    prefix = TARGETS[service]
    return (
        (service == "s3" or environ["RAW_URI"] == "/")
        and (target.startswith(prefix) if prefix else not target)
        and not any(name.startswith("HTTP_X_MOTO_") for name in environ)
    )
