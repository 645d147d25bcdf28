"""The name of an object that a later run is to find: it must be the same in every run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.remedy import Advice, Remedy

if TYPE_CHECKING:
    from core.request.request import Request

_CHANGING: Final = re.compile(r"\{(?:timestamp|run_id)\}")  # what differs in every run
_USUAL: Final = "{timestamp}"  # the changing field of the usual name


def check_skip(request: Request) -> None:
    """Check that a run which leaves out what exists can find it.

    Raises:
        ValueError: the name of the object differs in every run; the message suggests another.
    """
    if request.if_exists != "skip":
        return
    found = _CHANGING.search(_USUAL if request.file_name is None else request.file_name)
    if found:
        raise ValueError(
            Advice(
                Remedy("if_exists", "skip"),
                f" needs a name that is the same in every run; {found[0]} is not. Such a name is ",
                Remedy("file_name", _suggest_name(request)),
            )
        )


def _suggest_name(request: Request) -> str:
    """Return a template that gives the same name for the same months."""
    if request.last_months is not None:
        one = request.last_months == 1 and not request.include_current
    elif request.since is not None and request.until is not None:
        one = request.since == request.until
    else:
        return "{table}.{ext}"
    return "{table}_{month}.{ext}" if one else "{table}_{since}_{until}.{ext}"
