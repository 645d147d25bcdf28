"""The app on a terminal of its own, as a user has it: keys go in, and what is painted comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 120.0  # seconds for anything to be painted
_COMMAND = (sys.executable, "-m", "tui")
_STYLE = re.compile(rb"\x1b\[[0-9;]*m")  # changes of colour, which may be within a text


class Terminal:
    """Starts the app on a pseudo-terminal of 120 x 40.

    Args:
        arguments: of the command line.
        environment: in place of this process's own.

    Attributes:
        began: `time.perf_counter()` of the start.
        pid: of the app.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [*_COMMAND, *arguments], {**environment})
        size = struct.pack("HHHH", 40, 120, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)
        self._painted = b""
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def press(self, keys: str) -> float:
        """Forget what was painted so far, and send `keys`; the moment of it."""
        self._painted = b""
        moment = time.perf_counter()
        os.write(self._terminal, keys.encode())
        return moment

    def until(self, *texts: str) -> float:
        """Wait until one of `texts` is painted; the moment of it.

        Raises:
            TimeoutError: it is not.
        """
        wanted = [text.encode() for text in texts]
        deadline = time.perf_counter() + _PATIENCE
        while not any(text in _STYLE.sub(b"", self._painted) for text in wanted):
            if not self._read(deadline):
                shown = self._painted[-400:]
                raise TimeoutError(f"not painted: {' or '.join(texts)}; at last {shown!r}")
        return time.perf_counter()

    def saw(self, text: str) -> bool:
        """Whether `text` was painted since the last keys."""
        return text.encode() in _STYLE.sub(b"", self._painted)

    def end(self) -> float:
        """Wait until the app has ended; the moment of it."""
        while self._read(time.perf_counter() + _PATIENCE):
            pass
        os.waitpid(self.pid, 0)
        self._ended = True
        return time.perf_counter()

    @property
    def peak_mb(self) -> float:
        """The most memory that the app held so far, with its children's of this moment."""
        return sum(_peak(pid) for pid in family(self.pid)) / 1024

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select(
            [self._terminal], [], [], max(0, deadline - time.perf_counter())
        )
        if not ready:
            return False
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # Linux's end of file of a terminal
            return False
        self._painted += data
        return bool(data)


def family(pid: int) -> list[int]:
    """A process and all below it."""
    known = [pid]
    for each in known:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            known += map(int, task.read_text().split())
    return known


def _peak(pid: int) -> int:
    """The highest resident memory of a process, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
