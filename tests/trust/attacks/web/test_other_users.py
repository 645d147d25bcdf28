"""What other users of the machine can read and plant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.served import opened, serving

NOBODY = 65534

READ_ALL = """
import pathlib, sys
for entry in pathlib.Path("/proc").iterdir():
    if entry.name.isdigit():
        for name in ("cmdline", "environ", "comm"):
            try:
                sys.stdout.buffer.write((entry / name).read_bytes().replace(b"\\0", b" ") + b"\\n")
            except OSError:
                pass
"""


async def test_another_user_reads_nothing_of_a_request(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = uuid4().hex
    values = {
        "AMPLIFY_TABLE": f"DB.PUBLIC.T{marker}",
        "AMPLIFY_BUCKET": f"bucket-{marker}",
        "AMPLIFY_ENDPOINT_URL": f"http://{marker}.example",
        "AMPLIFY_CONNECTION": marker,
        "SNOWFLAKE_PASSWORD": marker,
        "AWS_SECRET_ACCESS_KEY": marker,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with serving() as served:
        tab = await client.ws_connect(served.socket, origin=served.origin)
        await tab.receive(SECONDS)
        assert served.children()
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        read = subprocess.run(
            [python, "-c", READ_ALL], capture_output=True, check=True, env={}, cwd="/", **user
        ).stdout
        assert b"tui.web.child" in read  # it did read the arguments
        assert marker.encode() not in read
        assert served.token.encode() not in read
        for child in served.children():
            assert marker not in " ".join(child.cmdline())
        await tab.close()


async def test_the_directory_it_is_started_in_runs_no_code(tmp_path: Path, client: Any) -> None:
    for name in ("tui", "textual", "json", "core"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    program = Path(sys.executable).parent / "amplify-transfer"
    with serving(command=[str(program)], cwd=tmp_path) as served:
        tab = await opened(served, client)
        await tab.close()
    assert not (tmp_path / "ran").exists()
