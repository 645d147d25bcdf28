"""Connections saved by this program: parameters in a file, secrets in the keyring.

The file is `connections.toml` in the program's configuration directory, in the format of
Snowflake's own files, which are never changed. `core.connections.discovery` reads all of them, so
these connections can be used by name like the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import tomli_w

from core.connections import discovery, keyring_store
from core.connections.discovery import IN_KEYRING, OWN_FILE, Connection
from core.connections.secrets import SECRETS, Secret, hide
from core.errors import LocalResourceError, UsageError
from core.runtime.disk.paths import config_dir
from core.runtime.disk.private_files import lock, replace

_HEAD: Final = "# Connections made in amplify-transfer. Secrets are in the system's keyring.\n"


@dataclass(frozen=True)
class Remembered:
    """Whether the secrets of a saved connection are in the keyring.

    Attributes:
        asked: the parameters that are not, and must be given each time.
        why: the reason, in one sentence; empty if all secrets are in the keyring.
    """

    asked: tuple[str, ...] = ()
    why: str = ""


def list_own_connections() -> dict[str, Connection]:
    """Return the connections saved by this program, by name, without reading the keyring.

    Raises:
        UsageError: a file cannot be read, is not TOML, or could be written by other users.
    """
    return {name: found for name, found in discovery.list_connections().items() if found.own}


def remember(name: str, parameters: Mapping[str, object]) -> Remembered:
    """Save a connection, in place of a saved one of the same name.

    May take as long as the user needs to unlock the keyring, at most ten seconds a secret.

    Args:
        name: its name.
        parameters: the connector's arguments; passwords, tokens and keys as `Secret` or text.

    Returns:
        The secrets that are not in the keyring.

    Raises:
        UsageError: the name is invalid, or exists in Snowflake's files or the environment; or a
            parameter cannot be saved.
        LocalResourceError: the file cannot be written.
    """
    name = _check_name(name)
    given = {key: value for key, value in parameters.items() if value is not None and value != ""}
    secrets = {key: _make_secret(value) for key, value in given.items() if key in SECRETS}
    plain = {key: value for key, value in given.items() if key not in secrets}
    if secret := [key for key, value in plain.items() if isinstance(hide(key, value), Secret)]:
        raise UsageError(
            f"{', '.join(secret)} cannot be saved: the secret in it would be written to a file.",
            "Give passwords and tokens by the connector's own parameters for them.",
        )
    _check_storable(plain)
    table: dict[str, object] = dict(plain)
    _forget_secrets(name)
    asked, why = _store(name, secrets)
    kept = [key for key in secrets if key not in asked]
    if kept:
        table[IN_KEYRING] = kept
    try:
        _rewrite(name, table)
    except LocalResourceError:
        for key in kept:
            _discard(name, key)
        raise
    return Remembered(asked, why)


def forget(name: str) -> None:
    """Remove a saved connection, and its secrets if the keyring can be used.

    Raises:
        UsageError: this program did not save it.
        LocalResourceError: the file cannot be written.
    """
    if name not in list_own_connections():
        raise UsageError(
            f"Connection {name!r} was not saved by this program.",
            "Remove it with Snowflake's own tools.",
        )
    _forget_secrets(name)
    _rewrite(name, None)


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise UsageError("A connection needs a name of printable characters.", "Such as: prod.")
    found = discovery.list_connections().get(name)
    if name == discovery.ENVIRONMENT or (found is not None and not found.own):
        raise UsageError(f"There is a connection {name!r} already.", "Choose another name.")
    return name


def _make_secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value))


def _store(name: str, secrets: Mapping[str, Secret]) -> tuple[tuple[str, ...], str]:
    """Put all secrets into the keyring, or none.

    Returns:
        The names of the secrets that are not in the keyring, and the reason.
    """
    try:
        for key, secret in secrets.items():
            keyring_store.store(name, key, secret)
    except LocalResourceError as error:
        for key in secrets:
            _discard(name, key)
        return tuple(secrets), error.message
    return (), ""


def _forget_secrets(name: str) -> None:
    for key in discovery.read_own_tables().get(name, {}).get(IN_KEYRING, ()):
        _discard(name, key)


def _discard(name: str, key: str) -> None:
    try:
        keyring_store.discard(name, key)
    except LocalResourceError:
        return  # without a keyring there is nothing to remove


def _rewrite(name: str, table: Mapping[str, object] | None) -> None:
    """Write the file with `table` for `name`, or without it for None."""
    path = config_dir() / OWN_FILE
    try:
        with lock(path.with_suffix(".lock")):
            tables: dict[str, Mapping[str, object]] = {**discovery.read_own_tables()}
            tables.pop(name, None)
            if table is not None:
                tables[name] = table
            replace(path, f"{_HEAD}\n{tomli_w.dumps(dict(sorted(tables.items())))}")
    except OSError as error:
        raise LocalResourceError(
            f"{path} cannot be written: {error.strerror}.",
            "Set AMPLIFY_CONFIG_DIR to a directory that belongs to you.",
        ) from error


def _check_storable(parameters: Mapping[str, object]) -> None:
    """Check that each value can be written as TOML: text, a number, a switch or a list of texts.

    Raises:
        UsageError: a value is of another type, or a text is not valid Unicode, such as bytes of a
            terminal that are not UTF-8.
    """
    for key, value in parameters.items():
        texts = value if isinstance(value, list | tuple) else [value]
        simple = isinstance(value, bool | int) or all(isinstance(each, str) for each in texts)
        try:
            if simple and tomli_w.dumps({key: value}).encode():
                continue
        except UnicodeEncodeError:
            pass
        raise UsageError(
            f"The parameter {key} cannot be saved.", "Put it into Snowflake's own files."
        )
