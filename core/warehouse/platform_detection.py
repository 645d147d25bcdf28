"""Disable the connector's detection of the cloud that it runs in.

The connector's core (5.2) detects it for telemetry when a connection is opened: it queries metadata
services and, with any AWS credentials that it finds, STS. A session of this program contacts only
the hosts that its connection names. No connection parameter disables the detection, only an
environment variable; the core reads it with the first connection of a process and keeps the value.

So the variable is set while the first session is opened, and then removed. Connections that other
code of the process opens later do not detect their cloud either.
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
    def hold(self) -> Iterator[None]:
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
    """Return a context in which to open a connection; several threads may do so at once.

    A value that the variable already has in the environment is kept.
    """
    with _switch.hold():
        yield
