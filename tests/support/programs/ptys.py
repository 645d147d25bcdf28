"""Programs on a real terminal: what they write to it, byte by byte."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from tests.support.programs.batch_runs import SECONDS, program

# What a terminal must not be sent by a name: each writes the clipboard, sets the title, clears the
# screen, begins a line of its own, writes over one, reverses it or is not seen.
PAYLOADS = {
    "clipboard": "\x1b]52;c;Zm9yZ2Vk\x07",
    "title": "\x1b]0;forged\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "clear by C1": "\x9b2J\x9bH",
    "clipboard by C1": "\x9d52;c;Zm9yZ2Vk\x9c",
    "line": "\nError (forged): by a line feed",
    "over": "\rError (forged): by a return",
    "page": "\x0b\x0cError (forged): by a page",
    "next line": "\x85Error (forged): by NEL",
    "separators": "\u2028Error (forged): LS\u2029Error (forged): PS",
    "erasing": "\x08\x08\x08\x7f\x7f",
    "charset": "\x0e\x0f",
    "reversed": "\u202egnp\u202c\u2066a\u2069\u200e\u200f\u061c",
    "unseen": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u3164h\U000e0041",
    "private": "\ue000\U0010fffd",
}
# The sequences of our own: a line's end as a terminal driver writes it, and the bar of progress.
OWN = re.compile(r"\r\n|\r\x1b\[K|\r(?=\[[#.]{12}\] |[A-Z])|\x1b\[K")


def on_terminal(
    *arguments: str, env: Mapping[str, str], look: Callable[[bytes], object] = lambda _: None
) -> tuple[int, bytes]:
    """Run `amplify-transfer` with a terminal for all streams: exit code, and what it wrote.

    Args:
        look: is shown what it has written so far, after each piece.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        program(*arguments),
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LC_ALL": "C.UTF-8", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        written = b""
        while part := _read(ours):
            written += part
            look(written)
        os.close(ours)
        return process.wait(SECONDS), written


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""


def lines_of(written: bytes) -> list[str]:
    """The lines that a terminal was sent, once it is sure that they are nothing but that."""
    text = OWN.sub("\n", written.decode())
    unseen = {each for each in text if each != "\n" and _obeyed(each)}
    assert not unseen, f"{sorted(map(ascii, unseen))} in {text!r}"
    lines = text.split("\n")
    assert not [line for line in lines if line.startswith(("Error (forged", "Warning: forged"))]
    return lines


def _obeyed(character: str) -> bool:
    """By the names of Unicode, not by the table of the program."""
    return (
        unicodedata.category(character)[0] == "C"
        or unicodedata.category(character) in ("Zl", "Zp")
        or "FILLER" in unicodedata.name(character, "")
    )


def shown(lines: Sequence[str], text: str) -> bool:
    return any(text in line for line in lines)
