"""Start the sandbox's two servers as child processes that end with this process.

A child reads from a pipe whose writing end this process holds: when this process ends, for any
reason, the child reads the end of the pipe and stops.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from core.errors import LocalResourceError, UsageError
from core.runtime.closing import Closing
from core.runtime.disk.directories import UnsafeDirectoryError, private_directory

EXTRA = ("duckdb", "sqlglot", "starlette", "uvicorn", "moto", "werkzeug")
START_SECONDS = 60.0
STOP_SECONDS = 5.0
ROOMY_TEMPORARY = Path("/var/tmp")  # noqa: S108 - on disk where /tmp is in memory; made private below

# By default glibc keeps the memory that many threads have freed (mallopt(3)).
LEAN_MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}

# The package's own place is the last one that modules are looked for in, and the current directory
# (-P) is not searched: a file beside the package, named like a library, is not run in its place.
_PLACE = Path(__file__).parents[2]
_CHILD = (
    "import runpy, sys; sys.path.append(sys.argv.pop()); "
    "runpy.run_module('core.sandbox.child', run_name='__main__')"
)

IDENTITY = {
    "account": "sandbox",
    "user": "DEMO",
    "database": "DEMO",
    "schema": "PUBLIC",
    "warehouse": "COMPUTE_WH",
    "role": "SYSADMIN",
}


class Sandbox(Closing):
    """An embedded Snowflake warehouse and S3 bucket on 127.0.0.1, for as long as the `with` lasts.

    Args:
        data_dir: the directory of both servers' data; None for a temporary one, removed on exit.
        chunk_rows: most rows of a result chunk; None to limit chunks by bytes only.
        chunk_bytes: the uncompressed size of a result chunk, whatever size the session asks for;
            None to follow the session up to 8 MiB.
        bucket_dir: a directory for the bucket's objects that outlasts the sandbox; several
            sandboxes may share it. None to use `data_dir`.
        storage_host: whether chunks are downloaded from another host, by TLS, with a certificate
            of an authority that nobody trusts yet; see `authority`.
        statement_end: whether AT(STATEMENT => ...) of a query includes what was committed until its
            result was first returned.
        parameters: what the account sets of Snowflake's session parameters, by their names.
        port, s3_port: TCP ports; 0 lets the system choose.
        services: the services that the bucket's server offers besides S3: `iam`, `sts`,
            `secretsmanager`, `ssm`.
        proxied: whether requests may come through proxies that listen on other ports of this
            machine; else only those sent to the servers' own addresses are answered.
        stderr: the stderr of the servers' processes; None for this process's stderr.

    Attributes:
        snowflake: arguments for `snowflake.connector.connect`.
        s3: `bucket`, and the arguments of a boto3 S3 client.
        authority: the certificate, in PEM, of the authority of `storage_host`; else None.
        unload: the names with which COPY INTO writes to the bucket: a `storage_integration` for
            all of it, and an external `stage` at its root.

    Raises:
        UsageError: the `demo` extra is not installed.
        LocalResourceError: a server did not start (port taken, directory not writable or in use).
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        chunk_rows: int | None = None,
        *,
        chunk_bytes: int | None = None,
        storage_host: bool = False,
        statement_end: bool = False,
        bucket_dir: Path | None = None,
        parameters: Mapping[str, object] | None = None,
        port: int = 0,
        s3_port: int = 0,
        services: Sequence[str] = (),
        proxied: bool = False,
        stderr: int | IO[Any] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._bucket_dir = bucket_dir
        self._chunk_rows = chunk_rows
        self._chunk_bytes = chunk_bytes
        self._storage_host = storage_host
        self._statement_end = statement_end
        self._parameters = dict(parameters or {})
        self._port = port
        self._s3_port = s3_port
        self._services = tuple(services)
        self._proxied = proxied
        self._stderr = stderr
        self._temporary: Path | None = None
        self._children: list[subprocess.Popen[str]] = []
        self.snowflake: dict[str, Any] = {}
        self.s3: dict[str, str] = {}
        self.authority: Path | None = None
        self.unload: dict[str, str] = {}

    def __enter__(self) -> Self:
        require_extra()
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def alive(self) -> bool:
        """Whether both servers still run."""
        return all(child.poll() is None for child in self._children)

    def close(self) -> None:
        """Stop both servers, wait for their processes, remove a temporary data directory."""
        for child in self._children:
            if child.stdin:
                child.stdin.close()
        for child in self._children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()
        self._children.clear()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _start(self) -> None:
        directory = _private(self._data_dir or self._make_temporary())
        login = {**IDENTITY, "password": secrets.token_urlsafe(16)}
        common = {
            "data_dir": str(directory),
            "temporary": self._temporary is not None,
            "proxied": self._proxied,
        }
        warehouse = self._spawn(
            {
                "service": "warehouse",
                "port": self._port,
                "chunk_rows": self._chunk_rows,
                "chunk_bytes": self._chunk_bytes,
                "storage_host": self._storage_host,
                "statement_end": self._statement_end,
                "parameters": self._parameters,
                **{name: login[name] for name in ("account", "user", "password")},
                **common,
            }
        )
        if self._bucket_dir:
            common |= {"data_dir": str(_private(self._bucket_dir)), "temporary": False}
        bucket = self._spawn(
            {
                "service": "bucket",
                "port": self._s3_port,
                "services": self._services,
                **common,
            }
        )
        address = _ready(warehouse, "warehouse")
        self.unload = address.pop("unload")
        authority = address.pop("authority")
        self.authority = Path(authority) if authority else None
        self.snowflake = {**login, **address, "protocol": "http"}
        self.s3 = _ready(bucket, "bucket")
        _say(warehouse, self.s3)

    def _make_temporary(self) -> Path:
        roomy = ROOMY_TEMPORARY if os.access(ROOMY_TEMPORARY, os.W_OK) else None
        parent = None if "TMPDIR" in os.environ else roomy
        self._temporary = Path(tempfile.mkdtemp(prefix="amplify-sandbox-", dir=parent))
        return self._temporary

    def _spawn(self, configuration: dict[str, Any]) -> subprocess.Popen[str]:
        child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", _CHILD, str(_PLACE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            cwd=_PLACE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for this process; the children follow its end
        )
        self._children.append(child)
        _say(child, configuration)
        return child


def require_extra() -> None:
    """Check that the sandbox's libraries are installed.

    Raises:
        UsageError: the `demo` extra is not installed.
    """
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"The sandbox needs the demo extra; missing: {', '.join(missing)}.",
            "Install it with: pip install 'amplify-transfer[demo]'",
        )


def _private(directory: Path) -> Path:
    """Return a directory that no other user can change; create it if it does not exist."""
    try:
        return private_directory(directory.absolute()).resolve()
    except UnsafeDirectoryError as error:
        raise LocalResourceError(
            f"The sandbox did not start: {error.filename} {error.strerror}.",
            "Name a directory that belongs to you and that no other user can write.",
        ) from error
    except OSError as error:
        raise LocalResourceError(
            f"The sandbox did not start: {directory} cannot be written ({error.strerror}).",
            "Name a directory that you own.",
        ) from error


def _environment() -> dict[str, str]:
    """Return this process's environment without credentials and without moto's settings."""
    dropped = ("AWS_", "SNOWFLAKE_", "PRIVATE_KEY_", "MOTO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | LEAN_MALLOC


def _say(child: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert child.stdin  # noqa: S101 - a pipe, see `_spawn`
    child.stdin.write(json.dumps(message) + "\n")
    child.stdin.flush()


def _ready(child: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """Return the first message of a child: its address.

    Raises:
        LocalResourceError: it could not start.
    """
    assert child.stdout  # noqa: S101 - a pipe, see `_spawn`
    timer = threading.Timer(START_SECONDS, child.kill)
    timer.start()
    try:
        line = child.stdout.readline()
    finally:
        timer.cancel()
    answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended without a message"}
    if "error" in answer:
        raise LocalResourceError(f"The sandbox {name} did not start: {answer['error']}.")
    return answer
