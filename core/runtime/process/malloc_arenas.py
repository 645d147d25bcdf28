"""Limit how many arenas the C library's allocator spreads a process's memory over."""

from __future__ import annotations

import os
import sys
from typing import Final

from core.runtime.process.libc import call_libc

_M_ARENA_MAX: Final = -8  # malloc.h of glibc
_ARENAS: Final = 2


def limit_malloc_arenas() -> None:
    """Have the threads of this process share two arenas (`M_ARENA_MAX`, mallopt(3)).

    glibc gives threads arenas of their own, eight a core, and memory freed in one is not used by
    the threads of another: 27 million rows take 450 MB with its default, and 330 with two arenas.
    This affects the whole process, as the memory limit of a run does. A limit that the user has
    set in MALLOC_ARENA_MAX is kept. Arenas that exist already remain, so a program calls it before
    its threads start. Other C libraries, which have no such setting, are left as they are.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        call_libc("mallopt", _M_ARENA_MAX, _ARENAS)
