"""Transfers in child processes, and the parents of those."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

SECONDS = 180  # what hangs does so for ever
# A process transfers, or loads a library; then a child transfers, then the process again.
PROGRAM = """
import json, multiprocessing, os, sys, uuid
from core import TransferError, transfer_data

snowflake, s3, first, start = json.loads(os.environ["GIVEN"])
bucket = s3.pop("bucket")

def transfer():
    name = uuid.uuid4().hex
    try:
        result = transfer_data("LOCATIONS_595", bucket, connection=snowflake, s3_options=s3,
                               file_name=name)
    except TransferError as error:
        print(type(error).__name__, error, flush=True)
    else:
        print(result["row_count"], flush=True)

if __name__ == "__main__":
    if first == "transfer":
        transfer()
    elif first == "polars":
        import polars
        polars.DataFrame({"a": [1]}).lazy().group_by("a").sum().collect(engine="streaming")
    elif first:
        __import__(first)
    child = multiprocessing.get_context(start).Process(target=transfer)
    child.start()
    child.join()
    print(child.exitcode, flush=True)
    transfer()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"  # `spawn` imports it in the child
    path.write_text(PROGRAM)
    return path


def run(program: Path, sandbox: Sandbox, first: str, start: str) -> list[str]:
    """The lines of the program; its own end must be in order."""
    given = json.dumps([sandbox.snowflake, sandbox.s3, first, start])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program],
        env={"GIVEN": given, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("first", "loaded"),
    [
        ("transfer", "the Snowflake connector and polars"),
        ("snowflake.connector", "the Snowflake connector"),
        ("polars", "polars"),
    ],
)
def test_a_fork_of_a_process_with_threads(
    program: Path, sandbox: Sandbox, first: str, loaded: str
) -> None:
    """Without the check, the child waits for ever or its parent dies of SIGSEGV."""
    *_, said, code, after = run(program, sandbox, first, "fork")
    assert said.startswith(f"UsageError This process was forked from one that had loaded {loaded},")
    assert '"spawn"' in said
    assert (code, after) == ("0", "581")


@pytest.mark.parametrize("first", ["", "snowflake"])
def test_a_fork_of_a_process_without(program: Path, sandbox: Sandbox, first: str) -> None:
    assert run(program, sandbox, first, "fork") == ["581", "0", "581"]


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_other_child_processes(program: Path, sandbox: Sandbox, start: str) -> None:
    assert run(program, sandbox, "transfer", start)[1:] == ["581", "0", "581"]
