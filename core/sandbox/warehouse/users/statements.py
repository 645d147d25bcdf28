"""Statements about the user: ALTER USER, DESCRIBE USER, security integrations for External OAuth.

https://docs.snowflake.com/en/sql-reference/sql/alter-user
https://docs.snowflake.com/en/sql-reference/sql/alter-user-add-programmatic-access-token
https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.show import columns
from core.sandbox.warehouse.engine.execution import DDL, DESCRIBE, SELECT, Execution, rows_answer
from core.sandbox.warehouse.engine.execution import status as said
from core.sandbox.warehouse.unload.clauses import Clauses, Reader, check, flag, text, texts
from core.sandbox.warehouse.users import jwt
from core.sandbox.warehouse.users.users import KEY_SLOTS, Issuer, Users

Statement = Callable[[Execution], Answer]
_MAYBE = re.compile(r"\s*(ALTER|DESC|DESCRIBE|CREATE|DROP)\b", re.I)
_DETAILS = re.compile(
    r"\s*SELECT\s+SYSTEM\$GET_LOGIN_FAILURE_DETAILS\s*\(\s*'([0-9A-F-]{36})'\s*\)\s*;?\s*", re.I
)
_DONE = "Statement executed successfully."
_DAYS = 15  # DAYS_TO_EXPIRY, unless it is given
_MAX_DAYS = 365
_MAX_BYPASS = 1440  # minutes
_ANY_ROLE_MODES = ("DISABLE", "ENABLE", "ENABLE_FOR_PRIVILEGE")
_PROPERTIES = columns("property value default description")
_TOKEN = columns("token_name token_secret")
_SETTINGS = {
    *("TYPE", "ENABLED", "COMMENT", "EXTERNAL_OAUTH_TYPE", "EXTERNAL_OAUTH_ISSUER"),
    *("EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM", "EXTERNAL_OAUTH_AUDIENCE_LIST"),
    *("EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE", "EXTERNAL_OAUTH_ANY_ROLE_MODE"),
    *("EXTERNAL_OAUTH_RSA_PUBLIC_KEY", "EXTERNAL_OAUTH_RSA_PUBLIC_KEY_2"),
}


def user_statement(sql: str, users: Users | None) -> Statement | None:
    """Return a function that runs `sql` if it is a statement about users, else None."""
    if users is None:
        return None
    if details := _DETAILS.fullmatch(sql):
        return _limited("Function", lambda: _describe_failure(users, details[1].lower()))
    if not _MAYBE.match(sql):
        return None
    reader = Reader(sql)
    if reader.accept("ALTER", "USER"):
        return _limited("User", lambda: _alter(users, reader))
    if reader.accept("DESC", "USER") or reader.accept("DESCRIBE", "USER"):
        return _limited("User", lambda: _describe(users, reader))
    if reader.accept("CREATE"):
        replacing = reader.accept("OR", "REPLACE")
        if reader.accept("SECURITY", "INTEGRATION"):
            return _limited("Integration", lambda: _create_issuer(users, reader, replacing))
    elif reader.accept("DROP", "SECURITY", "INTEGRATION"):
        return _limited("Integration", lambda: _drop_issuer(users, reader))
    return None


def _limited(kind: str, run: Callable[[], Answer]) -> Statement:
    """Return a statement that needs a role with all privileges."""

    def execute(execution: Execution) -> Answer:
        if execution.state.role in execution.catalog.limited:
            raise failures.insufficient_privileges(kind, execution.state.user)
        return run()

    return execute


def _describe_failure(users: Users, identifier: str) -> Answer:
    details: dict[str, Any] | None = users.failures.get(identifier)
    shown = json.dumps(details) if details else None
    return rows_answer(columns("SYSTEM$GET_LOGIN_FAILURE_DETAILS"), [[shown]], SELECT)


def _named(users: Users, reader: Reader) -> None:
    """Read the name of the user, if there is one."""
    reader.accept("IF", "EXISTS")
    if reader.peek().value in ("ADD", "REMOVE", "MODIFY", "SET", "UNSET"):
        return
    (name,) = reader.name()
    if name != users.user.upper():
        raise failures.missing_object("User", name)


def _alter(users: Users, reader: Reader) -> Answer:
    _named(users, reader)
    if reader.accept("SET"):
        _set(users, reader.clauses())
    elif reader.accept("UNSET"):
        _unset(users, reader)
    elif reader.accept("ADD"):
        return _add_token(users, reader)
    elif reader.accept("REMOVE"):
        del users.tokens[_token_name(users, reader)]
    elif reader.accept("MODIFY"):
        name = _token_name(users, reader)
        reader.expect("SET")
        clauses = reader.clauses()
        check(clauses, {"DISABLED"}, "PROGRAMMATIC ACCESS TOKEN")
        users.tokens[name].disabled = flag(clauses, "DISABLED")
    else:
        raise reader.unexpected()
    reader.end()
    return said(_DONE)


def _set(users: Users, clauses: Clauses) -> None:
    check(clauses, {*KEY_SLOTS, "NETWORK_POLICY"}, "USER")
    if "NETWORK_POLICY" in clauses:
        users.network_policy = text(clauses, "NETWORK_POLICY")
    for slot in KEY_SLOTS:
        if slot in clauses:
            key = jwt.public_key(text(clauses, slot))
            if key is None:
                raise failures.invalid("New public key rejected by current policy.", 1008)
            users.keys[slot] = key


def _unset(users: Users, reader: Reader) -> None:
    while reader.peek().kind == "word":
        name = reader.next().value
        if name not in (*KEY_SLOTS, "NETWORK_POLICY"):
            raise failures.invalid(f"invalid property '{name}' for 'USER'", 1420, "22023")
        users.keys.pop(name, None)
        if name == "NETWORK_POLICY":
            users.network_policy = ""
        reader.accept(",")


def _add_token(users: Users, reader: Reader) -> Answer:
    _expect_token(reader)
    (name,) = reader.name()
    clauses = reader.clauses()
    reader.end()
    known = {"DAYS_TO_EXPIRY", "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT", "COMMENT"}
    check(clauses, known, "PROGRAMMATIC ACCESS TOKEN")
    if name in users.tokens:
        raise failures.already_exists(name)
    days = _number(clauses, "DAYS_TO_EXPIRY", _DAYS, _MAX_DAYS)
    bypass = _number(clauses, "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT", 0, _MAX_BYPASS)
    return rows_answer(_TOKEN, [[name, users.add_token(name, days, bypass)]], DDL)


def _number(clauses: Clauses, name: str, default: int, most: int) -> int:
    given = text(clauses, name, str(default))
    if not given.isdigit() or int(given) > most:
        raise failures.invalid(f"invalid value [{given}] for parameter '{name}'", 1008)
    return int(given)


def _expect_token(reader: Reader) -> None:
    if not reader.accept("PAT"):
        reader.expect("PROGRAMMATIC", "ACCESS", "TOKEN")


def _token_name(users: Users, reader: Reader) -> str:
    _expect_token(reader)
    (name,) = reader.name()
    if name not in users.tokens:
        raise failures.missing_object("Programmatic access token", name)
    return name


def _describe(users: Users, reader: Reader) -> Answer:
    _named(users, reader)
    reader.end()
    prints = {slot: jwt.fingerprint(key) for slot, key in users.keys.items()}
    rows = [["NAME", users.user.upper(), "null", "Name"],
            ["LOGIN_NAME", users.user.upper(), "null", "Login name of the user"]]  # fmt: skip
    for slot in KEY_SLOTS:
        about = "Fingerprint of user's RSA public key."
        rows.append([f"{slot}_FP", prints.get(slot, "null"), "null", about])
    return rows_answer(_PROPERTIES, rows, DESCRIBE)


def _create_issuer(users: Users, reader: Reader, replacing: bool) -> Answer:
    (name,) = reader.name()
    clauses = reader.clauses()
    reader.end()
    check(clauses, _SETTINGS, "INTEGRATION")
    if text(clauses, "TYPE").upper() != "EXTERNAL_OAUTH":
        raise failures.unsupported("SECURITY INTEGRATION of another TYPE than EXTERNAL_OAUTH")
    if text(clauses, "EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE").upper() != "LOGIN_NAME":
        raise failures.unsupported("users mapped by another attribute than LOGIN_NAME")
    if name in users.issuers and not replacing:
        raise failures.already_exists(name)
    slots = ("EXTERNAL_OAUTH_RSA_PUBLIC_KEY", "EXTERNAL_OAUTH_RSA_PUBLIC_KEY_2")
    keys = [jwt.public_key(text(clauses, slot)) for slot in slots if slot in clauses]
    found = tuple(key for key in keys if key is not None)
    mode = text(clauses, "EXTERNAL_OAUTH_ANY_ROLE_MODE", "DISABLE").upper()
    if not found or len(found) != len(keys) or mode not in _ANY_ROLE_MODES:
        raise failures.invalid("invalid value for a parameter of the integration", 1008)
    users.issuers[name] = Issuer(
        name,
        text(clauses, "EXTERNAL_OAUTH_ISSUER"),
        found,
        texts(clauses, "EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM"),
        # The account's own address is an audience too; the sandbox's has no host name.
        texts(clauses, "EXTERNAL_OAUTH_AUDIENCE_LIST"),
        flag(clauses, "ENABLED"),
        any_role=mode == "ENABLE",
    )
    return said(f"Integration {name} successfully created.")


def _drop_issuer(users: Users, reader: Reader) -> Answer:
    missing = reader.accept("IF", "EXISTS")
    (name,) = reader.name()
    reader.end()
    if users.issuers.pop(name, None) is None and not missing:
        raise failures.missing_object("Integration", name)
    return said(f"{name} successfully dropped.")
