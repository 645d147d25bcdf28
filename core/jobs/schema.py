"""The JSON schema of job files, for editors that complete and check TOML by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from core.jobs.job_file import ALSO, DEFAULTS, SCHEMAS, TRANSFERS
from core.request.options import OPTIONS, Option

# An option of any type may be given by a variable of the environment.
_VARIABLE: Final = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
_NAME: Final = {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"}


def make_schema() -> dict[str, Any]:
    """Return the schema, which is derived from the declared options.

    https://json-schema.org/draft/2020-12
    """
    options = {name: _describe(option) for name, option in OPTIONS.items()}
    options["connection"] = _describe(OPTIONS["connection"], {"type": "string"})
    options[ALSO] = {**options["bucket"], "description": "Another name of bucket."}
    options["schema"] = {
        "enum": list(SCHEMAS),
        "default": SCHEMAS[0],
        "description": "With frozen, a transfer fails if its table has gained or lost a column "
        "since the last delivery.",
    }
    own = {
        "name": {**_NAME, "description": "The name of the transfer, which no other has."},
        "backfill": {
            "type": "string",
            "examples": ["2023-01..2023-12"],
            "description": "Months, each of which is a transfer of its own.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A job file of amplify-transfer",
        "type": "object",
        "additionalProperties": False,
        "required": [TRANSFERS],
        "properties": {
            DEFAULTS: {
                "type": "object",
                "additionalProperties": False,
                "properties": options,
                "description": "Options of all transfers that do not give their own.",
            },
            TRANSFERS: {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name"],
                    "properties": own | options,
                },
            },
        },
    }


def _describe(option: Option, form: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {**(form or _find_form(option)), "description": option.help.replace("`", "")}
    if option.default not in (None, ()) and not option.required:
        found["default"] = option.default
    if option.examples and found.get("type") == "string":
        found["examples"] = list(option.examples)
    return found


def _find_form(option: Option) -> dict[str, Any]:
    """Return the part of a schema that accepts what the type of an option accepts."""
    if option.choices:
        return {"anyOf": [{"enum": list(option.choices)}, _VARIABLE]}
    forms: list[dict[str, Any]] = []
    for kind in get_args(option.type) or (option.type,):
        origin = get_origin(kind) or kind
        if origin is bool:
            forms.append({"type": "boolean"})
        elif origin is int:
            forms.append({"type": "integer"})
        elif origin is str:
            forms.append({"type": "string"})
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            forms.append({"type": "object", "additionalProperties": {"type": "string"}})
        elif isinstance(origin, type) and issubclass(origin, Sequence):
            forms.append({"type": "array", "items": {"type": "string"}})
    if {"type": "string"} not in forms:
        forms.append(_VARIABLE)
    return forms[0] if len(forms) == 1 else {"anyOf": forms}
