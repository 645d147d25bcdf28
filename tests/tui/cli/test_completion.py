"""Completion, in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.shell_completion import BashComplete, FishComplete

from core.records.history import HistoryEntry, record
from core.request.request import Request
from tests.support.programs.batch_runs import SECONDS, run
from tui.cli.main import command

CONNECTIONS = """
[prod]
account = 'a'
role = 'TRANSFER'
warehouse = 'WH_PROD'
[prod-eu]
account = 'a'
role = 'TRANSFER_EU'
[stage]
account = 'a'
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Connections, destinations and a history of our own."""
    for name in ("STATE", "CONFIG"):
        monkeypatch.setenv(f"AMPLIFY_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    (tmp_path / "connections.toml").write_text(CONNECTIONS)
    (tmp_path / "config").mkdir(mode=0o700)
    for path, text in (("amplify.toml", "[destinations.partner]\nbucket = 'partner-inbox'\n"),):
        (tmp_path / "config" / path).write_text(text)
        (tmp_path / "config" / path).chmod(0o600)
    (tmp_path / "connections.toml").chmod(0o600)
    (tmp_path / "aws").write_text("[profile partner]\n[profile own]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    now = datetime.now(UTC)
    for table in ("SALES.PUBLIC.ORDERS", "SALES.PUBLIC.$(id)", "HR.PUBLIC.PEOPLE"):
        about = {
            "outcome": "delivered",
            "destination": "s3://plain-inbox/",
            "request": Request.of(
                table=table, bucket="bbb", warehouse="WH_USED", region="rr-own-1"
            ),
            "columns": [{"name": name, "role": "key"} for name in ("REGION", "REF", "A B")],
        }
        record(HistoryEntry(now, 1.0, "batch", False, table, "s3://plain-inbox/x", **about))
    return tmp_path


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH with the program on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "amplify-transfer"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tui "$@"\n')
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def complete(line: str) -> list[str]:
    """What is offered for the last word of a line, as bash gets it."""
    words = line.split(" ")
    completing = BashComplete(command, {}, "amplify-transfer", "_X")
    return [each.value for each in completing.get_completions(words[:-1], words[-1])]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("--if-e", ["--if-exists"]),
        ("--if-exists f", ["fail"]),
        ("--connection pro", ["prod", "prod-eu"]),
        ("--table sales", ["SALES.PUBLIC.ORDERS"]),
        ("--batch --table ", ["HR.PUBLIC.PEOPLE", "SALES.PUBLIC.ORDERS"]),
        ("--bucket p", ["partner", "plain-inbox"]),
        ("--log-format j", ["json"]),
        ("--connection prod --role ", ["TRANSFER"]),
        ("--role ", ["TRANSFER", "TRANSFER_EU"]),
        ("--warehouse wh", ["WH_PROD", "WH_USED"]),
        ("--aws-profile ", ["own", "partner"]),
        ("--region eu-central", ["eu-central-1", "eu-central-2"]),
        ("--region rr", ["rr-own-1"]),
        ("--timezone europe/zur", ["Europe/Zurich"]),
        ("--date-format ep", ["epoch_ms", "epoch_ns", "epoch_s", "epoch_us"]),
        ("--date-column R", ["REF", "REGION"]),
        ("--table ORDERS --key-columns REF,r", ["REF,REGION"]),
        ("--table OTHER --key-columns R", []),
        ("--storage-class INT", ["INTELLIGENT_TIERING"]),
        ("--storage-class R", []),  # REDUCED_REDUNDANCY is refused
        ("--file-name ", []),
    ],
)
def test_what_is_offered(line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_months_until_this_one() -> None:
    offered, now = complete("--since 2"), datetime.now(UTC)
    assert len(offered) == 25
    assert f"{now.year - 1}-12" in offered
    assert f"{now.year + 1}-01" not in offered


def test_transfers_of_a_job_file(home: Path) -> None:
    job = home / "monthly.toml"
    job.write_text("".join(f"[[transfers]]\nname = '{n}'\n" for n in ("orders", "$(id)", "old")))
    assert complete(f"--job {job} --only o") == ["old", "orders"]
    assert complete(f"--job {job} --only orders,o") == ["orders,old"]
    assert complete("--only o") == complete(f"--job {home} --only o") == []


def test_files_that_cannot_be_read_offer_nothing(home: Path) -> None:
    (home / "connections.toml").write_text("= = =")
    assert complete("--connection ") == []


def test_in_bash(programs: str) -> None:
    script = (
        "source <(amplify-transfer --completion bash)\n"
        "COMP_WORDS=(amplify-transfer --batch --connection pro); COMP_CWORD=3\n"
        '_amplify_transfer_completion amplify-transfer; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env={**os.environ, "PATH": programs},
        capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("prod prod-eu\n", "")


def test_what_fish_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "amplify-transfer --connection prod --role ")
    monkeypatch.setenv("COMP_CWORD", "")
    completing = FishComplete(command, {}, "amplify-transfer", "_X")
    assert completing.complete().split() == ["plain,TRANSFER"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_in_zsh(programs: str, tmp_path: Path) -> None:
    """A real terminal: zsh completes only on one."""
    (tmp_path / ".zshrc").write_text(
        "PS1='ready> '; autoload -U compinit; compinit -u -D\n"
        "source <(amplify-transfer --completion zsh)\n"
    )
    env = {**os.environ, "PATH": programs, "ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    number, terminal = pty.fork()
    if number == 0:
        os.execvpe("zsh", ["zsh", "-i"], env)
    try:
        read_until(terminal, "ready> ")
        os.write(terminal, b"amplify-transfer --conn\t")
        read_until(terminal, "--connection ")
    finally:
        os.kill(number, 9)
        os.waitpid(number, 0)
        os.close(terminal)


def read_until(terminal: int, text: str) -> None:
    """Read what a terminal shows until it has shown `text`."""
    shown, deadline = "", time.monotonic() + SECONDS
    while text not in shown:
        left = deadline - time.monotonic()
        assert left > 0, shown
        if select.select([terminal], [], [], left)[0]:
            shown += os.read(terminal, 4096).decode("utf-8", "replace")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts(shell: str) -> None:
    ended = run("--completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert "_AMPLIFY_TRANSFER_COMPLETE" in ended.out
