"""`--log-file`: what it holds, how it is rotated, and that it stops no run."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import SourceDataError
from core.events import Delivered, Warned
from tests.support.programs.batch_runs import LOCATIONS, place, run
from tui import log_file
from tui.cli.console import JsonConsole, TextConsole
from tui.log_file import LogFile

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_quiet_run_is_logged(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "log"
    env = {**place(sandbox), "AMPLIFY_FILE_NAME": "log/{run_id}.{ext}",
           "AMPLIFY_STATE_DIR": str(tmp_path / "state"), "AMPLIFY_LOG_FILE": str(path)}  # fmt: skip
    ended = run(*LOCATIONS, "--quiet", env=env)
    assert (ended.code, ended.err) == (0, "")
    found = lines(path)
    assert found[0]["message"] == "Started"
    assert (found[0]["table"], found[0]["bucket"]) == ("LOCATIONS_595", sandbox.s3["bucket"])
    assert {"planned", "progress"} <= {line["event"] for line in found}
    assert found[-1]["result"] == ended.result
    assert len({line["process"] for line in found}) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secrets = (sandbox.snowflake["password"], sandbox.s3["aws_secret_access_key"])
    assert not any(secret in path.read_text() for secret in secrets)


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    env = {"AMPLIFY_STATE_DIR": str(tmp_path)}
    ended = run("--history", "--log-file", str(tmp_path / "none" / "log"), env=env)
    assert ended.code == 0
    assert "cannot be written: No such file or directory." in ended.err
    assert ended.out == "No runs are recorded.\n"
    assert run("--log-file", "log").code == 2


def test_errors_are_logged_with_what_was_delivered(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = JsonConsole(LogFile(str(path)), quiet=False)  # type: ignore[arg-type]
    console = TextConsole(io.StringIO(), quiet=True, log=log)
    console.event(Warned("careful"))
    console.event(Delivered("s3://b/k", 1, 2))
    console.error(SourceDataError("wrong"))
    warning, note, error = lines(path)
    assert (warning["event"], note["rows"]) == ("warning", 1)
    assert (error["exit_code"], error["delivered"], error["url"]) == (4, True, "s3://b/k")


def test_secrets_are_redacted(tmp_path: Path) -> None:
    LogFile(str(tmp_path / "log")).write("https://me:hush-marker@example.com/?X-Amz-Signature=ab\n")
    text = (tmp_path / "log").read_text()
    assert "hush-marker" not in text
    assert "Signature=*" in text


def test_it_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "_LARGEST", 10)
    stream = LogFile(str(tmp_path / "log"))
    for number in range(7):
        stream.write(f"line-{number}\n")
    found = {path.name: path.read_text() for path in tmp_path.iterdir() if path.suffix != ".lock"}
    assert found == {"log": "line-6\n"} | {f"log.{n}": f"line-{6 - n}\n" for n in range(1, 5)}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_several_processes_lose_no_line(tmp_path: Path) -> None:
    code = (
        "import sys; from core.runtime.disk import private_files; from tui import log_file\n"
        "private_files._PATIENCE = 60\n"
        "log_file._LARGEST, log_file._FILES = 2_000, 100\n"
        "stream = log_file.LogFile(sys.argv[1])\n"
        "for n in range(100): stream.write(f'{sys.argv[2]}-{n:03} {chr(46) * 50}\\n')"
    )
    path = tmp_path / "log"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], env=os.environ)
        for n in range(2)
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    files = [each for each in tmp_path.iterdir() if each.suffix != ".lock"]
    found = sorted(line for each in files for line in each.read_text().splitlines())
    assert [line[:5] for line in found] == [f"{p}-{n:03}" for p in range(2) for n in range(100)]


def test_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    (tmp_path / "log").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError):  # noqa: PT011  whichever the kernel gives
        LogFile(str(tmp_path / "log"))
