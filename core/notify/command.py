"""Notify by a command, which gets the notification as JSON on its standard input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress

from core.notify.failure import NotSentError
from core.request.targets import split_command


def run_command(text: str, data: Mapping[str, object], end: float) -> None:
    """Run a command, without a shell, and wait until it ends; what it prints is discarded.

    Args:
        text: the command and its arguments.
        data: what it gets, as one line of JSON.
        end: the moment of `time.monotonic()` at which it is killed, with its children.

    Raises:
        NotSentError: it cannot be started, fails, or takes too long.
    """
    line = json.dumps(data, default=str).encode() + b"\n"
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own command
            split_command(text),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NotSentError(error.strerror or "it cannot be started") from error
    with process:
        try:
            process.communicate(line, timeout=max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill(process)
            raise NotSentError("it took too long and was killed") from None
    if process.returncode:
        raise NotSentError(f"exit status {process.returncode}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
