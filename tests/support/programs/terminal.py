"""A program on a real terminal of its own: keys go in, and what it writes comes out."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl

from tests.support.waiting import PATIENCE


class Terminal:
    """A program on a terminal of its own.

    Attributes:
        text: all that it has written so far.
    """

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self._master = process, master
        self.text = ""

    def read_until(self, wanted: str) -> None:
        """Read on until `wanted` was written, whatever colours lie between its words."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text):
            assert time.monotonic() < deadline, f"never seen: {wanted}"
            self._read(0.1)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read_while(self, condition: Callable[[], bool]) -> None:
        """Read on as long as it holds: a program whose words are not read stands still."""
        deadline = time.monotonic() + PATIENCE
        while condition():
            assert time.monotonic() < deadline, "it never ended"
            self._read(0.01)

    def saw(self, wanted: str) -> bool:
        """Read what is there; whether `wanted` was written."""
        self._read(0)
        return wanted in self.text

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed, as a shell expects it."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def close(self) -> None:
        """Close the terminal, as by closing its window."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.02)
        while self._read(0.05):
            pass
        return self.process.wait(PATIENCE)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the other side is closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


def _own_terminal() -> None:
    """Make the terminal the program's own: closing it then sends SIGHUP."""
    ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(command: Sequence[str], env: dict[str, str]) -> Iterator[Terminal]:
    """Run `command` on a terminal of 120x40."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
        start_new_session=True,
        preexec_fn=_own_terminal,
    )
    os.close(slave)
    screen = Terminal(process, master)
    try:
        yield screen
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        screen.close()
