"""One server of the sandbox, as a child process of the launcher.

Reads its configuration as a JSON line from stdin, answers one JSON line on stdout when ready (or
`{"error": ...}`), and stops at SIGTERM or when stdin ends, which means that the launcher has ended.
A second line gives the warehouse the address of the bucket, so that neither server waits for the
other to start.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from core.runtime.disk.directories import UnsafeDirectoryError, private_directory
from core.runtime.process.core_dumps import forbid_core_dumps

GRACE_SECONDS = 4.0  # after which a server that does not stop is ended


def main() -> int:
    """Run one server until it is to stop; return the process exit code."""
    forbid_core_dumps()
    configuration = json.loads(sys.stdin.readline())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bucket: Future[dict[str, str]] = Future()
    threading.Thread(target=_follow_parent, args=(stop, bucket), daemon=True).start()
    data_dir, service = Path(configuration["data_dir"]), configuration["service"]
    try:
        with _directory(data_dir, service, temporary=configuration["temporary"]) as own:
            if service == "warehouse":
                _warehouse(configuration, own, stop, bucket)
            else:
                _bucket(configuration, own, stop)
    except Exception as error:
        _tell({"error": _words(error)})
        return 1
    return 0


def _warehouse(
    configuration: dict[str, Any],
    directory: Path,
    stop: threading.Event,
    bucket: Future[dict[str, str]],
) -> None:
    from core.sandbox.warehouse.engine.engine import Engine
    from core.sandbox.warehouse.protocol.server import create_app
    from core.sandbox.warehouse.protocol.serving import serve
    from core.sandbox.warehouse.protocol.storage_host import StorageHost
    from core.sandbox.warehouse.unload.stages import WAY_TO_BUCKET

    engine = Engine(directory / "database", configuration["parameters"])
    stages = engine.storage  # the callback must not keep the engine
    bucket.add_done_callback(lambda address: stages.connect(address.result()))
    storage = StorageHost(directory) if configuration["storage_host"] else None
    known = {"unload": WAY_TO_BUCKET, "authority": storage and str(storage.authority)}
    try:
        app = create_app(
            engine,
            user=configuration["user"],
            password=configuration["password"],
            account=configuration["account"],
            chunk_rows=configuration["chunk_rows"],
            chunk_bytes=configuration["chunk_bytes"],
            storage=storage,
            statement_end=configuration["statement_end"],
            results_dir=directory / "results",
        )
        serve(
            app,
            port=configuration["port"],
            proxied=configuration["proxied"],
            storage=storage,
            on_ready=lambda address: _tell({**address, **known}),
            stop=stop,
        )
    finally:
        engine.close()


def _bucket(configuration: dict[str, Any], directory: Path, stop: threading.Event) -> None:
    from core.sandbox.bucket import serve

    serve(
        port=configuration["port"],
        data_dir=directory,
        services=configuration["services"],
        proxied=configuration["proxied"],
        on_ready=_tell,
        stop=stop,
    )


@contextlib.contextmanager
def _directory(data_dir: Path, service: str, *, temporary: bool) -> Iterator[Path]:
    """Create the service's directory below `data_dir`; remove a temporary one on exit.

    The launcher removes a temporary directory too, unless it is killed.
    """
    own = private_directory(data_dir / service)
    try:
        yield own
    finally:
        if temporary:
            shutil.rmtree(own, ignore_errors=True)
            with contextlib.suppress(OSError):  # the other service still uses it, or has removed it
                data_dir.rmdir()


def _follow_parent(stop: threading.Event, bucket: Future[dict[str, str]]) -> None:
    """Read the bucket's address from stdin, then stop when stdin ends with the launcher."""
    line = sys.stdin.readline()
    if line:
        bucket.set_result(json.loads(line))
        sys.stdin.read()
    stop.set()
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


def _words(error: Exception) -> str:
    """Describe why a server cannot start, as the end of a sentence."""
    if isinstance(error, UnsafeDirectoryError):
        return f"{error.filename} {error.strerror}"
    return str(error).strip() or type(error).__name__


def _tell(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)  # noqa: T201 - the launcher reads it


if __name__ == "__main__":
    sys.exit(main())
