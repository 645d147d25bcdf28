"""A chosen connection, and what its parameters say about the sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_WAYS: Final = {
    "snowflake": "password",
    "username_password_mfa": "password and second factor",
    "snowflake_jwt": "key pair",
    "programmatic_access_token": "access token",
    "externalbrowser": "browser sign-in",
    "oauth": "OAuth token",
    "oauth_authorization_code": "OAuth in the browser",
    "oauth_client_credentials": "OAuth client",
    "workload_identity": "workload identity",
}
# The secret to ask for, and the parameters that can take its place.
_NEEDS: Final = {
    "snowflake": ("password", ("token", "token_file_path", "session_token")),
    "username_password_mfa": ("password", ()),
    "programmatic_access_token": ("token", ("token_file_path", "password")),
    "oauth": ("token", ("token_file_path",)),
}


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Link:
    """A connection that the user chose.

    Attributes:
        name: the name to show: that of the connection, or `demo`.
        connection: as in a `Request`: the name of a connection, or the connector's arguments.
        options: the options that it sets in every request, such as the demo's bucket.
        files: the directory of the demo's bucket; None for other connections.
        close: stops the servers of the demo; must be called when the app exits.
    """

    name: str
    connection: str | Mapping[str, object] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Path | None = None
    close: Callable[[], None] = field(default=_nothing, repr=False, compare=False)

    @property
    def is_demo(self) -> bool:
        """Whether it leads to the embedded warehouse and bucket."""
        return self.files is not None


def authenticator(parameters: Mapping[str, object]) -> str:
    """Return the connector's name of the authentication method."""
    given = str(parameters.get("authenticator") or "").lower()
    if given:
        return given
    return "snowflake_jwt" if {"private_key", "private_key_file"} & set(parameters) else "snowflake"


def describe_sign_in(parameters: Mapping[str, object]) -> str:
    """Return the authentication method for display, such as `key pair`."""
    name = authenticator(parameters)
    return "single sign-on" if name.startswith("https://") else _WAYS.get(name, name)


def missing_secret(parameters: Mapping[str, object]) -> str | None:
    """Return the parameter of the secret to ask for; None if no secret is missing."""
    name = authenticator(parameters)
    if name == "snowflake_jwt":
        path = parameters.get("private_key_file")
        asked = not parameters.get("private_key_password") and _is_encrypted(path)
        return "private_key_password" if asked else None
    needed, others = _NEEDS.get(name, (None, ()))
    if needed is None or any(parameters.get(each) for each in (needed, *others)):
        return None
    return needed


def _is_encrypted(path: object) -> bool:
    """Return whether the PEM header of a key file says it is encrypted (RFC 7468, RFC 1421)."""
    if not isinstance(path, str):
        return False
    try:
        head = Path(path).expanduser().read_bytes()[:200]
    except (OSError, RuntimeError):
        return False
    return b"ENCRYPTED" in head
