"""Keep the connector from looking for the cloud that it runs in.

Its core (5.2) does so for its telemetry when a connection is opened: it asks metadata services and,
with whatever AWS credentials it finds, STS. A session of ours asks nobody but the hosts that its
connection names. No parameter of a connection turns the detection off, only an environment
variable; the core reads it with the first connection of a process, and keeps what it found.

So the variable is set while the first session is opened, and removed again. Other connections that
the process opens, without this project, then do not look for their cloud either.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

VARIABLE: Final = "SNOWFLAKE_DISABLE_PLATFORM_DETECTION"


class _Switch:
    """Sets the variable while any of several threads opens a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._was_set_here = False
        self._is_settled = False  # the core has read the variable

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._lock:
            is_counted = not self._is_settled
            self._users += is_counted
            if is_counted and VARIABLE not in os.environ:
                os.environ[VARIABLE] = "true"
                self._was_set_here = True
        opened = False
        try:
            yield
            opened = True
        finally:
            with self._lock:
                self._is_settled = self._is_settled or opened
                self._users -= is_counted
                if self._was_set_here and not self._users:
                    os.environ.pop(VARIABLE, None)
                    self._was_set_here = False


_switch = _Switch()


@contextmanager
def without_platform_detection() -> Iterator[None]:
    """Open a connection inside this context; from several threads at once if need be.

    A value that the environment gives the variable already stays.
    """
    with _switch.held():
        yield
