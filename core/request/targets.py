"""The targets of notifications, as text: what is valid, and which of them hold a secret.

A target is `exec:COMMAND`, `env:VARIABLE`, a URL of a webhook (`https:`, or with the template of
its receiver before it, `slack:https:` and `teams:https:`), or another URL, which Apprise sends to.
Whoever knows the URL of a webhook can write to it, so URLs are secrets: they are left out of
whatever is stored or shown.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from core.runtime.urls import has_credentials

COMMAND: Final = "exec"
VARIABLE: Final = "env"
_TEMPLATES: Final = ("slack", "teams")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):(.+)", re.I | re.S)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_targets(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Check the form of targets; the message of an error holds none of them.

    Raises:
        ValueError: one has another form.
    """
    for each in targets:
        _check_target(each)
    return targets


def _check_target(text: str) -> None:
    scheme, rest = split_target(text)
    if scheme == COMMAND:
        if not split_command(rest):
            raise ValueError(f"{COMMAND}: is followed by a command")
    elif scheme == VARIABLE:
        if _NAME.fullmatch(rest) is None:
            raise ValueError(f"{VARIABLE}: is followed by the name of an environment variable")
    elif not is_url(text):
        raise ValueError("must be a URL, exec:COMMAND or env:VARIABLE")
    elif has_credentials(text.removeprefix(f"{scheme}:") if scheme in _TEMPLATES else text):
        raise ValueError("a URL with a password is given by env:VARIABLE")


def is_url(text: str) -> bool:
    """Whether a target is a URL, with or without a template before it."""
    scheme, rest = split_target(text)
    if scheme in _TEMPLATES:
        scheme, rest = split_target(rest)
        if scheme not in ("http", "https"):
            return False
    return bool(scheme) and rest.startswith("//") and len(rest) > len("//")


def split_target(text: str) -> tuple[str, str]:
    """Return the scheme of a target, in lower case, and the rest; no scheme if it has none."""
    match = _SCHEME.fullmatch(text.strip())
    return (match[1].lower(), match[2].strip()) if match else ("", text)


def split_command(text: str, *, windows: bool = os.name == "nt") -> list[str]:
    """Return the words of a command, as a POSIX shell would; it is not run by a shell.

    On Windows a backslash stands for itself, as in `C:\\tools\\notify.exe`.

    Args:
        text: the command.
        windows: whether its paths are those of Windows.

    Raises:
        ValueError: a quotation is not closed.
    """
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters = True, ""
    if windows:
        words.escape = ""
    return list(words)


def without_secrets(targets: Iterable[str]) -> tuple[str, ...]:
    """Return the targets without URLs, which are secrets."""
    return tuple(each for each in targets if split_target(each)[0] in (COMMAND, VARIABLE))


def describe_target(text: str) -> str:
    """Return a target as it is shown: of a URL only the scheme and the host.

    Example:
        >>> describe_target("slack:https://hooks.slack.com/services/T0/B0/x")
        'slack:https://hooks.slack.com/...'
    """
    scheme, rest = split_target(text)
    if scheme in (COMMAND, VARIABLE):
        return f"{scheme}:{rest}"
    before = f"{scheme}:" if scheme in _TEMPLATES else ""
    url = rest if before else text.strip()
    scheme, _ = split_target(url)
    if scheme not in ("http", "https"):  # of Apprise: what follows may be a token
        return f"{scheme}://..."
    try:
        host = urlsplit(url).hostname or "..."
    except ValueError:
        host = "..."
    return f"{before}{scheme}://{host}/..."
