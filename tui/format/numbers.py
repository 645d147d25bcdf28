"""Formats sizes and durations, and measures memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def size(count: float) -> str:
    """Return a number of bytes in decimal units, such as `3.1 MB`."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:,.1f} {unit}"


def clock(seconds: float) -> str:
    """Return a duration in seconds as `0:07`, `12:30` or `1:02:03`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def span(seconds: float) -> str:
    """Return a duration in seconds as `0.4 s`; from a minute on as `clock` does."""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def memory() -> int:
    """Return the resident memory of this process in bytes.

    Where only its peak is known, as on macOS, return that; 0 where neither is, as on Windows.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes on macOS: getrusage(2)
