"""Statements about sessions and rights: USE, ALTER SESSION, GRANT, REVOKE, CREATE ROLE."""

from __future__ import annotations

import re

from sqlglot import exp

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.show import show
from core.sandbox.warehouse.engine.execution import SCL, Execution, status
from core.sandbox.warehouse.translate.scope import fold
from core.sandbox.warehouse.translate.times import check_zone
from core.sandbox.warehouse.unload.clauses import redact
from core.sandbox.warehouse.unload.stages import integration_path

_DONE = "Statement executed successfully."


def use(execution: Execution, node: exp.Expr) -> Answer:
    """Execute USE [DATABASE | SCHEMA | ROLE | WAREHOUSE] name."""
    kind = node.args.get("kind")
    word = kind.name.upper() if kind is not None else ""
    names = tuple(fold(part) for part in node.this.parts) if node.this is not None else ()
    state, catalog = execution.state, execution.catalog
    if word in ("ROLE", "WAREHOUSE"):
        known = catalog.roles if word == "ROLE" else catalog.warehouses
        if names[-1] not in known:
            raise failures.missing_object(word.title(), names[-1])
        setattr(state, word.lower(), names[-1])
    elif word == "SCHEMA" or (not word and len(names) > 1):
        path = execution.names.schema_path(names)
        _visible(execution, path, "Schema")
        state.database, state.schema = path[0], catalog.schema(*path).name
    elif word in ("", "DATABASE"):
        _visible(execution, names[-1:], "Database")
        found = catalog.database(names[-1])
        state.database = found.name
        state.schema = "PUBLIC" if "PUBLIC" in found.schemas else None
    elif word != "SECONDARY":
        raise failures.unsupported(f"USE {word}")
    return status(_DONE, SCL)


def _visible(execution: Execution, path: tuple[str, ...], kind: str) -> None:
    if not execution.catalog.visible(execution.state.role, path):
        raise failures.missing_object(kind, ".".join(path))


def alter_session(execution: Execution, node: exp.Expr) -> Answer:
    """Execute ALTER SESSION SET name = value ... | UNSET name ...; any name is accepted."""
    for action in node.args["actions"]:
        for item in action.expressions:
            if action.args.get("unset"):
                _unset(execution, item.this.name.upper())
            else:
                pair = item.this
                set_parameter(execution, pair.this.name.upper(), _value(pair.expression))
    return status(_DONE, SCL)


def _unset(execution: Execution, name: str) -> None:
    parameters, defaults = execution.state.parameters, execution.state.defaults
    if name in defaults:
        parameters[name] = defaults[name]
    else:
        parameters.pop(name, None)


def set_parameter(execution: Execution, name: str, value: object) -> None:
    """Set a session parameter.

    Raises:
        Failure: 1007 for a time zone that does not exist.
    """
    if name == "TIMEZONE":
        check_zone(str(value))
    execution.state.parameters[name] = value


def _value(node: exp.Expr) -> object:
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    text = node.name
    if isinstance(node, exp.Literal) and not node.args.get("is_string"):
        return int(text) if text.isdigit() else float(text)
    if isinstance(node, exp.Neg):
        return -int(node.this.name)
    return text


def grant(execution: Execution, node: exp.Expr) -> Answer:
    """Execute GRANT or REVOKE privileges ON object TO | FROM ROLE.

    The object is a DATABASE, SCHEMA, TABLE, VIEW, STAGE or INTEGRATION.
    """
    taking = isinstance(node, exp.Revoke)
    kind = str(node.args.get("kind") or "TABLE").upper()
    names = tuple(fold(part) for part in node.args["securable"].find(exp.Table).parts)
    path = _securable(execution, kind, names)
    if execution.state.role in execution.catalog.limited:
        raise failures.insufficient_privileges(kind, names[-1])
    change = execution.catalog.revoke if taking else execution.catalog.grant
    for principal in node.args["principals"]:
        role = fold(principal.this)
        if role not in execution.catalog.roles:
            raise failures.missing_object("Role", role)
        for privilege in node.args["privileges"]:
            change(role, path, privilege.this.name.upper())
    return status(_DONE)


def _securable(execution: Execution, kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if kind in ("TABLE", "VIEW"):
        return execution.names.lookup(names, kind.title()).path
    if kind == "SCHEMA":
        path = execution.names.schema_path(names)
        execution.catalog.schema(*path)
        return path
    if kind == "DATABASE":
        return (execution.catalog.database(names[-1]).name,)
    if kind == "INTEGRATION":
        return integration_path(names[-1])
    if kind == "STAGE":
        return execution.names.path(names)
    raise failures.unsupported(f"GRANT ON {kind}")


_ROLE = re.compile(
    r'\s*(OR\s+REPLACE\s+)?ROLE\s+(IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|\w+)\s*;?\s*', re.I
)


def command(execution: Execution, node: exp.Expr) -> Answer:
    """Run a command that the parser leaves as text: CREATE ROLE or SHOW ROLES.

    Raises:
        Failure: 2 for any other command.
    """
    word = str(node.this).upper()
    rest = node.expression
    text = rest if isinstance(rest, str) else str(getattr(rest, "this", rest) or "")
    if word == "SHOW" and text.strip().upper() == "ROLES":
        return show(execution, exp.Show(this="ROLES"))
    role = _ROLE.fullmatch(text) if word == "CREATE" else None
    if role is None:
        raise failures.unsupported(redact(f"{word} {text}").strip()[:60])
    name = role[3][1:-1].replace('""', '"') if role[3].startswith('"') else role[3].upper()
    execution.catalog.roles.add(name)
    execution.catalog.limited.add(name)
    return status(f"Role {name} successfully created.")


def transaction(execution: Execution, node: exp.Expr) -> Answer:
    """Execute BEGIN or COMMIT, which do nothing: every statement is committed at once."""
    if isinstance(node, exp.Rollback):
        raise failures.unsupported("ROLLBACK: the sandbox commits every statement")
    del execution
    return status(_DONE, SCL)
