"""Other users of this machine: real ones, by their ids, to which only root can change.

`acting_as` changes this process for a moment, so that the kernel checks each call as that user's.
`command` starts Python as a user for as long as it takes.
"""

from __future__ import annotations

import grp  # noqa: F401  imported by what is tested, when `acting_as` cannot import
import os
import pwd  # noqa: F401
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.mounts import can_mount

USER: Final = 65533  # that nobody has; the user database does not know it
OTHER: Final = 65534  # nobody
ROOT: Final = Path(__file__).parents[4]


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    """Be `user`, in the group of the same number only; files are checked by it, as for a process.

    Imports may fail meanwhile: the interpreter may lie where only root can look.
    """
    before, groups = os.geteuid(), os.getgroups()
    _become(user, [])
    try:
        yield
    finally:
        _become(before, groups)


def _become(user: int, groups: list[int]) -> None:
    os.setresuid(0, 0, 0)  # the saved id lets us
    os.setgroups(groups)
    os.setresgid(user, user, 0)
    os.setresuid(user, user, 0)


def command(user: int, ground: Path, *arguments: str) -> list[str]:
    """The command that runs Python with `arguments` as `user`.

    What of Python lies where only root can look is mounted below `ground`, for that process only.
    """
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    mounts = _mounts(ground)
    start = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    start += [str(_seen(python, mounts)), "-P", *arguments]
    if not mounts:
        return start
    if not can_mount():
        pytest.skip("the kernel lets us mount nothing here")
    script = "".join(f"mount --bind '{there}' '{here}' && " for there, here in mounts.items())
    return ["unshare", "-m", "sh", "-c", f'{script} exec "$@"', "sh", *start]


def environment(ground: Path, **more: str) -> Mapping[str, str]:
    """The environment for `command`: the libraries of this one, and `more`."""
    mounts = _mounts(ground)
    libraries = Path(sysconfig.get_path("purelib"))
    found = os.pathsep.join(str(_seen(path, mounts)) for path in (ROOT, libraries))
    if mounts:  # libpython too may lie there
        more["LD_LIBRARY_PATH"] = str(_seen(Path(sys.base_prefix, "lib"), mounts))
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1", **more}


def _mounts(ground: Path) -> dict[Path, Path]:
    """What other users cannot reach, and where it is to be mounted."""
    needed = (ROOT, Path(sysconfig.get_path("purelib")), Path(sys.base_prefix))
    mounts = {}
    for number, path in enumerate(needed):
        if not all(each.stat().st_mode & 0o005 == 0o005 for each in (path, *path.parents)):
            mounts[path] = ground / f"mount-{number}"
            mounts[path].mkdir(exist_ok=True)
    return mounts


def _seen(path: Path, mounts: Mapping[Path, Path]) -> Path:
    for there, here in mounts.items():
        if path.is_relative_to(there):
            return here / path.relative_to(there)
    return path
