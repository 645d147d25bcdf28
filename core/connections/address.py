"""The address of a Snowflake account, as people write it.

The connector (5.2) takes an account identifier, such as `myorg-myaccount`, and appends
`.snowflakecomputing.com` unless it is given a host. People copy what they see: a host name, or the
URL of the web interface. Those are accepted too.

Two kinds of account have an address that the connector would miss:

- A private address keeps the underscores of its account's name; the connector writes a hyphen for
  each, which only public addresses have (JDBC release notes, 3.13.25; dbt-adapters issue 1143).
  A host that is given is likewise used as it is.
- Accounts in China are at `.snowflakecomputing.cn` (connector 4.8, `util_text`).

Source of the forms: docs.snowflake.com, "Account identifiers" and "Connecting to your accounts".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from core.errors import UsageError

_SCHEME: Final = re.compile(r"https?://", re.I)
_SUFFIX: Final = re.compile(r"\.snowflakecomputing\.(com|cn|mil)$", re.I)
_WEB: Final = "app.snowflake.com"  # the web interface: the organization and the account follow
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.I)
_HINT: Final = (
    "It is the part of Snowflake's address before .snowflakecomputing.com, like myorg-myaccount "
    "or xy12345.eu-central-1."
)


def normalize_address(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a connection's parameters with its account and host as the connector takes them.

    Args:
        parameters: the connector's arguments.

    Raises:
        UsageError: the account or the host cannot be part of an address.

    Example:
        >>> normalize_address({"account": " https://myorg-myaccount.snowflakecomputing.com/ "})
        {'account': 'myorg-myaccount', 'host': 'myorg-myaccount.snowflakecomputing.com'}
        >>> normalize_address({"account": "https://app.snowflake.com/myorg/myaccount/"})
        {'account': 'myorg-myaccount'}
    """
    address: dict[str, Any] = {}
    account, host = parameters.get("account"), parameters.get("host")
    if isinstance(account, str) and account:
        address |= _split_account(account)
    if isinstance(host, str) and host:
        address |= _split_host(host)
    if "_" in address.get("host", ""):
        address["preserve_underscores_in_hostname"] = True
    given = ("port", "preserve_underscores_in_hostname")
    kept = {key: parameters[key] for key in given if parameters.get(key) is not None}
    return {**parameters, **address, **kept}


def _split_account(text: str) -> dict[str, str]:
    name, *path = _SCHEME.sub("", text.strip(), count=1).split("/")
    if name.lower() == _WEB:
        name, path = "-".join(path[:2]), []
    name = name.rstrip(".")
    account = _SUFFIX.sub("", name)
    if not _is_name(account) or (account == name and any(path)):
        raise UsageError(f"{text!r} is not a Snowflake account.", _HINT)
    host = name if account != name else _find_host(account.lower())
    return {"account": account, **({"host": host} if host else {})}


def _find_host(account: str) -> str | None:
    """Return the host of an account whose address the connector would not find."""
    _, *region = account.split(".")
    if region and region[0].startswith("cn-"):
        return f"{account}.snowflakecomputing.cn"
    return f"{account}.snowflakecomputing.com" if region[-1:] == ["privatelink"] else None


def _split_host(text: str) -> dict[str, Any]:
    host = _SCHEME.sub("", text.strip(), count=1).rstrip("/")
    name, _, port = host.rpartition(":")
    if name and port.isdecimal() and (":" not in name or name.endswith("]")):
        return {"host": name, "port": int(port)}
    if re.search(r"[\s/?#@]", host) or not host:
        raise UsageError(
            f"{text!r} is not a host name.", "Write it like myorg-myaccount.snowflakecomputing.com."
        )
    return {"host": host}


def _is_name(text: str) -> bool:
    """Whether a text can be part of a host name (RFC 1035), in which Snowflake allows `_`."""
    return len(text) < 230 and all(_LABEL.fullmatch(label) for label in text.split("."))
