"""Run the sandbox bucket until `stop` is set."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.runtime.strangers import Strangers, hang_up
from core.sandbox.door import Door

ADDRESS = "127.0.0.1"
DEFAULT_BUCKET = "partner-inbox"
REGION = "us-east-1"


def serve(
    *,
    port: int = 0,
    data_dir: Path | None = None,
    services: Sequence[str] = (),
    proxied: bool = False,
    partner: str | None = None,
    on_ready: Callable[[dict[str, str]], None],
    stop: threading.Event,
) -> None:
    """Serve S3 over HTTP on 127.0.0.1 until `stop` is set.

    moto's state belongs to the process: run one server a process.

    Args:
        port: the TCP port; 0 lets the system choose.
        data_dir: where every complete object is also written, as `data_dir/BUCKET/KEY`; objects
            found there are offered from the start. None keeps nothing.
        services: what else is offered: `iam`, `sts`, `secretsmanager`, `ssm`.
        proxied: whether requests may come through proxies that listen on other ports.
        partner: the id of a second AWS account, which gets an administrator too.
        on_ready: called once requests are answered, with `endpoint_url`, `aws_access_key_id`,
            `aws_secret_access_key`, `region_name` and `bucket`; with a partner also with its
            administrator's `partner_access_key_id` and `partner_secret_access_key`.
        stop: ends the server when set.

    Raises:
        OSError: the port is taken, or `data_dir` cannot be written.
    """
    handler, server_class = _quiet_handler(), _bounded_server()
    strangers = Strangers(hang_up)
    # An own socket: if the port is taken, werkzeug's would print that and exit the process.
    with socket.create_server((ADDRESS, port), backlog=128) as listener:
        port = listener.getsockname()[1]
        door = Door(port, proxied=proxied)
        app, credentials = _application(data_dir, services, door, strangers, partner)
        server = server_class(ADDRESS, port, app, handler, fd=listener.fileno())
        server.strangers = strangers
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            on_ready(
                {
                    "endpoint_url": f"http://{ADDRESS}:{port}",
                    **credentials,
                    "region_name": REGION,
                    "bucket": DEFAULT_BUCKET,
                }
            )
            stop.wait()
        finally:
            server.shutdown()
            server.server_close()


def _application(
    data_dir: Path | None,
    services: Sequence[str],
    door: Door,
    strangers: Strangers[socket.socket],
    partner: str | None,
) -> tuple[Any, dict[str, str]]:
    """Create moto's applications behind a `Front`; return it and the administrators' keys.

    The imports are here because they take long.
    """
    from moto import settings
    from moto.moto_server.werkzeug_app import create_backend_app

    from core.sandbox.bucket.front import TARGETS, Front
    from core.sandbox.bucket.store import Store, make_administrator

    if unknown := set(services) - TARGETS.keys():
        raise ValueError(f"the sandbox does not offer {', '.join(sorted(unknown))}")
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # IAM is enforced from the first request on.
    store = Store(data_dir)
    credentials = store.provision(DEFAULT_BUCKET, REGION)
    if partner:
        keys = make_administrator(partner, REGION)
        credentials |= {
            "partner_access_key_id": keys.access_key_id,
            "partner_secret_access_key": keys.secret_access_key,
        }
    apps = {service: create_backend_app(service) for service in ("s3", *services)}
    front = Front(apps, store, door, lambda environ: strangers.discard(environ["werkzeug.socket"]))
    return front, credentials


def _bounded_server() -> type[Any]:
    """Derive a werkzeug server that limits the threads of unauthenticated connections."""
    from werkzeug.serving import ThreadedWSGIServer

    class BoundedServer(ThreadedWSGIServer):  # type: ignore[misc]
        strangers: Strangers[socket.socket]

        def process_request(self, request: Any, client_address: Any) -> None:
            self.strangers.add(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: Any) -> None:
            self.strangers.discard(request)
            super().shutdown_request(request)

    return BoundedServer


def _quiet_handler() -> type[Any]:
    """Derive a request handler from moto's that logs no requests."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
            """Log nothing: stderr belongs to the launcher."""

        def send_response(self, code: int, message: str | None = None) -> None:
            """Begin an answer without a header Server: the application sends that of a store."""
            self.send_response_only(code, message)
            self.send_header("Date", self.date_time_string())

    return QuietHandler
