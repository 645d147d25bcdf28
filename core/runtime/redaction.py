"""Replace secrets in debug output.

The program's error messages contain no secrets, but debug output also includes texts of libraries,
which may. After `watch`, the secret values that the run reads are collected, and `redact` replaces
them in any text, in all forms in which they appear: percent-encoded, in base64 (also as the end of
`user:password`), in JSON, in Python's quotes. Secrets with a recognizable form are replaced whether
they were collected or not: signatures and tokens in URLs and headers, JSON Web Tokens, private
keys, passwords in URLs.

Values of up to three characters would match inside ordinary words. They are replaced only between
quotes or between delimiters such as `=`. Longer values are replaced everywhere, even if that makes
a line hard to read.

Unless `watch` was called, nothing is collected, so that no secret is kept in memory.
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
_SHORT: Final = 4  # characters; a shorter value is replaced between delimiters only
_LINE: Final = 16  # characters from which a line of a value, as in PEM, is replaced alone, too
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
    """The collected values, and the regular expression that matches them."""

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
                forms = {form for value in self._values for form in _list_forms(value)}
                longest_first = sorted(forms, key=lambda form: (-len(form), form))
                self._pattern = re.compile("|".join(map(_make_expression, longest_first)))
            return self._pattern

    def clear(self) -> None:
        with self._lock:
            self.watching = False
            self._values.clear()
            self._pattern = None


_known: Final = _Known()


def watch(environment: Mapping[str, str] = os.environ) -> None:
    """Start collecting secrets, beginning with those of the environment's variables.

    Args:
        environment: the variables; those with a secret, by their name or a URL, are collected.
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
    """Stop collecting, and discard the collected values."""
    _known.clear()


def learn(value: str | None) -> None:
    """Collect a secret value; do nothing unless `watch` was called."""
    if _known.watching and value:
        _known.add(value)
        if "://" in value:
            _learn_url(value)


def redact(text: str) -> str:
    """Return `text` with asterisks in place of collected secrets and of recognizable ones."""
    text = _BY_FORM.sub(MARK, text)
    pattern = _known.pattern()
    return pattern.sub(MARK, text) if pattern else text


def _learn_url(url: str) -> None:
    try:
        password = urlsplit(url).password
    except ValueError:  # not a valid URL
        return
    if password:
        _known.add(password)
        _known.add(unquote(password))


def _make_expression(form: str) -> str:
    if len(form) >= _SHORT:
        return re.escape(form)
    value = re.escape(form)
    return rf"""(?<=['"]){value}(?=['"])|(?<=[=:]){value}(?=[\s&,;@]|$)"""


def _list_forms(value: str) -> Iterator[str]:
    """Yield the forms in which a value may appear."""
    yield from _quote_forms(value)
    lines = [line.strip() for line in value.splitlines()]
    for line in lines:
        if len(line) >= _LINE and not line.startswith("-----"):
            yield from _quote_forms(line)
    if len(lines) > 1:  # the key of a PEM file without its BEGIN and END lines
        yield "".join(line for line in lines if not line.startswith("-----"))
    if len(value) >= _SHORT:
        encoded = value.encode("utf-8", "surrogateescape")
        yield encoded.hex()
        yield from _encode_base64(encoded)


def _quote_forms(value: str) -> Iterator[str]:
    """Yield a value as plain text, URLs, JSON, Python and HTML write it."""
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


def _encode_base64(raw: bytes) -> Iterator[str]:
    """Yield the base64 forms of a value within a longer encoded text.

    Base64 encodes three bytes as four characters. So a value can start at three offsets, and only
    the characters that depend on the value alone are used.
    """
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).decode()
        first = (0, 2, 3)[before]
        last = len(whole) if (before + len(raw)) % 3 == 0 else (before + len(raw)) // 3 * 4
        form = whole[first:last]
        if len(form) >= _SHORT:
            yield form
            yield form.replace("+", "-").replace("/", "_")
