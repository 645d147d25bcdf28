"""The messages about invalid options. They name the option; they never contain its value."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from core.remedy import Advice, Remedy, join_texts
from core.request.sizes import format_size

if TYPE_CHECKING:
    from pydantic import ValidationError

# https://docs.pydantic.dev/latest/errors/validation_errors/
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such option",
    "string_too_short": "is empty",
    "string_type": "must be text",
    "tuple_type": "must be a list of names such as A,B",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a number",
    "int_parsing": "must be a number",
}
# The forms of options whose text has one.
_FORMS = {
    "expected_bucket_owner": "must be the 12 digits of an AWS account",
    "external_id": "must have two or more letters, digits and characters of + = , . @ : / - _",
    "region": "must be the name of a region such as eu-central-1",
    "role_arn": "must be the ARN of a role such as arn:aws:iam::123456789012:role/deliveries",
}


def describe_mistakes(error: ValidationError) -> str:
    """Return one short sentence per mistake, without the value of a connection or a key."""
    mistakes = error.errors(include_url=False)
    return join_texts(dict.fromkeys(map(_describe, mistakes)), "; ")


def list_mistakes(error: ValidationError) -> list[tuple[str, str]]:
    """Return each mistake once: the option, empty if it is of several, and what is wrong."""
    mistakes = error.errors(include_url=False)
    found = ((str(each["loc"][0]) if each["loc"] else "", _explain(each)) for each in mistakes)
    return list(dict.fromkeys(found))


def _describe(mistake: Any) -> str:
    place = mistake["loc"]
    if not place:
        return _explain(mistake)
    return Advice(Remedy(str(place[0])), ": ", _explain(mistake))


def _explain(mistake: Any) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    # The option is either a name or a mapping: pydantic complains of both.
    if mistake["loc"][:1] == ("connection",) and kind != "value_error":
        return "must be a name or a mapping"
    if kind == "literal_error":
        return _name_choices(str(context["expected"]), mistake["input"])
    if kind == "greater_than_equal":
        return f"must be at least {format_size(context['ge'])}"
    if kind == "less_than_equal":
        return f"must be at most {format_size(context['le'])}"
    if kind == "string_pattern_mismatch":
        return _FORMS[str(mistake["loc"][0])]
    if kind == "value_error" and context["error"].args:
        text = context["error"].args[0]  # of this project's own, which may hold remedies
        return text if isinstance(text, str) else str(text)
    return _WORDS.get(kind) or str(mistake["msg"])


def _name_choices(expected: str, given: object) -> str:
    """Return which values an option may have, and the nearest to what was given, if one is near."""
    choices = {name.lower(): name for name in re.findall("'([^']*)'", expected)}
    near = difflib.get_close_matches(str(given).lower(), choices, n=1)
    hint = f"; did you mean {choices[near[0]]}?" if near else ""
    return f"must be {expected.replace(chr(39), '')}{hint}"
