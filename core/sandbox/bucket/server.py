"""Run the sandbox bucket until told to stop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEFAULT_BUCKET = "partner-inbox"
REGION = "us-east-1"


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data_dir: Path | None = None,
    on_ready: Callable[[dict[str, str]], None],
    stop: threading.Event,
) -> None:
    """Serve S3 (and IAM and STS, for permissions) over HTTP until `stop` is set.

    moto's state belongs to the process: run one server a process.

    Args:
        host: the address to listen on.
        port: the TCP port; 0 lets the system choose.
        data_dir: where every complete object is also written, as `data_dir/BUCKET/KEY`; objects
            found there are offered from the start. None keeps nothing.
        on_ready: called once requests are answered, with `endpoint_url`, `aws_access_key_id`,
            `aws_secret_access_key`, `region_name` and `bucket`.
        stop: ends the server when set.

    Raises:
        OSError: the port is taken, or `data_dir` cannot be written.
    """
    from werkzeug.serving import make_server

    app, credentials = _application(data_dir)
    handler = _quiet_handler()
    # A socket of our own: where a port is taken, werkzeug's would print that and exit.
    with socket.create_server((host, port), backlog=128) as listener:
        port = listener.getsockname()[1]
        server = make_server(
            host, port, app, threaded=True, request_handler=handler, fd=listener.fileno()
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            on_ready(
                {
                    "endpoint_url": f"http://{host}:{port}",
                    **credentials,
                    "region_name": REGION,
                    "bucket": DEFAULT_BUCKET,
                }
            )
            stop.wait()
        finally:
            server.shutdown()
            server.server_close()


def _application(data_dir: Path | None) -> tuple[Any, dict[str, str]]:
    """moto behind the checks, and the administrator's keys; imports what takes long to import."""
    from moto import settings
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from core.sandbox.bucket.checks import Checks
    from core.sandbox.bucket.store import Store

    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # IAM is enforced from the first request on.
    store = Store(data_dir)
    credentials = store.provision(DEFAULT_BUCKET, REGION)
    return Checks(DomainDispatcherApplication(create_backend_app), store), credentials


def _quiet_handler() -> type[Any]:
    """moto's request handler without a log line for every request."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: stderr belongs to the launcher."""

    return QuietHandler
