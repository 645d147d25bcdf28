"""The configured Snowflake connections, by the rules of Snowflake's own tools.

The configuration of the Snowflake CLI and of the Python connector is used as it is:

- Files: `connections.toml` (`[name]`) and `config.toml` (`default_connection_name` and
  `[connections.name]`) in `$SNOWFLAKE_HOME` or `~/.snowflake`, whichever exists, else in the
  platform's configuration directory. Both are read; for one name, connections.toml wins.
- Environment: `SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>` wins over the files, `SNOWFLAKE_<KEY>` fills
  what is missing, and `PRIVATE_KEY_PASSPHRASE` wins over every other passphrase. The generic
  variables alone make a connection too, named `environment`.
- Connections saved by this program (`core.connections.saved`) come last: `connections.toml` in
  the program's configuration directory, in the same form.
- A secret may be given by its place (`core.connections.secret_refs`): `password_file` or
  `password_arn` instead of `password`, and the same for every other secret. The place is used
  only if no value is given, and the keyring last.
- The default: `$SNOWFLAKE_DEFAULT_CONNECTION_NAME`, else `default_connection_name`, else
  `default`, else the one from the environment.

Source: snowflake-cli `_app/snow_connector.py` and `api/config.py`; snowflake-connector-python 5.2.
Snowflake's files are read, never written.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from core.connections.keyring_store import KeptSecret
from core.connections.secret_refs import SOURCES, choose_secrets
from core.connections.secrets import SECRETS, Secret, hide
from core.connections.toml_file import parse_text, read_text
from core.errors import LocalResourceError, UsageError
from core.remedy import Advice, Remedy
from core.runtime.disk.paths import config_dir

ENVIRONMENT: Final = "environment"
OWN_FILE: Final = "connections.toml"
_TABLE: Final = "connections"  # of config.toml
IN_KEYRING: Final = (
    "in_keyring"  # in the program's file: the parameters whose values are in the keyring
)

_KEYS: Final = (
    SECRETS
    | SOURCES
    | {
        *("account", "user", "host", "port", "protocol", "authenticator", "token_file_path"),
        *("database", "schema", "warehouse", "role", "secondary_roles"),
        *("private_key_file", "private_key_path", "workload_identity_provider"),
        *("oauth_client_id", "oauth_authorization_url", "oauth_token_request_url", "oauth_scope"),
        *("oauth_redirect_uri", "oauth_disable_pkce", "oauth_credentials_in_body"),
        *("oauth_enable_single_use_refresh_tokens", "login_timeout"),
        *("proxy_host", "proxy_port", "proxy_user", "no_proxy"),
    }
)
# Names of the Snowflake CLI and of older connectors, with the names of connector 5.x.
_OF_SECRETS: Final = {
    "private_key_raw": "private_key",
    "private_key_passphrase": "private_key_password",
    "private_key_file_pwd": "private_key_password",
}
_ALIASES: Final = {
    "private_key_path": "private_key_file",
    **_OF_SECRETS,
    **{f"{alias}_file": f"{name}_file" for alias, name in _OF_SECRETS.items()},
    **{f"{alias}_arn": f"{name}_arn" for alias, name in _OF_SECRETS.items()},
}
_DIGITS: Final = 9  # of a number, at most
_NUMBERS: Final = frozenset({"port", "proxy_port", "login_timeout"})
_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Connection:
    """A configured Snowflake connection.

    Attributes:
        name: its name in Snowflake's files, or `environment`.
        parameters: arguments for the connector; passwords, tokens and keys are `Secret`.
        origin: the file it comes from; None if that is the environment.
        own: whether this program saved it.
    """

    name: str
    parameters: Mapping[str, Any]
    origin: Path | None = None
    own: bool = False


@dataclass(frozen=True)
class _Files:
    """The content of the files.

    Attributes:
        looked_at: Snowflake's files, whether or not they exist.
        entries: the parameters of each connection.
        default: the name of the default connection, if a file gives one.
        origins: the file of each connection.
        own: the program's file; None if it has no directory.
        nested: the names of tables `[connections.name]` in connections.toml, which are ignored.
    """

    looked_at: tuple[Path, ...]
    entries: Mapping[str, Mapping[str, Any]]
    default: str | None
    origins: Mapping[str, Path]
    own: Path | None
    nested: tuple[str, ...] = ()


def list_connections() -> dict[str, Connection]:
    """Return every configured connection by name, sorted; the order of the files has no meaning.

    Raises:
        UsageError: a file cannot be read, is not TOML, or could be changed or replaced by other
            users (`core.connections.file_trust`).
    """
    return _find_all(_read_files())


def find_default_name() -> str:
    """Return the name of the connection that is used when none is named; it need not exist.

    Raises:
        UsageError: as for `list_connections`.
    """
    return _choose_default_name(_read_files())


def resolve(name: str | None) -> Connection:
    """Return the connection called `name`, or the default one for None.

    Raises:
        UsageError: there is no such connection, or no connection at all; the error names the files
            that were read. Or as for `list_connections`.
    """
    files = _read_files()
    found = _find_all(files)
    wanted = name or _choose_default_name(files)
    if wanted in found:
        return found[wanted]
    raise _make_unknown_error(wanted, found, files, asked_for=bool(name))


def _find_all(files: _Files) -> dict[str, Connection]:
    names = sorted({*files.entries, *_find_names_in_environment(files)})
    found = {name: _make_connection(name, files) for name in names}
    if ENVIRONMENT not in found and _is_environment_enough():
        found[ENVIRONMENT] = _make_connection(ENVIRONMENT, files)
    return found


def _choose_default_name(files: _Files) -> str:
    chosen = os.environ.get("SNOWFLAKE_DEFAULT_CONNECTION_NAME") or files.default
    if chosen:
        return chosen
    has_default = "default" in files.entries or "default" in _find_names_in_environment(files)
    return ENVIRONMENT if not has_default and _is_environment_enough() else "default"


def _make_connection(name: str, files: _Files) -> Connection:
    entry = _canonicalize(files.entries.get(name, {}))
    kept = {key: value for key, value in entry.items() if isinstance(value, KeptSecret)}
    given = {
        **_read_generic_environment(),
        **{key: value for key, value in entry.items() if key not in kept},
        **_canonicalize(_read_named_environment(name)),
    }
    merged = choose_secrets({**kept, **given})
    passphrase = os.environ.get("PRIVATE_KEY_PASSPHRASE")
    if passphrase and not merged.keys().isdisjoint({"private_key", "private_key_file"}):
        merged["private_key_password"] = Secret(passphrase)
    origin = files.origins.get(name)
    own = origin is not None and origin == files.own
    return Connection(name, MappingProxyType(merged), origin, own)


def _canonicalize(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Convert parameters to the connector's names and types, and secret values to `Secret`."""
    parameters: dict[str, Any] = {}
    for key, value in raw.items():
        lowered = key.lower()
        canonical = _ALIASES.get(lowered, lowered)
        if canonical in parameters and canonical != lowered:
            continue  # the connector's own name wins over an alias
        parameters[canonical] = _convert(canonical, value)
    return parameters


def _convert(key: str, value: Any) -> Any:
    if not isinstance(value, str) or key in SECRETS:
        return hide(key, value)
    if key in _NUMBERS and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    if key == "private_key_file":
        return os.path.expanduser(value)  # noqa: PTH111  Path's raises where there is no HOME
    if key.startswith("oauth_"):
        return _SWITCHES.get(value.lower(), hide(key, value))
    return hide(key, value)


def _read_generic_environment() -> dict[str, Any]:
    values = {key: os.environ.get(f"SNOWFLAKE_{key.upper()}") for key in _KEYS}
    return _canonicalize({key: value for key, value in sorted(values.items()) if value})


def _read_named_environment(name: str) -> dict[str, str]:
    prefix = f"SNOWFLAKE_CONNECTIONS_{name.upper()}_"
    values = {key: os.environ.get(prefix + key.upper()) for key in _KEYS}
    return {key: value for key, value in sorted(values.items()) if value}


def _find_names_in_environment(files: _Files) -> set[str]:
    """Return the names that only `SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>` gives, in lower case."""
    in_files = {name.upper() for name in files.entries}
    prefix, names = "SNOWFLAKE_CONNECTIONS_", set()
    for variable in os.environ:
        if not variable.startswith(prefix):
            continue
        rest = variable.removeprefix(prefix)
        keys = [key for key in _KEYS if rest.endswith(f"_{key.upper()}")]
        if keys:
            name = rest[: -len(max(keys, key=len)) - 1]
            if name and name.upper() not in in_files:
                names.add(name.lower())
    return names


def _is_environment_enough() -> bool:
    generic = _read_generic_environment()
    return "account" in generic or "host" in generic


def _find_directory() -> Path:
    import platformdirs

    try:
        home = Path(os.environ.get("SNOWFLAKE_HOME") or "~/.snowflake").expanduser()
        if home.is_dir():
            return home
        return platformdirs.user_config_path("snowflake", appauthor=False)
    except RuntimeError:  # no HOME, and no entry in the user database
        return Path("~/.snowflake")


def _read_files() -> _Files:
    directory = _find_directory()
    paths = (directory / "config.toml", directory / "connections.toml")
    config, connections = (_read_toml(path) for path in paths)
    entries: dict[str, dict[str, Any]] = {}
    origins: dict[str, Path] = {}
    nested = _find_nested(connections)
    plain = {key: value for key, value in connections.items() if not nested or key != _TABLE}
    found = (_select_tables(config.get(_TABLE, {})), _select_tables(plain))
    for path, source in zip(paths, found, strict=True):
        for name, table in source.items():
            entries.setdefault(name, {}).update(_canonicalize(table))
            origins[name] = path
    own = _find_own_file()
    for name, table in read_own_tables().items():
        if own and name not in entries:
            entries[name] = _add_kept_secrets(name, table)
            origins[name] = own
    default = config.get("default_connection_name")
    named = default if isinstance(default, str) and default else None
    return _Files(paths, entries, named, origins, own, nested)


def _find_nested(connections: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the connections that connections.toml has a level too deep, as in config.toml.

    The connector (5.2) does not find them. A table `connections` that holds other values than
    tables is itself a connection.
    """
    table = connections.get(_TABLE)
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        return ()
    return tuple(table)


def read_own_tables() -> dict[str, dict[str, Any]]:
    """Return the tables of the program's own file, unchanged.

    Raises:
        UsageError: as for `list_connections`.
    """
    path = _find_own_file()
    return _select_tables(_read_toml(path)) if path else {}


def _find_own_file() -> Path | None:
    try:
        return config_dir() / OWN_FILE
    except LocalResourceError:  # no directory, so no file in it
        return None


def _add_kept_secrets(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in table.items() if key != IN_KEYRING}
    listed = table.get(IN_KEYRING)
    kept = [key for key in SECRETS if isinstance(listed, list) and key in listed]
    return {**_canonicalize(plain), **{key: KeptSecret(name, key) for key in kept}}


def _select_tables(value: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        return {}
    return {name: table for name, table in value.items() if isinstance(table, dict)}


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path, "a connections file")
    return {} if text is None else parse_text(path, text)


def _make_unknown_error(
    wanted: str, found: Mapping[str, Connection], files: _Files, *, asked_for: bool
) -> UsageError:
    read = " and ".join(str(path) for path in files.looked_at)
    nested = ""
    if files.nested:
        file, known = files.looked_at[1].name, ", ".join(files.nested[:10])
        nested = f" In {file} a connection is [name], not [connections.name]: {known}."
    if not found:
        return UsageError(
            f"No Snowflake connection is configured: looked in {read}.",
            "Add one with `snow connection add`, or set SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and "
            f"SNOWFLAKE_PASSWORD.{nested}",
        )
    near = difflib.get_close_matches(wanted.lower(), found, n=3) or list(found)[:10]
    hint = f"There are: {', '.join(near)}.{nested}"
    if asked_for:
        return UsageError(f"There is no Snowflake connection {wanted!r} in {read}.", hint)
    return UsageError(
        f"The default Snowflake connection {wanted!r} does not exist in {read}.",
        Advice(f"{hint} Name one: ", Remedy("connection"), "; or set default_connection_name."),
    )
