"""A value that must not be seen: passwords, tokens and keys travel as `Secret`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from core.errors import UsageError
from core.runtime import redaction
from core.runtime.urls import has_credentials

_REDACTED: Final = "**********"
# The parameters of a Snowflake connection that are secret.
SECRETS: Final = frozenset(
    {
        *("password", "passcode", "token", "session_token", "master_token", "external_session_id"),
        *("private_key", "private_key_raw", "private_key_password", "private_key_passphrase"),
        *("private_key_file_pwd", "oauth_client_secret", "proxy", "proxy_password"),
    }
)
# What else is called like a secret: a misspelt parameter, or one of a driver of another language.
_CALLED_SECRET: Final = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|priv(ate)?_?key|credential|api_?key", re.I
)
_ABOUT_SECRETS: Final = re.compile(r"(file|path|arn|url|provider)$", re.I)
# Addresses that have no place for an "@" or a query at all.
_BARE: Final = frozenset({"account", "host", "protocol", "server_url", "proxy_host", "wif_host"})


class Secret:
    """A text that shows itself only to who asks for it by name.

    `repr`, `str`, `format` and f-strings give asterisks; two secrets are equal if their texts are.
    A secret cannot be pickled: nothing should carry it out of the process.

    Args:
        value: the text to keep.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        value = self._open()
        redaction.learn(value)
        return value

    def _open(self) -> str:
        """Get the text, from wherever this kind of secret has it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_REDACTED!r})"

    def __str__(self) -> str:
        return _REDACTED

    def __format__(self, specification: str) -> str:
        return format(_REDACTED, specification)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret stays in its process")


class RefusedSecret(Secret):
    """What cannot be used as it is given, and may hold a secret: it is hidden, never passed on.

    Args:
        parameter: the connector's name of it.
        why: what is wrong, as it continues the parameter's name.
        hint: what to do instead.
    """

    __slots__ = ("_hint", "_parameter", "_why")

    def __init__(self, parameter: str, why: str, hint: str) -> None:
        super().__init__(f"{parameter} {why}")  # what it is compared by
        self._parameter, self._why, self._hint = parameter, why, hint

    def _open(self) -> str:
        raise UsageError(f"{self._parameter} {self._why}.", self._hint)


def reveal(value: object) -> object:
    """Return a value with the texts of its secrets, however deep they are.

    Raises:
        UsageError: one of them is refused (`RefusedSecret`), or is not where it should be.
    """
    if isinstance(value, Mapping):
        return {key: reveal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([reveal(each) for each in value])
    return value.reveal() if isinstance(value, Secret) else value


def hidden(name: str, value: Any) -> Any:
    """Return a parameter of a connection as it may be shown.

    A secret text becomes a `Secret`, in nested tables and lists too. A secret that is not text,
    and an address that holds a password, become a `RefusedSecret`: the connector takes text only
    (5.2: "Expected type String"), and addresses are shown.

    Args:
        name: the parameter's name.
        value: what was given for it.

    Example:
        >>> hidden("a", {"user": "me", "password": "hunter2"})
        {'user': 'me', 'password': Secret('**********')}
    """
    if value is None or isinstance(value, Secret):
        return value
    name = name.lower()
    if name in SECRETS and not isinstance(value, str):
        return value if _is_key(name, value) else _not_text(name)
    if isinstance(value, Mapping):
        return {key: hidden(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([hidden(name, each) for each in value])
    if name in SECRETS or _is_called_secret(name, value):
        redaction.learn(str(value))
        return Secret(value) if isinstance(value, str) else _not_text(name)
    if isinstance(value, str) and _has_credentials(name, value):
        redaction.learn(value)
        return RefusedSecret(
            name,
            "holds a user, a password or a query",
            "Give the bare address: it is shown and logged. User and password have parameters of "
            "their own.",
        )
    return value


def _not_text(name: str) -> RefusedSecret:
    return RefusedSecret(name, "must be text", f'Write it in quotes: {name} = "…".')


def _is_key(name: str, value: Any) -> bool:
    """Whether it is a private key in another form than text: DER, or an object that holds it."""
    is_object = isinstance(value, bytes) or hasattr(value, "private_bytes")
    return is_object and name in ("private_key", "private_key_raw")


def _is_called_secret(name: str, value: Any) -> bool:
    called = _CALLED_SECRET.search(name) and not _ABOUT_SECRETS.search(name)
    # Switches and limits are called after secrets too, as client_store_temporary_credential.
    return bool(called) and isinstance(value, str)


def _has_credentials(name: str, value: str) -> bool:
    if name in _BARE and not {"@", "?"}.isdisjoint(value):
        return True
    is_sign_in = name == "authenticator" and "://" in value
    return has_credentials(value) or (is_sign_in and "?" in value)
