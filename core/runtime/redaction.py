"""Hides the secrets of a run in the texts that debugging shows.

Errors are worded without secrets. Debugging shows the texts of libraries as well, which nobody has
worded with care. While `watch` is on, the values that the run gets to know are collected, and
`redact` replaces them in any text, with the forms in which they appear: percent-encoded, in base64
(also as the end of `user:password`), in JSON, in Python's quotes. What is secret by its form is
replaced whether it is known or not: signatures and tokens in URLs and headers, JSON Web Tokens,
private keys, passwords in URLs.

Values of up to three characters would be found in ordinary words. They are replaced between quotes
only, or where a delimiter such as `=` stands before and another one behind them. Longer values are
replaced wherever they stand, even if that garbles a line.

Unless `watch` was called, nothing is collected, so that no secret stays in memory for this.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

MARK: Final = "**********"
_SHORT: Final = 4  # characters; below, a value is replaced between delimiters only
_LINE: Final = 16  # characters of a line of a value that are worth hiding alone, as those of PEM
_SECRET_VARIABLE: Final = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|PASSCODE|SECRET|TOKEN|PRIVATE_KEY|ACCESS_KEY(?!_ID)|API_?KEY", re.I
)
_ABOUT_SECRETS: Final = re.compile(r"(FILE|PATH|DIR|ARN|URL|URI|ENDPOINT.*|TTL|PROFILE)$", re.I)
_BY_FORM: Final = re.compile(
    r"""
      (?s:-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z))
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                          # a JSON Web Token
    | (?<=://)[^/?\#\s@'"]+(?=@)                                 # user and password of a URL
    | (?i:(?<=X-Amz-Signature=)|(?<=X-Amz-Credential=)|(?<=X-Amz-Security-Token=)
        |(?<=[?&]sig=)|(?<=[?&]Signature=))[^&\s"'<>]+           # signed URLs of AWS, Azure, GCS
    | (?i:(?<=\bToken="))[^"]+                                   # Snowflake's header
    | (?i:(?<=Authorization:\ )|(?<=Authorization':\ )|(?<=Authorization":\ ))[^\n]+
    """,
    re.VERBOSE,
)


class _Known:
    """The values that are known, and the expression that finds them."""

    def __init__(self) -> None:
        self.watching = False
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        with self._lock:
            if value and value not in self._values:
                self._values.add(value)
                self._pattern = None

    def pattern(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._pattern is None and self._values:
                forms = {form for value in self._values for form in _forms(value)}
                longest_first = sorted(forms, key=lambda form: (-len(form), form))
                self._pattern = re.compile("|".join(map(_expression, longest_first)))
            return self._pattern

    def clear(self) -> None:
        with self._lock:
            self.watching = False
            self._values.clear()
            self._pattern = None


_known: Final = _Known()


def watch(environment: Mapping[str, str] = os.environ) -> None:
    """Collect secrets from now on, those of the environment's variables first.

    Args:
        environment: variables whose names or URLs say that they hold a secret are collected.
    """
    _known.watching = True
    for name, value in environment.items():
        if _SECRET_VARIABLE.search(name) and not _ABOUT_SECRETS.search(name):
            learn(value)
        elif "://" in value:
            _learn_url(value)


def watching() -> bool:
    """Whether secrets are collected."""
    return _known.watching


def forget() -> None:
    """Stop collecting, and drop what was collected."""
    _known.clear()


def learn(value: str | None) -> None:
    """Remember a secret value; does nothing unless `watch` was called."""
    if _known.watching and value:
        _known.add(value)
        if "://" in value:
            _learn_url(value)


def redact(text: str) -> str:
    """A text with asterisks in the place of every known secret, and of what looks like one."""
    text = _BY_FORM.sub(MARK, text)
    pattern = _known.pattern()
    return pattern.sub(MARK, text) if pattern else text


def _learn_url(url: str) -> None:
    try:
        password = urlsplit(url).password
    except ValueError:  # no URL; its parts are unknown
        return
    if password:
        _known.add(password)
        _known.add(unquote(password))


def _expression(form: str) -> str:
    if len(form) >= _SHORT:
        return re.escape(form)
    value = re.escape(form)
    return rf"""(?<=['"]){value}(?=['"])|(?<=[=:]){value}(?=[\s&,;@]|$)"""


def _forms(value: str) -> Iterator[str]:
    """The texts in which a value may appear."""
    yield from _written(value)
    lines = [line.strip() for line in value.splitlines()]
    for line in lines:
        if len(line) >= _LINE and not line.startswith("-----"):
            yield from _written(line)
    if len(lines) > 1:  # the key of a PEM file, without its frame
        yield "".join(line for line in lines if not line.startswith("-----"))
    if len(value) >= _SHORT:
        encoded = value.encode("utf-8", "surrogateescape")
        yield encoded.hex()
        yield from _in_base64(encoded)


def _written(value: str) -> Iterator[str]:
    """A value as texts of several kinds write it."""
    yield value
    raw = value.encode("utf-8", "surrogateescape")
    yield quote(raw, safe="")
    yield quote(raw)
    yield quote_plus(raw)
    for ascii_only in (True, False):
        yield json.dumps(value, ensure_ascii=ascii_only)[1:-1]
    yield repr(value)[1:-1]
    yield repr(raw)[2:-1]
    yield html.escape(value)


def _in_base64(raw: bytes) -> Iterator[str]:
    """What base64 makes of a value, whatever stands before and behind it in the encoded text.

    Three bytes become four characters. So there are three ways to begin, and only the characters
    that come of the value alone are taken.
    """
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).decode()
        first = (0, 2, 3)[before]
        last = len(whole) if (before + len(raw)) % 3 == 0 else (before + len(raw)) // 3 * 4
        form = whole[first:last]
        if len(form) >= _SHORT:
            yield form
            yield form.replace("+", "-").replace("/", "_")
