"""`Secret`: the type of passwords, tokens and keys, which is never shown."""

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
# Other names of secrets: misspelt parameters, and those of drivers for other languages.
_CALLED_SECRET: Final = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|priv(ate)?_?key|credential|api_?key", re.I
)
_ABOUT_SECRETS: Final = re.compile(r"(file|path|arn|url|provider)$", re.I)
# Addresses in which an "@" or a query is never valid.
_BARE: Final = frozenset({"account", "host", "protocol", "server_url", "proxy_host", "wif_host"})


class Secret:
    """A text that only `reveal` returns.

    `repr`, `str`, `format` and f-strings give asterisks; two secrets are equal if their texts are.
    A secret cannot be pickled, so that it does not leave the process.

    Args:
        value: the text to keep.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text, for the call that needs it, and register it for redaction."""
        value = self._open()
        redaction.learn(value)
        return value

    def _open(self) -> str:
        """Return the text; subclasses read it from its place."""
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
        raise TypeError("a Secret cannot be pickled")


class RefusedSecret(Secret):
    """An invalid value that may hold a secret: it is hidden, and an error when it is revealed.

    Args:
        parameter: the connector's name of it.
        why: the fault, as a text that follows the parameter's name.
        hint: what to do instead.
    """

    __slots__ = ("_hint", "_parameter", "_why")

    def __init__(self, parameter: str, why: str, hint: str) -> None:
        super().__init__(f"{parameter} {why}")  # for comparison
        self._parameter, self._why, self._hint = parameter, why, hint

    def _open(self) -> str:
        raise UsageError(f"{self._parameter} {self._why}.", self._hint)


def reveal(value: object) -> object:
    """Return a value with the texts of its secrets, at any depth.

    Raises:
        UsageError: a secret is invalid (`RefusedSecret`), or cannot be read from its place.
    """
    if isinstance(value, Mapping):
        return {key: reveal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([reveal(each) for each in value])
    return value.reveal() if isinstance(value, Secret) else value


def hide(name: str, value: Any) -> Any:
    """Return the value of a connection parameter in a form that may be shown.

    A secret text becomes a `Secret`, in nested tables and lists too. A secret that is not text,
    and an address that holds a password, become a `RefusedSecret`: the connector takes text only
    (5.2: "Expected type String"), and addresses are shown.

    Args:
        name: the parameter's name.
        value: its value.

    Example:
        >>> hide("a", {"user": "me", "password": "hunter2"})
        {'user': 'me', 'password': Secret('**********')}
    """
    if value is None or isinstance(value, Secret):
        return value
    name = name.lower()
    if name in SECRETS and not isinstance(value, str):
        return value if _is_key(name, value) else _refuse_other_than_text(name)
    if isinstance(value, Mapping):
        return {key: hide(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([hide(name, each) for each in value])
    if name in SECRETS or _is_called_secret(name, value):
        redaction.learn(str(value))
        return Secret(value) if isinstance(value, str) else _refuse_other_than_text(name)
    if isinstance(value, str) and _has_credentials(name, value):
        redaction.learn(value)
        return RefusedSecret(
            name,
            "holds a user, a password or a query",
            "Give the bare address: it is shown and logged. There are separate parameters for user "
            "and password.",
        )
    return value


def _refuse_other_than_text(name: str) -> RefusedSecret:
    return RefusedSecret(name, "must be text", f'Write it in quotes: {name} = "…".')


def _is_key(name: str, value: Any) -> bool:
    """Whether it is a private key in another form than text: DER, or a key object."""
    is_object = isinstance(value, bytes) or hasattr(value, "private_bytes")
    return is_object and name in ("private_key", "private_key_raw")


def _is_called_secret(name: str, value: Any) -> bool:
    called = _CALLED_SECRET.search(name) and not _ABOUT_SECRETS.search(name)
    # Switches and limits have such names too: client_store_temporary_credential.
    return bool(called) and isinstance(value, str)


def _has_credentials(name: str, value: str) -> bool:
    if name in _BARE and not {"@", "?"}.isdisjoint(value):
        return True
    is_sign_in = name == "authenticator" and "://" in value
    return has_credentials(value) or (is_sign_in and "?" in value)
