"""Statements about cloud storage: COPY INTO <location>, stages, storage integrations.

Their syntax is Snowflake's own, so that they are read here and not by sqlglot.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import OWNER, Path, format_path
from core.sandbox.warehouse.catalog.show import columns, like_pattern
from core.sandbox.warehouse.engine.execution import DESCRIBE, SHOW, Execution, rows_answer, status
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.unload import external_tables
from core.sandbox.warehouse.unload.clauses import Clauses, Reader, check, flag, inner, text, texts
from core.sandbox.warehouse.unload.copy_into import copy_into
from core.sandbox.warehouse.unload.stages import Integration, Stage, Storage, keys, server_side

Statement = Callable[[Execution], Answer]
_MAYBE = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*(COPY|CREATE|DROP|DESC|DESCRIBE|SHOW)\b", re.I | re.S
)
_STAGES = columns(
    "created_on:t name database_name schema_name url has_credentials has_encryption_key owner"
    " comment region type cloud notification_channel storage_integration"
)
_INTEGRATIONS = columns("name type category enabled comment created_on:t")
_STAGE_PROPERTIES = columns(
    "parent_property property property_type property_value property_default"
)
_PROPERTIES = columns("property property_type property_value property_default")


def statement(sql: str, storage: Storage, query_id: str) -> Statement | None:
    """Return a function that runs `sql` if it is a statement about cloud storage, else None.

    Args:
        query_id: of the statement, for INCLUDE_QUERY_ID.
    """
    if not _MAYBE.match(sql):
        return None
    reader = Reader(sql)
    if reader.accept("COPY", "INTO"):
        if reader.peek().kind not in ("location", "string"):
            raise failures.unsupported("COPY INTO <table>")
        return lambda execution: copy_into(execution, storage, reader, query_id)
    for verbs, handlers in _HANDLERS.items():
        if any(reader.accept(verb) for verb in verbs):
            replace = reader.accept("OR", "REPLACE")
            _ = reader.accept("TEMPORARY") or reader.accept("TEMP")
            for words, handler in handlers.items():
                if reader.accept(*words.split()):
                    call = _Call(storage, reader, replace)
                    return lambda execution, run=handler: run(execution, call)  # type: ignore[misc]
    return None


@dataclass(frozen=True)
class _Call:
    """A statement of which the first words are read."""

    storage: Storage
    reader: Reader
    replace: bool


def _owning(execution: Execution, kind: str, name: str) -> None:
    if execution.state.role in execution.catalog.limited:
        raise failures.insufficient_privileges(kind, name)


def _create_stage(execution: Execution, call: _Call) -> Answer:
    kept = call.reader.accept("IF", "NOT", "EXISTS")
    path = execution.names.path(call.reader.name())
    clauses = call.reader.clauses()
    call.reader.end()
    check(
        clauses,
        {"URL", "STORAGE_INTEGRATION", "CREDENTIALS", "ENCRYPTION", "FILE_FORMAT", "COMMENT"},
        "STAGE",
    )
    _owning(execution, "Stage", path[2])
    call.storage.ready()
    execution.catalog.schema(*path[:2])
    if path in call.storage.stages and not call.replace:
        if kept:
            return status(f"{path[2]} already exists, statement succeeded.")
        raise failures.already_exists(path[2])
    stage = _stage(path, clauses)
    if stage.integration:
        call.storage.integration(execution, stage.integration).check(stage.url)
    call.storage.stages[path] = stage
    return status(f"Stage area {path[2]} successfully created.")


def _stage(path: Path, clauses: Clauses) -> Stage:
    if "FILE_FORMAT" in clauses:
        raise failures.unsupported("FILE_FORMAT of a stage")
    url = text(clauses, "URL")
    if not url.startswith(("s3://", "s3gov://", "s3china://")):
        raise failures.unsupported(f"stage at '{url}'")
    credentials, encryption = inner(clauses, "CREDENTIALS"), inner(clauses, "ENCRYPTION")
    if credentials:
        keys(credentials)
    server_side(encryption)
    integration = text(clauses, "STORAGE_INTEGRATION")
    return Stage(path, url, integration, credentials, encryption, text(clauses, "COMMENT"))


def _create_integration(execution: Execution, call: _Call) -> Answer:
    kept = call.reader.accept("IF", "NOT", "EXISTS")
    (name,) = call.reader.name()
    clauses = call.reader.clauses()
    call.reader.end()
    check(
        clauses,
        {"TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_AWS_ROLE_ARN", "STORAGE_ALLOWED_LOCATIONS",
         "STORAGE_BLOCKED_LOCATIONS", "COMMENT"},
        "INTEGRATION",
    )  # fmt: skip
    _owning(execution, "Integration", name)
    call.storage.ready()
    if name in call.storage.integrations and not call.replace:
        if kept:
            return status(f"{name} already exists, statement succeeded.")
        raise failures.already_exists(name)
    allowed = texts(clauses, "STORAGE_ALLOWED_LOCATIONS")
    provider, kind = text(clauses, "STORAGE_PROVIDER").upper(), text(clauses, "TYPE").upper()
    if provider != "S3" or kind != "EXTERNAL_STAGE" or not allowed:
        raise failures.invalid(
            "TYPE = EXTERNAL_STAGE, STORAGE_PROVIDER = 'S3' and STORAGE_ALLOWED_LOCATIONS needed",
            1008,
        )
    call.storage.integrations[name] = Integration(
        name,
        allowed,
        texts(clauses, "STORAGE_BLOCKED_LOCATIONS"),
        flag(clauses, "ENABLED"),
        text(clauses, "STORAGE_AWS_ROLE_ARN"),
        text(clauses, "COMMENT"),
    )
    return status(f"Integration {name} successfully created.")


def _drop_stage(execution: Execution, call: _Call) -> Answer:
    missing = call.reader.accept("IF", "EXISTS")
    path = execution.names.path(call.reader.name())
    call.reader.end()
    _owning(execution, "Stage", path[2])
    if call.storage.stages.pop(path, None) is None and not missing:
        raise failures.missing_object("Stage", format_path(path))
    return status(f"{path[2]} successfully dropped.")


def _create_external_table(execution: Execution, call: _Call) -> Answer:
    _owning(execution, "Table", "")
    call.storage.ready()
    return external_tables.create(execution, call.storage, parse(call.reader.sql))


def _drop_external_table(execution: Execution, call: _Call) -> Answer:
    missing = call.reader.accept("IF", "EXISTS")
    names = call.reader.name()
    call.reader.end()
    _owning(execution, "Table", names[-1])
    return external_tables.drop(execution, names, missing=missing)


def _drop_integration(execution: Execution, call: _Call) -> Answer:
    missing = call.reader.accept("IF", "EXISTS")
    (name,) = call.reader.name()
    call.reader.end()
    _owning(execution, "Integration", name)
    if call.storage.integrations.pop(name, None) is None and not missing:
        raise failures.missing_object("Integration", name)
    return status(f"{name} successfully dropped.")


def _describe_stage(execution: Execution, call: _Call) -> Answer:
    call.storage.ready()
    stage = call.storage.stage(execution, call.reader.name())
    call.reader.end()
    rows = [
        ("STAGE_LOCATION", "URL", "String", f'["{stage.url}"]', ""),
        ("STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", stage.integration, ""),
        ("STAGE_CREDENTIALS", "AWS_KEY_ID", "String", text(stage.credentials, "AWS_KEY_ID"), ""),
        ("STAGE_ENCRYPTION", "TYPE", "String", text(stage.encryption, "TYPE"), ""),
        ("STAGE_ENCRYPTION", "KMS_KEY_ID", "String", text(stage.encryption, "KMS_KEY_ID"), ""),
    ]
    return rows_answer(_STAGE_PROPERTIES, [row for row in rows if row[3]], DESCRIBE)


def _describe_integration(execution: Execution, call: _Call) -> Answer:
    call.storage.ready()
    found = call.storage.integration(execution, *call.reader.name())
    call.reader.end()
    rows = [
        ("ENABLED", "Boolean", str(found.enabled).lower(), "false"),
        ("STORAGE_PROVIDER", "String", "S3", ""),
        ("STORAGE_ALLOWED_LOCATIONS", "List", ",".join(found.allowed), "[]"),
        ("STORAGE_BLOCKED_LOCATIONS", "List", ",".join(found.blocked), "[]"),
        ("STORAGE_AWS_ROLE_ARN", "String", found.role_arn, ""),
        ("COMMENT", "String", found.comment, ""),
    ]
    return rows_answer(_PROPERTIES, rows, DESCRIBE)


def _like(reader: Reader) -> re.Pattern[str]:
    return like_pattern(reader.next().value if reader.accept("LIKE") else "%")


def _show_stages(execution: Execution, call: _Call) -> Answer:
    call.storage.ready()
    like, place = _like(call.reader), _place(execution, call.reader)
    call.reader.end()
    role, catalog = execution.state.role, execution.catalog
    rows = [
        (each.created_on, path[2], path[0], path[1], each.url, "Y" if each.credentials else "N",
         "N", OWNER, each.comment, "us-east-1", "EXTERNAL", "AWS", "", each.integration)
        for path, each in sorted(call.storage.stages.items())
        if path[: len(place)] == place and like.fullmatch(path[2]) and catalog.visible(role, path)
    ]  # fmt: skip
    return rows_answer(_STAGES, rows, SHOW)


def _place(execution: Execution, reader: Reader) -> tuple[str, ...]:
    state = execution.state
    if not reader.accept("IN"):
        return tuple(each for each in (state.database, state.schema) if each)
    if reader.accept("ACCOUNT"):
        return ()
    if reader.accept("DATABASE"):
        return reader.name()
    reader.accept("SCHEMA")
    return execution.names.schema_path(reader.name())


def _show_integrations(execution: Execution, call: _Call) -> Answer:
    call.storage.ready()
    like = _like(call.reader)
    call.reader.end()
    role, catalog = execution.state.role, execution.catalog
    rows = [
        (name, "EXTERNAL_STAGE", "STORAGE", str(each.enabled).lower(), each.comment,
         each.created_on)
        for name, each in sorted(call.storage.integrations.items())
        if like.fullmatch(name) and catalog.visible(role, each.path)
    ]  # fmt: skip
    return rows_answer(_INTEGRATIONS, rows, SHOW)


_Handler = Callable[[Execution, _Call], Answer]
_HANDLERS: dict[tuple[str, ...], dict[str, _Handler]] = {
    ("CREATE",): {
        "STAGE": _create_stage,
        "STORAGE INTEGRATION": _create_integration,
        "EXTERNAL TABLE": _create_external_table,
    },
    ("DROP",): {
        "EXTERNAL TABLE": _drop_external_table,
        "STAGE": _drop_stage,
        "STORAGE INTEGRATION": _drop_integration,
        "INTEGRATION": _drop_integration,
    },
    ("DESC", "DESCRIBE"): {
        "STAGE": _describe_stage,
        "STORAGE INTEGRATION": _describe_integration,
        "INTEGRATION": _describe_integration,
    },
    ("SHOW",): {
        "STAGES": _show_stages,
        "STORAGE INTEGRATIONS": _show_integrations,
        "INTEGRATIONS": _show_integrations,
    },
}
