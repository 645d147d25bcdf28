"""Call functions of the C library that only some systems have."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def call_libc(name: str, *arguments: int) -> None:
    """Call a function of the process's own C library; do nothing where it has none.

    Args:
        name: such as `malloc_trim`, which only glibc has.
        arguments: integers.

    The result of the function is ignored, and with it a refusal of the kernel.
    """
    # Windows has no library of the process itself: `CDLL(None)` raises TypeError there.
    with suppress(OSError, AttributeError, TypeError):
        getattr(ctypes.CDLL(None), name)(*arguments)
