"""The threads of a program share two arenas of the allocator."""

from __future__ import annotations

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
@pytest.mark.parametrize(("how", "most"), [("limit", 2), ("none", 100)])
def test_threads_share_two_arenas(how: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    arenas = done.stdout.count("<heap nr=")
    assert 0 < arenas <= most
    assert how == "limit" or arenas > 2, "the default would pass too"
