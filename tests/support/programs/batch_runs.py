"""Runs of the real program, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

LOCATIONS = ("--batch", "--table", "LOCATIONS_595", "--date-column", "DOB")
SECONDS = 180  # more than any run takes; a hanging one fails its test


@dataclass(frozen=True)
class Ended:
    """A run that has ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The result: the one line on stdout."""
        (line,) = self.out.splitlines()
        return dict(json.loads(line))

    @property
    def events(self) -> list[dict[str, Any]]:
        """What `--log-format json` wrote on stderr."""
        return [json.loads(line) for line in self.err.splitlines()]


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tui", *arguments]


def run(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run `amplify-transfer` to its end, without a terminal."""
    done = subprocess.run(
        program(*arguments),
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def place(sandbox: Sandbox, bucket: str | None = None) -> dict[str, str]:
    """The environment in which a run meets the sandbox: the variables of Snowflake and AWS."""
    snowflake = {f"SNOWFLAKE_{key.upper()}": str(v) for key, v in sandbox.snowflake.items()}
    return {
        **snowflake,
        "AWS_ACCESS_KEY_ID": sandbox.s3["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": sandbox.s3["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": sandbox.s3["region_name"],
        "AMPLIFY_ENDPOINT_URL": sandbox.s3["endpoint_url"],
        "AMPLIFY_BUCKET": bucket or sandbox.s3["bucket"],
    }


def stop_when_told(
    *arguments: str,
    env: Mapping[str, str],
    steps: Sequence[tuple[str, signal.Signals]],
    launcher: Sequence[str] = (),
) -> tuple[Ended, float]:
    """Run with JSON lines on stderr; when one contains a step's text, send the step's signal.

    Returns:
        How it ended, and the seconds it took to after the last signal.
    """
    with subprocess.Popen(
        [*launcher, *program(*arguments, "--log-format", "json")],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        try:
            for text, number in steps:
                for line in process.stderr:
                    lines.append(line)
                    if text in line:
                        break
                else:
                    raise AssertionError(f"the run ended before {text}: {lines}")
                process.send_signal(number)
            started = time.monotonic()
            out, err = process.communicate(timeout=SECONDS)
            return Ended(process.returncode, out, "".join(lines) + err), time.monotonic() - started
        finally:
            process.kill()  # unless it has ended: the end of the `with` waits for it


def left_behind(env: dict[str, str]) -> list[Path]:
    """The files that a run has left on disk."""
    return [path for path in Path(env["AMPLIFY_SPILL_DIR"]).rglob("*") if path.is_file()]


def nothing_delivered(bucket: Any) -> bool:
    """Whether a bucket of boto3 has neither objects nor unfinished uploads."""
    return not [*bucket.objects.all(), *bucket.multipart_uploads.all()]
