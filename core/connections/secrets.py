"""A value that must not be seen: passwords, tokens and keys travel as `Secret`."""

from __future__ import annotations

from typing import Final, NoReturn

_REDACTED: Final = "**********"
# The parameters of a Snowflake connection that are secret.
SECRETS: Final = frozenset(
    {
        *("password", "passcode", "token", "session_token", "master_token", "external_session_id"),
        *("private_key", "private_key_raw", "private_key_password", "private_key_passphrase"),
        *("private_key_file_pwd", "oauth_client_secret", "proxy", "proxy_password"),
    }
)


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


def reveal(value: object) -> object:
    """Return the text of a `Secret`, and any other value as it is."""
    return value.reveal() if isinstance(value, Secret) else value
