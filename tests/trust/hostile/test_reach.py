"""A run speaks to Snowflake and to S3 as configured, and to nobody else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.programs.batch_runs import place, program

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

_INTERNET = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([^\"]+)\"")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_host_but_those_configured(sandbox: Sandbox, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=connect,sendto,sendmsg,getsockname"
    watching = ("strace", "-f", "-qq", "-e", calls, "-o", str(trace))
    done = subprocess.run(
        [*watching, *program("--batch", "--table", "LOCATIONS_595", "--verify")],
        env={**os.environ, **place(sandbox), "AMPLIFY_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("the kernel does not let us trace here")
    assert done.returncode == 0, done.stderr
    ports = {str(sandbox.snowflake["port"]), sandbox.s3["endpoint_url"].rpartition(":")[2]}
    lines = trace.read_text().splitlines()
    # The run's own proxy (`core.warehouse.network.gate`): where it listens, nobody else does.
    # A call of one thread may be cut by another: `getsockname( <unfinished ...>`, then resumed.
    own = {
        found[0] for line in lines if " getsockname" in line for found in _INTERNET.findall(line)
    }
    asked = [line for line in lines if " getsockname" not in line]
    spoken_to = {place for line in asked for place in _INTERNET.findall(line)}
    assert spoken_to - {(port, "127.0.0.1") for port in own} == {
        (port, "127.0.0.1") for port in ports
    }
