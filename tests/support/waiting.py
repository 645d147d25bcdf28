"""How long tests wait, on a machine that may be slow, or busy with other work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

# Seconds. What ends at once takes far less, and what does not end at once far more: it waits for an
# answer that never comes, or until a limit of 30 seconds and more. It is no measure of speed.
AT_ONCE: Final = 15.0
# Seconds for what happens in the end: more than anything takes. What never happens fails its test.
PATIENCE: Final = 120.0
_TURN: Final = 0.02


def wait_for(condition: Callable[[], object]) -> bool:
    """Wait until a condition holds; return whether it does in the end."""
    deadline = time.monotonic() + PATIENCE
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(_TURN)
    return bool(held)
