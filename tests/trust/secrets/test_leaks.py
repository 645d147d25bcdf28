"""Planted markers: no secret and no value of the table is found where it should not be."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core import transfer_data
from core.events import Event, Phase, Progress
from tests.support.deliveries import execute, make_table, options
from tests.support.programs.batch_runs import place
from tests.support.services import aws

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

PEM = f"-----BEGIN PRIVATE KEY-----\n{'MARKERPEM' * 7}\n-----END PRIVATE KEY-----\n"
ROW, BAD = "row-marker-7f3a", "bad-date-marker"
KINDS = ("STATE", "CONFIG", "LOG", "SPILL", "DATA")

# What runs: the real program, its own files readable by anyone if it did not see to it.
PROGRAM = """
import os, runpy
os.umask(0)
runpy.run_module("tui", run_name="__main__")
"""
CRASHING = """
import os
os.umask(0)
from core.records import history

def crash(*args, **more):
    password = os.environ["SNOWFLAKE_PASSWORD"]
    raise RuntimeError(f"cannot use {password} of row-marker-7f3a")

import core.transfer
core.transfer.run_transfer = crash
history.run_transfer = crash
import runpy
runpy.run_module("tui", run_name="__main__")
"""
EMBEDDING = """
import json, logging, sys
logging.basicConfig(level=logging.DEBUG)
from core import transfer_data
from core.errors import TransferError
for request in json.load(sys.stdin):
    try:
        print(transfer_data(**request))
    except TransferError as error:
        print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> Iterator[str]:
    name = make_table(
        sandbox,
        "D VARCHAR, K VARCHAR, N NUMBER(9,0)",
        *(f"('2024-01-{day:02}', '{ROW}', {day})" for day in range(1, 29)),
        f"('{BAD}', '{ROW}', 1)",
    )
    yield name
    execute(sandbox, f"DROP TABLE {name}")


class Traces:
    """What a run leaves where people look."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env = {f"AMPLIFY_{kind}_DIR": str(root / kind.lower()) for kind in KINDS}

    def run(
        self, code: str, *arguments: str, env: Mapping[str, str], stdin: str = ""
    ) -> tuple[int, str]:
        """Run Python code; its exit code, and all that it printed."""
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **self.env, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def kept(self) -> str:
        """All that is in files now."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return "\n".join(f"{path}: {path.read_bytes().decode('latin-1')}" for path in files)

    def open_paths(self) -> list[str]:
        """What another user could read: neither private itself nor below what is."""
        found = []
        for path in self.root.rglob("*"):
            chain = [each for each in (path, *path.parents) if self.root in each.parents]
            if all(stat.S_IMODE(each.stat().st_mode) & 0o077 for each in chain):
                found.append(f"{path} {path.stat().st_mode:o}")
        return found


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    tmp_path.chmod(0o755)
    return Traces(tmp_path)


def secrets_of(env: Mapping[str, str]) -> list[str]:
    names = ("PASSWORD", "SECRET", "TOKEN", "PRIVATE_KEY", "PASSPHRASE")
    found = [v for k, v in env.items() if any(each in k for each in names) and "FILE" not in k]
    assert found
    return [*found, "MARKERPEM"]


def assert_hidden(text: str, secrets: list[str]) -> None:
    # Not shown by pytest, should it fail.
    shown = [number for number, secret in enumerate(secrets) if secret in text]
    assert not shown, f"secrets {shown} are to be seen"


def test_a_delivery(sandbox: Sandbox, table: str, traces: Traces) -> None:
    env = {**place(sandbox), "AMPLIFY_DEBUG": "1", "AMPLIFY_ON_BAD_DATE": "null"}
    secrets = secrets_of(env)
    env |= aws.environment(sandbox)
    env["SNOWFLAKE_PASSWORD_ARN"] = aws.secret(sandbox, env.pop("SNOWFLAKE_PASSWORD"))
    report = traces.root / "report.json"
    more = ("--date-format", "%Y-%m-%d", "--verify", "--report", str(report))
    code, told = traces.run(
        PROGRAM, "--batch", "--table", table, *more, "--log-format", "json", env=env
    )
    assert code == 0, told
    assert '"outcome": "delivered"' in traces.kept()
    assert report.exists()
    assert_hidden(told + traces.kept(), secrets)
    assert ROW not in told + traces.kept()
    assert BAD in told  # the warning shows what it is about
    assert BAD not in traces.kept()
    assert traces.open_paths() == []


def test_dates_that_do_not_parse_are_told_and_not_kept(
    sandbox: Sandbox, table: str, traces: Traces
) -> None:
    env = place(sandbox)
    code, told = traces.run(
        PROGRAM, "--batch", "--table", table, "--date-format", "%Y-%m-%d", env=env
    )
    assert code == 4
    assert BAD in told
    assert "1 dates of D cannot be parsed" in traces.kept()
    assert BAD not in traces.kept()
    assert ROW not in told + traces.kept()


REFUSED = {
    "password": ({"SNOWFLAKE_PASSWORD": "marker-password"}, 3),
    "key": (
        {
            "SNOWFLAKE_AUTHENTICATOR": "SNOWFLAKE_JWT",
            "SNOWFLAKE_PRIVATE_KEY": PEM,
            "PRIVATE_KEY_PASSPHRASE": "marker-passphrase",
        },
        3,
    ),
    "session token": ({"AWS_SESSION_TOKEN": "marker-session-token"}, 6),
    "secret key": ({"AWS_SECRET_ACCESS_KEY": "marker-secret-key"}, 6),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal(sandbox: Sandbox, traces: Traces, what: str) -> None:
    more, expected = REFUSED[what]
    # Debugging shows the chain of causes, the libraries' own texts among them.
    env = {**place(sandbox), **more, "AMPLIFY_DEBUG": "1"}
    code, told = traces.run(PROGRAM, "--batch", "--table", "LOCATIONS_595", env=env)
    assert code == expected, told
    assert "Traceback" in told
    assert_hidden(told + traces.kept(), secrets_of(env))
    assert traces.open_paths() == []


def test_a_crash(sandbox: Sandbox, traces: Traces) -> None:
    env = place(sandbox)
    code, told = traces.run(CRASHING, "--batch", "--table", "LOCATIONS_595", env=env)
    assert code == 1
    assert "Unexpected RuntimeError" in told
    assert "builtins.RuntimeError" in traces.kept()  # in the log file
    assert_hidden(told + traces.kept(), secrets_of(env))
    assert ROW not in told + traces.kept()
    assert traces.open_paths() == []


def test_a_program_that_logs_everything(sandbox: Sandbox, table: str, traces: Traces) -> None:
    given = {
        "source_table": table,
        "destination_s3_bucket": sandbox.s3["bucket"],
        **options(sandbox, on_bad_date="null", date_format="%Y-%m-%d"),
    }
    s3 = {**given["s3_options"], "aws_session_token": "marker-session-token"}
    kept = aws.json_secret(sandbox, password=sandbox.snowflake["password"], other="marker-other")
    told_where = {**sandbox.snowflake, "password": None, "password_arn": f"{kept}#password"}
    requests = [
        {**given, "file_name": uuid.uuid4().hex, "engine": "pushdown", "connection": told_where},
        {**given, "connection": {**told_where, "password_arn": f"{kept}#marker-pass"}},
        {**given, "connection": {**told_where, "password_arn": "marker-other"}},
        {**given, "file_name": uuid.uuid4().hex, "engine": "unload", "unload_credentials": True}
        | {"format": "csv"},
        {**given, "s3_options": s3},
    ]
    env = aws.environment(sandbox)
    code, told = traces.run(EMBEDDING, env=env, stdin=json.dumps(requests))
    assert code == 0, told
    assert told.count("file_name") == 2
    assert "DestinationError" in told
    assert told.count("UsageError") == 2
    secrets = [sandbox.snowflake["password"], s3["aws_secret_access_key"], "marker-session-token"]
    secrets.append("marker-other")
    assert_hidden(told + traces.kept(), [*secrets, "X-Amz-Signature=", ROW, BAD])


def test_what_is_on_disk_meanwhile(
    sandbox: Sandbox, table: str, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file about to be sent holds rows, of course: in a directory of its owner only."""
    for name, value in traces.env.items():
        monkeypatch.setenv(name, value)
    seen: list[tuple[str, list[str]]] = []

    def look(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.UPLOAD and not seen:
            seen.append((traces.kept(), traces.open_paths()))

    before = os.umask(0)
    try:
        given = options(sandbox, on_bad_date="null", date_format="%Y-%m-%d", format="csv")
        transfer_data(table, sandbox.s3["bucket"], **given, on_progress=look)
    finally:
        os.umask(before)
    kept, reachable = seen[0]
    assert ROW in kept
    assert reachable == []
    assert_hidden(kept, [sandbox.snowflake["password"], sandbox.s3["aws_secret_access_key"]])
    assert ROW not in traces.kept()


def test_what_ps_shows_of_the_demo() -> None:
    """Its servers get their password by a pipe, and none of our keys."""
    from core.sandbox.launcher import Sandbox

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "marker-secret-key")
        patch.setenv("SNOWFLAKE_PASSWORD", "marker-password")
        with Sandbox() as box:
            secrets = ["marker-secret-key", "marker-password", str(box.snowflake["password"])]
            processes = [child.pid for child in box._children]
            assert len(processes) == 2
            for process in processes:
                shown = (Path(f"/proc/{process}") / name for name in ("cmdline", "environ"))
                assert_hidden("".join(path.read_text() for path in shown), secrets)
