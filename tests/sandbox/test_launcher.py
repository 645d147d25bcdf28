"""The launcher: real processes, and none of them left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
import snowflake.connector
from snowflake.connector.constants import QueryStatus

from core.errors import LocalResourceError, UsageError
from core.sandbox import launcher
from core.sandbox.launcher import Sandbox
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.lengthy


@contextmanager
def command(
    directory: Path, *options: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any], list[psutil.Process]]]:
    """`python -m core.sandbox`, when ready: the process, its ready line, its children."""
    process = subprocess.Popen(
        [sys.executable, "-m", "core.sandbox", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(directory)},
    )
    assert process.stdout
    try:
        ready = json.loads(process.stdout.readline())
        yield process, ready, psutil.Process(process.pid).children()
    finally:
        process.kill()
        process.communicate()


def all_end(children: list[psutil.Process]) -> bool:
    assert len(children) == 2
    return not psutil.wait_procs(children, PATIENCE)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with command(tmp_path) as (process, ready, children):
        with snowflake.connector.connect(**ready["snowflake"]) as connection:
            assert connection.cursor().execute("SELECT 42").fetchall() == [(42,)]
        bucket = ready["s3"].pop("bucket")
        boto3.client("s3", **ready["s3"]).put_object(Bucket=bucket, Key="k", Body=b"v")
        assert ready["unload"] == {
            "storage_integration": "SANDBOX_S3",
            "stage": "DEMO.PUBLIC.PARTNER_INBOX",
        }
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (0, "", "")
        assert all_end(children)
    assert list(tmp_path.iterdir()) == []


def test_the_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    with command(tmp_path) as (process, _, children):
        process.kill()
        assert all_end(children)
    assert list(tmp_path.iterdir()) == []


def test_the_children_end_although_a_statement_runs(tmp_path: Path) -> None:
    with command(tmp_path) as (process, ready, children):
        connection = snowflake.connector.connect(**ready["snowflake"])
        cursor = connection.cursor()
        cursor.execute_async(
            "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000000000)) a "
            "CROSS JOIN TABLE(GENERATOR(ROWCOUNT => 1000000000)) b"
        )
        assert connection.get_query_status(cursor.sfqid) == QueryStatus.RUNNING
        process.kill()
        assert all_end(children)
        connection.close()


def test_the_command_ends_when_a_server_does(tmp_path: Path) -> None:
    with command(tmp_path) as (process, _, children):
        children[0].kill()
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert "ended unexpectedly" in err
        assert all_end(children)


def test_a_port_in_use_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "core.sandbox", "--port", str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            check=False,
        )
    assert (done.returncode, done.stdout) == (LocalResourceError.exit_code, "")
    assert "warehouse did not start" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_called_like_a_library_is_not_run_in_its_place(tmp_path: Path) -> None:
    """Neither in the current directory of whoever starts the sandbox, nor beside the package."""
    (tmp_path / "core").symlink_to(Path(launcher.__file__).parents[1])
    for library in ("duckdb", "werkzeug", "uvicorn", "csv"):
        (tmp_path / f"{library}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from core.sandbox.launcher import Sandbox; "
        "assert sys.modules['core'].__file__.startswith(sys.argv[1]); del sys.path[0]\n"
        "with Sandbox() as box: assert box.alive()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=2 * PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()


def test_two_sandboxes_stand_side_by_side_and_know_only_their_own_password() -> None:
    with Sandbox() as one, Sandbox() as two:
        assert one.snowflake["port"] != two.snowflake["port"]
        mixed = {**one.snowflake, "password": two.snowflake["password"]}
        with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
            snowflake.connector.connect(**mixed)
        assert caught.value.errno == 390100
        assert one.alive()
    assert not one.close()  # a second time does no harm


def test_a_given_data_directory_stays_and_is_private(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with Sandbox(directory) as box:
        arguments = dict(box.s3)
        bucket = arguments.pop("bucket")
        boto3.client("s3", **arguments).put_object(Bucket=bucket, Key="kept.txt", Body=b"v")
    assert (directory / "bucket" / bucket / "kept.txt").read_bytes() == b"v"
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_data_directory_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalResourceError, match="did not start"), Sandbox(tmp_path / "file" / "x"):
        pass


def test_without_the_extra_the_user_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launcher, "EXTRA", ("duckdb", "no_such_library"))
    with pytest.raises(UsageError, match=r"pip install 'amplify-transfer\[demo\]'"), Sandbox():
        pass
