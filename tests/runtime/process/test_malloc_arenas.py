"""The threads of a program share two arenas of the allocator."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.programs.batch_runs import SECONDS

SCRIPT = """
import ctypes, sys, threading
libc = ctypes.CDLL(None)
if sys.argv[1] == "limit":
    from core.runtime.process.malloc_arenas import limit_malloc_arenas
    limit_malloc_arenas()
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(9)
def allocate():
    libc.malloc(1000)
    together.wait()
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait()
libc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
together.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="arenas are glibc's")
@pytest.mark.parametrize(
    ("how", "own", "least", "most"),
    [("limit", {}, 1, 2), ("none", {}, 3, 100), ("limit", {"MALLOC_ARENA_MAX": "5"}, 3, 5)],
    ids=["limited", "the default", "the user's own limit"],
)
def test_threads_share_arenas(how: str, own: dict[str, str], least: int, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert least <= done.stdout.count("<heap nr=") <= most
