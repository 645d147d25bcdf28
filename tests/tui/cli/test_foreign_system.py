"""The main job as on a system that lacks what only POSIX has; see `foreign_system`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.programs.batch_runs import LOCATIONS, SECONDS, Ended


def run(env: dict[str, str], *arguments: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.programs.foreign_system", *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("cp1252"), done.stderr.decode("cp1252"))


def test_a_delivery(env: dict[str, str], bucket: Any) -> None:
    ended = run(env, *LOCATIONS)
    assert ended.code == 0, ended.err
    assert ended.result["row_count"] == 581
    assert [each.key for each in bucket.objects.all()] == [ended.result["file_name"]]


def test_a_delivery_that_is_verified_and_reported(
    env: dict[str, str], bucket: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    more = ("--engine", "pushdown", "--format", "csv", "--gzip", "--verify")
    ended = run(env, *LOCATIONS, *more, "--report", str(report))
    assert ended.code == 0, ended.err
    assert "Verified" in ended.err
    assert json.loads(report.read_text())["verdict"]["agrees"] is True


def test_a_name_that_the_console_cannot_show(env: dict[str, str], bucket: Any) -> None:
    ended = run(env, *LOCATIONS, "--file-name", "☃.{ext}")
    assert (ended.code, ended.result["file_name"]) == (0, "☃.parquet")
    assert r"\u2603.parquet" in ended.err
    ended = run(env, "--batch", "--table", "Ä☃")
    assert ended.code == 4
    assert r"Ä\u2603" in ended.err


def test_a_dry_run(env: dict[str, str]) -> None:
    ended = run(env, "--dry-run", *LOCATIONS[1:], "--file-name", "☃.{ext}")
    assert ended.code == 0, ended.err
    assert "nothing was written" in ended.out
