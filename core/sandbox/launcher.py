"""Starts the sandbox's two servers as child processes, and ends them with this process.

A child holds the reading end of a pipe of which this process holds the other: when this process
ends, however it ends, the child reads the end of the pipe and stops.
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
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

from core.errors import LocalResourceError, UsageError
from core.runtime.closing import Closing
from core.runtime.directories import UnsafeDirectoryError, private_directory

EXTRA = ("duckdb", "sqlglot", "starlette", "uvicorn", "moto", "werkzeug")
START_SECONDS = 60.0
STOP_SECONDS = 5.0
ROOMY_TEMPORARY = Path("/var/tmp")  # noqa: S108 - on disk where /tmp is in memory; made private below

# glibc keeps what many threads have freed, unless told otherwise (mallopt(3)).
LEAN_MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}

# The package's own place is the last one that modules are looked for in, and the current directory
# (-P) is none: a file beside the package that is called like a library is not run in its place.
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
        data_dir: where both keep their data; None for a temporary directory, removed at the end.
        chunk_rows: rows a result chunk, at most; None to cut by bytes only.
        bucket_dir: where the bucket keeps its objects instead, for longer than the sandbox lives;
            several sandboxes may share it.
        port, s3_port: TCP ports; 0 lets the system choose.
        services: what the bucket's server offers besides S3: `iam`, `sts`, `secretsmanager`, `ssm`.
        proxied: whether requests may come through proxies that listen on other ports of this
            machine; else only those sent to the servers' own addresses are answered.
        stderr: where the servers report their own errors; None for this process's stderr.

    Attributes:
        snowflake: arguments for `snowflake.connector.connect`.
        s3: `bucket`, and the arguments of a boto3 S3 client.
        unload: what the warehouse may write to the bucket with, by COPY INTO: the names of a
            `storage_integration` for all of it, and of an external `stage` at its top.

    Raises:
        UsageError: the `demo` extra is not installed.
        LocalResourceError: a server did not start (port taken, directory not writable or in use).
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        chunk_rows: int | None = None,
        *,
        bucket_dir: Path | None = None,
        port: int = 0,
        s3_port: int = 0,
        services: Sequence[str] = (),
        proxied: bool = False,
        stderr: int | IO[Any] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._bucket_dir = bucket_dir
        self._chunk_rows = chunk_rows
        self._port = port
        self._s3_port = s3_port
        self._services = tuple(services)
        self._proxied = proxied
        self._stderr = stderr
        self._temporary: Path | None = None
        self._children: list[subprocess.Popen[str]] = []
        self.snowflake: dict[str, Any] = {}
        self.s3: dict[str, str] = {}
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
    """Check that the sandbox's libraries are there.

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
    """A directory for the data, which no other user can change; made if it is missing."""
    try:
        return private_directory(directory.absolute()).resolve()
    except UnsafeDirectoryError as error:
        raise LocalResourceError(
            f"The sandbox did not start: {error.filename} {error.strerror}.",
            "Name a directory that belongs to you and that nobody else can write.",
        ) from error
    except OSError as error:
        raise LocalResourceError(
            f"The sandbox did not start: {directory} cannot be written ({error.strerror}).",
            "Name a directory that you own.",
        ) from error


def _environment() -> dict[str, str]:
    """Ours, without the keys to real services and what changes moto: a sandbox needs neither."""
    dropped = ("AWS_", "SNOWFLAKE_", "PRIVATE_KEY_", "MOTO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | LEAN_MALLOC


def _say(child: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert child.stdin  # noqa: S101 - asked for when it was made
    child.stdin.write(json.dumps(message) + "\n")
    child.stdin.flush()


def _ready(child: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """The first line of a child: its address, or why it could not start."""
    assert child.stdout  # noqa: S101 - asked for when it was made
    timer = threading.Timer(START_SECONDS, child.kill)
    timer.start()
    try:
        line = child.stdout.readline()
    finally:
        timer.cancel()
    told: dict[str, Any] = json.loads(line) if line else {"error": "it ended without a word"}
    if "error" in told:
        raise LocalResourceError(f"The sandbox {name} did not start: {told['error']}.")
    return told
