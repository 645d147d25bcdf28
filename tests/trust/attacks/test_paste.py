"""What the app copies is pasted into real shells, and never does more than it says.

A shell with a line editor reads the pasted text from a pseudo terminal, as typed or in brackets. A
program named `amplify-transfer` notes its arguments; whatever else runs leaves a marker.
"""

from __future__ import annotations

import ast
import os
import pty
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.request.reproduce import as_command, as_python, find_hidden_values
from core.request.request import Request
from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.ptys import PAYLOADS
from tests.support.sources import request

RUN = "touch marker"
NAMES = (
    f"a\n{RUN}\n",
    f"a\r{RUN}\r",
    f"a'\n{RUN}\n'",
    f"';{RUN};'",
    f'";{RUN};"',
    f"$({RUN})`{RUN}`",
    f"\\';{RUN};\\'",
    f"it's !! !{RUN}! !touch !?marker?",
    "'!touch'",
    "\t\t\x0f\x18\x05",  # complete, accept the line, edit it in $EDITOR
    f"\x03{RUN}\n",
    f"\x1b[201~\n{RUN}\n",  # the end of a bracketed paste
    f"\x04\x15{RUN}\n",
    f"\x1b#{RUN}\n",
    f"ã{RUN}",  # with convert-meta, its second byte is M-#: insert-comment, which accepts the line
    f"\u202e{RUN}\u2066\u200b",
    "-x",
    "--help",
    "=touch",
    "~",
    "*",
    "{a,b}",
    "#x",
    "é日本😀",
    "a\\nb \\x41 \\101",
    "\x1b0 then 7",
    *PAYLOADS.values(),
)
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
START = {
    "bash": "set -H; bind 'set enable-bracketed-paste {on}'",
    "zsh": "setopt BANG_HIST EQUALS; [ {on} = on ] || unset zle_bracketed_paste",
}
NOTE = """#!/bin/sh
printf '%s\\0' "$@" > {directory}/$$.new
mv {directory}/$$.new {directory}/$$.argv
"""


class Shell:
    """An interactive shell on a terminal of its own, in a directory of its own."""

    def __init__(self, kind: str, directory: Path, locale: str, *, brackets: bool) -> None:
        self.directory, self.brackets = directory, brackets
        program = directory / "bin" / "amplify-transfer"
        program.parent.mkdir()
        program.write_text(NOTE.format(directory=directory))
        program.chmod(0o755)
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen(
            SHELLS[kind],
            cwd=directory,
            env={
                "PATH": f"{program.parent}:{os.environ['PATH']}",
                "HOME": str(directory),
                "TERM": "xterm",
                "LC_ALL": locale,
                "EDITOR": "touch marker; true",
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._send(START[kind].format(on="on" if brackets else "off") + "\r")
        self._send("touch() { command touch marker; }\r")  # so that `!touch` finds it
        self._wait("")  # an interrupt would also discard what the shell has not read yet

    def _send(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        while data:
            data = data[os.write(self._terminal, data[:256]) :]
            self._drain()

    def _drain(self) -> None:
        """Take what the shell shows, so that it is never held up."""
        os.set_blocking(self._terminal, False)
        try:
            while os.read(self._terminal, 1 << 16):
                pass
        except (BlockingIOError, OSError):
            pass
        finally:
            os.set_blocking(self._terminal, True)

    def settle(self) -> None:
        """Wait until the shell has run what it was given: the last of it leaves a file."""
        # Whatever is half typed is cleared first, with the line it stands on.
        self._wait("\x03\r")

    def _wait(self, first: str) -> None:
        done = self.directory / f"done-{os.urandom(4).hex()}"
        self._send(f"{first}: > {done.name}\r")
        until = time.monotonic() + SECONDS
        while not done.exists():
            assert time.monotonic() < until, "the shell does not come back"
            self._drain()
            time.sleep(0.01)

    def paste(self, text: str) -> list[list[bytes]]:
        """Paste `text`, press enter: the arguments of each `amplify-transfer` that it ran."""
        self._send(f"\x1b[200~{text}\x1b[201~\r" if self.brackets else f"{text}\r")
        until = time.monotonic() + SECONDS
        while not (self.harmed or [*self.directory.glob("*.argv")]) and time.monotonic() < until:
            self._drain()
            time.sleep(0.01)
        self.settle()
        ran = []
        for path in self.directory.glob("*.argv"):
            ran.append(path.read_bytes().split(b"\0")[:-1])
            path.unlink()
        return ran

    @property
    def harmed(self) -> bool:
        return (self.directory / "marker").exists()

    def close(self) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        os.close(self._terminal)


@contextmanager
def shell(kind: str, directory: Path, locale: str, *, brackets: bool) -> Iterator[Shell]:
    opened = Shell(kind, directory, locale, brackets=brackets)
    try:
        yield opened
    finally:
        opened.close()


def intended(asked: Request) -> list[bytes]:
    """The arguments, by the values of the request and not by the text of the command."""
    words = ["--batch"]
    options = {"--table": asked.table, "--bucket": asked.bucket, "--file-name": asked.file_name}
    for option, value in options.items():
        if value is not None:
            words += [f"{option}={value}"] if value.startswith("-") else [option, value]
    return [word.encode() for word in words]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("brackets", [True, False], ids=["in brackets", "as typed"])
@pytest.mark.parametrize(
    "kind",
    [
        "bash",
        pytest.param(
            "zsh", marks=pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
        ),
    ],
)
def test_a_command_is_one_command(kind: str, brackets: bool, locale: str, tmp_path: Path) -> None:
    with shell(kind, tmp_path, locale, brackets=brackets) as opened:
        for name in NAMES:
            asked = request(table=name, bucket="s3://b/x", file_name=f"{name}.csv")
            assert opened.paste(as_command(asked)) == [intended(asked)], ascii(name)
            assert not opened.harmed, ascii(name)


def test_the_shell_of_the_test_can_be_harmed(tmp_path: Path) -> None:
    """Else nothing above would show anything."""
    with shell("bash", tmp_path, "C.UTF-8", brackets=False) as opened:
        opened.paste(f"amplify-transfer --table 'a\x15{RUN}\r'")
        assert opened.harmed


@pytest.mark.parametrize("name", [*NAMES, "\\'", "'", '"', "'\"", "\\"], ids=ascii)
def test_both_recipes_are_printable_ascii(name: str) -> None:
    asked = request(table=name, drop_columns=(name,), file_name=name)
    command, code = as_command(asked), as_python(asked)
    assert command.isascii()
    assert command.isprintable()
    assert all(line.isascii() and line.isprintable() for line in code.split("\n"))
    (call,) = (
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "transfer_data"
    )
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert ast.literal_eval(call.args[0]) == name
    assert given["drop_columns"] == [name]
    assert given["file_name"] == name


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"], ids=ascii)
def test_what_no_argument_can_hold_is_not_cut_off(name: str) -> None:
    asked = request().replace(table=name)
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {as_command(asked)}"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout.split("\0")
    assert "a\ufffdb" in words


def test_the_values_to_warn_of() -> None:
    asked = request(table="T\u200b", drop_columns=("A", "B\n"), file_name="é.csv")
    assert find_hidden_values(asked) == ("T\u200b", "B\n")
    assert find_hidden_values(request()) == ()
