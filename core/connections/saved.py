"""Connections made here: their parameters in a file of ours, their secrets in the keyring.

The file is `connections.toml` in our configuration directory, written as Snowflake's own; those
are never touched. `core.connections.discovery` reads it with them, so these connections work
everywhere by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import tomli_w

from core.connections import discovery, keyring_store
from core.connections.discovery import IN_KEYRING, OWN_FILE, Connection
from core.connections.secrets import SECRETS, Secret, hidden
from core.errors import LocalResourceError, UsageError
from core.runtime.paths import config_dir
from core.runtime.private_files import lock, replace

_HEAD: Final = "# Connections made in amplify-transfer. Secrets are in the system's keyring.\n"


@dataclass(frozen=True)
class Remembered:
    """What became of a new connection's secrets.

    Attributes:
        asked: the parameters that must be given each time.
        why: why, in one sentence; empty if nothing is asked.
    """

    asked: tuple[str, ...] = ()
    why: str = ""


def own_connections() -> dict[str, Connection]:
    """The connections made here, by name; the keyring is not asked.

    Raises:
        UsageError: a file cannot be read, is not TOML, or could be written by other users.
    """
    return {name: found for name, found in discovery.connections().items() if found.own}


def remember(name: str, parameters: Mapping[str, object]) -> Remembered:
    """Keep a connection, in place of one of ours that is called the same.

    May take as long as the user needs to unlock the keyring, ten seconds at most a secret.

    Args:
        name: what to call it.
        parameters: the connector's arguments; passwords, tokens and keys as `Secret` or text.

    Returns:
        Whether its secrets are kept too.

    Raises:
        UsageError: the name is taken by Snowflake's files or the environment, or cannot be one; or
            a parameter cannot be kept.
        LocalResourceError: the file cannot be written.
    """
    name = _checked(name)
    given = {key: value for key, value in parameters.items() if value is not None and value != ""}
    secrets = {key: _secret(value) for key, value in given.items() if key in SECRETS}
    plain = {key: value for key, value in given.items() if key not in secrets}
    if secret := [key for key, value in plain.items() if isinstance(hidden(key, value), Secret)]:
        raise UsageError(
            f"{', '.join(secret)} cannot be kept: what is secret in it would be written to a file.",
            "Give passwords and tokens by the connector's own parameters of these names.",
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
    """Remove a connection made here, and its secrets as far as the keyring lets us.

    Raises:
        UsageError: it was not made here.
        LocalResourceError: the file cannot be written.
    """
    if name not in own_connections():
        raise UsageError(
            f"Connection {name!r} was not made here.", "Remove it where Snowflake's tools keep it."
        )
    _forget_secrets(name)
    _rewrite(name, None)


def _checked(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise UsageError("A connection needs a name of letters.", "Such as: prod.")
    found = discovery.connections().get(name)
    if name == discovery.ENVIRONMENT or (found is not None and not found.own):
        raise UsageError(f"There is a connection {name!r} already.", "Choose another name.")
    return name


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value))


def _store(name: str, secrets: Mapping[str, Secret]) -> tuple[tuple[str, ...], str]:
    """Put the secrets into the keyring: all of them, or none."""
    try:
        for key, secret in secrets.items():
            keyring_store.store(name, key, secret)
    except LocalResourceError as error:
        for key in secrets:
            _discard(name, key)
        return tuple(secrets), error.message
    return (), ""


def _forget_secrets(name: str) -> None:
    for key in discovery.own_tables().get(name, {}).get(IN_KEYRING, ()):
        _discard(name, key)


def _discard(name: str, key: str) -> None:
    try:
        keyring_store.discard(name, key)
    except LocalResourceError:
        return  # without a keyring there is nothing in it


def _rewrite(name: str, table: Mapping[str, object] | None) -> None:
    """Write the file with `table` for `name`, or without it for None."""
    path = config_dir() / OWN_FILE
    try:
        with lock(path.with_suffix(".lock")):
            tables: dict[str, Mapping[str, object]] = {**discovery.own_tables()}
            tables.pop(name, None)
            if table is not None:
                tables[name] = table
            replace(path, f"{_HEAD}\n{tomli_w.dumps(dict(sorted(tables.items())))}")
    except OSError as error:
        raise LocalResourceError(
            f"{path} cannot be written: {error.strerror}.",
            "Set AMPLIFY_CONFIG_DIR to a directory that you own.",
        ) from error


def _check_storable(parameters: Mapping[str, object]) -> None:
    """Check that each value is a text, a number, a switch or a list of texts, and is UTF-8.

    Raises:
        UsageError: one is not, such as a text with bytes that a terminal sent and UTF-8 lacks.
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
            f"The parameter {key} cannot be kept.", "Put it into Snowflake's own files."
        )
