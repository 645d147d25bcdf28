"""Encrypt local files to OpenPGP keys, in bounded memory, by a process of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from core.errors import LocalResourceError
from core.output.recipients import ENCRYPTED, Recipients
from core.output.writer import local_failure
from core.runtime.cancel import Cancel, check
from core.runtime.disk.workspace import SPARE_BYTES, check_space

_CHILD: Final = Path(__file__).with_name("encrypt_child.py")
_WAIT: Final = 0.05  # seconds between two looks at the cancellation
# An encrypted file is larger by the session keys and the heads of its pieces: 0.4% and less.
_GROWTH: Final = 1.01


def encrypt_files(
    paths: Sequence[Path], recipients: Recipients, *, keep: bool, cancel: Cancel
) -> list[Path]:
    """Encrypt files; each can then be read by any of the recipients, and by nobody else.

    Args:
        paths: the files, in one directory.
        recipients: the keys.
        keep: keep the plain files too; if not, each is removed once it is encrypted.
        cancel: stops the encryption at any moment.

    Returns:
        The encrypted files, beside the plain ones: their names, and `ENCRYPTED`.

    Raises:
        LocalResourceError: the disk is full, or the process cannot be started or fails.
        CancelledError: `cancel` was set.
    """
    if not paths:
        return []
    encrypted = [path.with_name(path.name + ENCRYPTED) for path in paths]
    sizes = [path.stat().st_size for path in paths]
    check_space(paths[0].parent, int(_GROWTH * (sum(sizes) if keep else max(sizes))) + SPARE_BYTES)
    order = {
        "keys": base64.b64encode(recipients.data).decode(),
        "files": [[str(one), str(other)] for one, other in zip(paths, encrypted, strict=True)],
        "keep": keep,
    }
    if failure := _run(json.dumps(order).encode(), paths[0].parent, cancel):
        raise local_failure(RuntimeError(failure), encrypted[0]) or LocalResourceError(
            f"The file could not be encrypted: {failure}."
        )
    return encrypted


def _run(order: bytes, directory: Path, cancel: Cancel) -> str:
    """Run the process; return the first line of what it says of a failure, or an empty text."""
    # In files, not in pipes: nobody waits then for a process that neither reads nor writes them.
    with (directory / "order").open("w+b") as given, (directory / "said").open("w+b") as said:
        given.write(order)
        given.seek(0)
        process = _start(given, said)
        try:
            while process.poll() is None:
                check(cancel)
                cancel.wait(_WAIT)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        first = said.read().decode(errors="replace").strip().partition("\n")[0]
    if process.returncode == 0:
        return ""
    return first or f"the process ended with {process.returncode}"


def _start(given: IO[bytes], said: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", str(_CHILD)],
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # Ctrl-C is for the run, which ends this process
        )
    except OSError as error:
        raise LocalResourceError(
            f"The process that encrypts cannot be started: {error.strerror or 'I/O error'}."
        ) from error
