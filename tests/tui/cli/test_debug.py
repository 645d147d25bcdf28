"""AMPLIFY_DEBUG=1: what a process writes to stderr is redacted, escaped, and all there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.facade import redaction
from tui.cli import debug
from tui.cli.debug import redact_stderr


@pytest.fixture(autouse=True)
def forgets() -> Iterator[None]:
    yield
    redaction.forget()


def test_lines_are_redacted_and_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    with redact_stderr():
        redaction.learn("planted-value")
        os.write(2, b"with planted-value and \x1b[2J\nnext\n")
    err = capfd.readouterr().err
    assert "planted-value" not in err
    assert "\x1b" not in err
    assert err.endswith("\nnext\n")
    assert err.count("\n") == 2


def test_a_secret_in_two_writes_is_redacted(capfd: pytest.CaptureFixture[str]) -> None:
    with redact_stderr():
        redaction.learn("planted-value")
        os.write(2, b"with planted-")
        os.write(2, b"value\n")
    assert "planted" not in capfd.readouterr().err


def test_a_last_line_without_an_end_is_written_too(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the block ends, and not because nothing more came for a while."""
    monkeypatch.setattr(debug, "_PATIENCE", None)  # for ever
    with redact_stderr():
        os.write(2, b"last words")
    os.write(2, b", afterwards")
    assert capfd.readouterr().err == "last words, afterwards"


def test_a_line_without_end_is_written_in_pieces(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debug, "_CHUNK", 10)
    monkeypatch.setattr(debug, "_LONGEST", 15)
    pieces: list[bytes] = []
    write = debug._write

    def note(target: int, data: bytes) -> None:
        pieces.append(data)
        write(target, data)

    monkeypatch.setattr(debug, "_write", note)
    with redact_stderr():
        os.write(2, b"0123456789" * 3)
    assert capfd.readouterr().err == "0123456789" * 3
    assert list(filter(None, pieces)) == [b"0123456789" * 2, b"0123456789"]


def test_where_stderr_is_closed_nothing_is_diverted() -> None:
    code = "from tui.cli.debug import redact_stderr\nwith redact_stderr(): print('went on')"
    command = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert (done.stdout, done.returncode) == ("went on\n", 0)
