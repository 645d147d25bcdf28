"""The lock of a transfer: between processes, by the kernel, and with the name of its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.bucket.target import identify_run
from core.errors import TemporaryError
from core.planning.names import TableName
from core.records.history import read_history, run_recorded
from core.request.request import Request
from core.runtime.disk import run_lock
from core.runtime.disk.run_lock import lock_run
from tests.support.deliveries import options, transfer
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

KEY = ("DB.S.T", None, "bucket")
HOLDER = """\
import json, sys
from core.runtime.disk.run_lock import lock_run
with lock_run(json.loads(sys.argv[1]), "T"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@contextmanager
def held_elsewhere(key: tuple[str | None, ...]) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock; it is killed at the end."""
    import json

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, json.dumps(key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_lock_that_another_process_holds_until_it_is_killed() -> None:
    with held_elsewhere(KEY) as process:
        with pytest.raises(TemporaryError) as caught, lock_run(KEY, "T to s3://b/"):
            pass
        assert caught.value.exit_code == 5
        assert "Another run of T to s3://b/ is in progress" in caught.value.message
        assert f"process {process.pid} of " in caught.value.message
        assert f"on {os.uname().nodename}, since 20" in caught.value.message
        with lock_run(("DB.S.OTHER", None, "bucket"), "another table"):
            pass
        process.kill()
        process.wait()
        with lock_run(KEY, "T"):
            pass


def test_runs_of_one_process_share_it(state: Path) -> None:
    with lock_run(KEY, "T"):
        with lock_run(KEY, "T"):
            pass
        (path,) = (state / "locks").iterdir()
        assert f'"pid": {os.getpid()}' in path.read_text()
        with pytest.raises(AssertionError), held_elsewhere(KEY):
            pass
    assert path.read_text() == ""
    with held_elsewhere(KEY):
        pass


@pytest.mark.parametrize("text", ["", "x", " {}", ' {"pid": 1}', " [" * 2_000])
def test_a_holder_that_cannot_be_read(state: Path, text: str) -> None:
    with lock_run(KEY, "T"):
        (path,) = (state / "locks").iterdir()
        path.write_text(text)
        assert run_lock._read_holder(path) == "a process that has not written who it is"


def test_without_locks_nothing_is_locked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> bool:
        raise OSError

    ran = []
    monkeypatch.setattr(run_lock, "try_lock", refuse)
    with lock_run(KEY, "T"):
        ran.append(1)
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(state / "file" / "below"))
    (state / "file").write_text("")
    with lock_run(KEY, "T"):
        ran.append(2)
    assert ran == [1, 2]


def test_an_error_of_the_run_is_not_taken_for_one_of_the_lock() -> None:
    with pytest.raises(OSError, match="of the run"), lock_run(KEY, "T"):
        raise OSError("of the run")
    assert run_lock._held == {}


def test_what_makes_two_runs_the_same() -> None:
    name = TableName("DB", "S", "T")

    def key(**given: object) -> list[str | None]:
        return identify_run(request(**given), name)[0]

    assert key() == key(bucket="s3://partner-inbox/", since="2024-01", verify=True)
    others = (
        {"bucket": "other-inbox"}, {"bucket": "s3://partner-inbox/in/"}, {"format": "csv"},
        {"file_name": "{table}.{ext}"}, {"endpoint_url": "https://s3.example.com"},
    )  # fmt: skip
    assert all(key() != key(**other) for other in others)
    assert identify_run(request(), name)[1] == "DB.S.T to s3://partner-inbox/"


def test_a_run_at_the_same_time_ends_with_exit_code_5(sandbox: Sandbox) -> None:
    wanted = Request.of(
        **options(sandbox), table="LOCATIONS_595", bucket=sandbox.s3["bucket"], date_column="DOB",
        file_name="lock/{run_id}.{ext}",
    )  # fmt: skip
    key, _ = identify_run(wanted, TableName("DEMO", "PUBLIC", "LOCATIONS_595"))
    with held_elsewhere(tuple(key)):
        with pytest.raises(TemporaryError, match="Another run of DEMO"):
            run_recorded(wanted, by="batch")
        assert (read_history()[0].exit_code, read_history()[0].rows) == (5, None)
        # The library's call is not locked.
        assert transfer(sandbox, "LOCATIONS_595", date_column="DOB", file_name=wanted.file_name)
