r"""Paths with drives and of shares, as Windows has them; simulated, as no test runs there."""

from __future__ import annotations

import ntpath
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.configuration.tables import parse_text
from core.connections import secret_refs
from core.connections.local_paths import expand_path
from core.connections.private_key import prepare_key
from core.connections.secret_refs import choose_secrets
from core.errors import UsageError
from core.request.targets import split_command


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (r"C:\keys\rsa.p8", r"C:\keys\rsa.p8"),
        ("C:/keys/rsa.p8", "C:/keys/rsa.p8"),
        (r"\\server\share\rsa.p8", r"\\server\share\rsa.p8"),
        ("file:///C:/keys/rsa.p8", r"C:\keys\rsa.p8"),
        ("FILE:/c:/my%20keys/rsa.p8", r"c:\my keys\rsa.p8"),
        (r"file://C:\keys\rsa.p8", r"C:\keys\rsa.p8"),
        ("file://localhost/C:/keys/rsa.p8", r"C:\keys\rsa.p8"),
        ("file://server/share/rsa.p8", r"\\server\share\rsa.p8"),
        ("file:////server/share/rsa.p8", r"\\server\share\rsa.p8"),
    ],
)
def test_a_path_of_windows(text: str, path: str) -> None:
    assert expand_path(text, windows=True) == path


def test_a_url_of_a_file_here(tmp_path: Path) -> None:
    path = tmp_path / "my password"
    path.write_text("hunter2")
    path.chmod(0o600)
    for text in (path.as_uri(), f"file:{path}", path.as_uri().replace("//", "//localhost", 1)):
        assert expand_path(text, windows=False) == str(path)
        assert choose_secrets({"password_file": text})["password"].reveal() == "hunter2"


def test_a_url_of_another_machine() -> None:
    with pytest.raises(UsageError, match="is a file of another machine"):
        expand_path("file://server/share/rsa.p8", windows=False)


@pytest.mark.parametrize("windows", [False, True])
def test_the_words_of_a_command(windows: bool) -> None:
    text = r'"C:\Program Files\n.exe" --to \\server\share\new "two words"'
    words = split_command(text, windows=windows)
    if windows:
        expected = [r"C:\Program Files\n.exe", "--to", r"\\server\share\new", "two words"]
    else:
        expected = [r"C:\Program Files\n.exe", "--to", r"\serversharenew", "two words"]
    assert words == expected


@pytest.mark.parametrize("text", [r"C:\Users\me\rsa.p8", r"C:\keys\rsa.p8", r"\\server\share\x"])
def test_backslashes_that_toml_refuses(text: str) -> None:
    """The quotes are named, whatever the first letter of a directory makes of its backslash."""
    with pytest.raises(UsageError) as caught:
        parse_text(Path("connections.toml"), f'private_key_file = "{text}"')
    assert "single quotes" in caught.value.hint
    read = parse_text(Path("connections.toml"), f"private_key_file = '{text}'")
    assert read == {"private_key_file": text}


def test_backslashes_that_toml_takes_for_others() -> None:
    read = parse_text(Path("connections.toml"), r'private_key_file = "C:\temp\new"')
    with pytest.raises(UsageError) as caught:
        prepare_key(read | {"authenticator": "SNOWFLAKE_JWT"})
    assert "single quotes" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        choose_secrets({"password_file": read["private_key_file"]})["password"].reveal()
    assert "single quotes" in caught.value.hint


@pytest.mark.parametrize(
    ("secret", "is_shown"),
    [(r"\hunter2", False), ("C:hunter2", False), (r"C:\hunter2", False), (r"C:\keys\h", True)],
)
def test_a_secret_in_place_of_a_path_of_windows(
    monkeypatch: pytest.MonkeyPatch, secret: str, is_shown: bool
) -> None:
    """A root and a drive exist for every text, so they do not make it a path."""
    splits = {name: getattr(ntpath, name) for name in ("dirname", "splitdrive", "expanduser")}
    there = SimpleNamespace(**splits, isdir=lambda _: True)
    of_windows = SimpleNamespace(**{**vars(os), "path": there})
    monkeypatch.setattr(secret_refs, "os", of_windows)
    monkeypatch.setattr(secret_refs, "_SLASHES", "\\/")
    assert (secret_refs._show_path(secret) == secret) is is_shown
