"""Exclude a process's memory, which contains secrets, from core dumps and from other processes.

The setting affects the whole process, so only programs use it, such as a front end or a server of
the sandbox; the library does not.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

from core.runtime.process.libc import call_libc

_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h


def forbid_core_dumps() -> None:
    """Prevent core dumps of this process, and reading by other processes of the same user.

    - RLIMIT_CORE is 0: the kernel writes no file. Children inherit that.
    - On Linux the process is not dumpable (`PR_SET_DUMPABLE`, prctl(2)): where core_pattern is a
      pipe, as to systemd-coredump or apport, the kernel ignores the limit (core(5)), but gives it
      nothing either. Nor may other processes of the user read `/proc/PID/mem` and `environ`, or
      trace this one, as py-spy and gdb do; root still may. The setting ends with `exec`.

    Refusals of the kernel are ignored, as are systems without these settings.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource  # Windows has no such limits, and no core dumps

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        call_libc("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
