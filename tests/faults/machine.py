"""The real program on a machine that lacks something, or that stops it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.cases import FILE, SMALL, Ground, Row, Table
from tests.support.programs.batch_runs import SECONDS, Ended, place

LAYER = "the machine"


def environment(ground: Ground) -> dict[str, str]:
    """The environment in which a program meets the ground."""
    return {
        **os.environ,
        **place(ground.sandbox, ground.inbox.name),
        "SNOWFLAKE_PORT": str(ground.through()["port"]),
        "AMPLIFY_ENDPOINT_URL": ground.s3.url,
        "AMPLIFY_STATE_DIR": str(ground.state),
        "AMPLIFY_LOG_DIR": str(ground.state / "log"),
    }


def batch(ground: Ground, table: Table = SMALL, *more: str) -> list[str]:
    """The command of a transfer of `table`, as `Ground.transfer` does it."""
    return [
        *(sys.executable, "-m", "tui", "--batch", "--log-format", "json"),
        *("--table", ground.names(table), "--bucket", f"s3://{ground.inbox.name}/in/"),
        *("--format", "csv", "--file-name", FILE, *more),
    ]


def run(command: Sequence[str], env: Mapping[str, str]) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Disk:
    """A file system in memory, for one command only.

    Attributes:
        path: where it is mounted.
        options: how, such as `size=8m`.
        prepare: a shell command that is run in it first.
    """

    path: Path
    options: str
    prepare: str = ":"

    def around(self, command: Sequence[str], left: Path) -> list[str]:
        """`command` with this disk; the files that it leaves there are listed in `left`."""
        self.path.mkdir(parents=True, exist_ok=True)
        script = (
            'mount -t tmpfs -o "$0" tmpfs "$1" && (cd "$1" && eval "$2") || exit 99; '
            'disk=$1; left=$3; shift 3; "$@"; code=$?; '
            'find "$disk" -type f ! -name lock ! -name "*.lock" ! -name "history*" ! -name fill'
            ' > "$left"; exit $code'
        )
        paths = (str(self.path), self.prepare, str(left))
        return ["unshare", "-m", "sh", "-c", script, self.options, *paths, *command]


def last_error(ended: Ended) -> dict[str, Any]:
    """What the program said last, which must be an error with a hint, in no other words."""
    told = [json.loads(line) for line in ended.err.splitlines()]
    assert told[-1]["event"] == "error", ended.err
    return dict(told[-1])


def row(case: str, ended: Ended, ground: Ground, left: str = "nothing") -> Row:
    """The case's line of the table."""
    if ended.code == 0:
        return Row(LAYER, case, "delivered", 0, "", "the object")
    error = last_error(ended)
    words = error["message"].replace(ground.inbox.name, "BUCKET")
    words = re.sub(r"(/[\w.-]+)+/(runs|spill|report)\b[\w./-]*", "DIRECTORY", words)
    return Row(LAYER, case, error["error"], ended.code, words, left)
