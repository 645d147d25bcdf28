"""Variables of the environment in the values of a job file: `${NAME}`; `$${` is a literal `${`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from core.configuration.lines import Place
    from core.configuration.tables import TomlFile

_VARIABLE: Final = re.compile(r"\$(?P<literal>\$)?\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)\})?")


def expand(value: Any, file: TomlFile, place: Place) -> Any:
    """Return a value with the variables in its texts replaced.

    Args:
        value: a value of the file.
        file: notes the variables that are not set.
        place: where the value is given.
    """
    if isinstance(value, dict):
        return {name: expand(inner, file, (*place, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [expand(inner, file, (*place, n)) for n, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match["literal"]:
            return match[0][1:]
        if match["name"] is None:
            file.refuse(place, "${ begins the name of a variable, as in ${MONTH}; write $${ for ${")
            return ""
        found = os.environ.get(match["name"])
        if found is None:
            file.refuse(place, f"the environment has no variable {match['name']}")
        return found or ""

    return _VARIABLE.sub(replace, value)
