"""What the names of objects need: to be the same in every run, or another for each month."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.remedy import Advice, Remedy

if TYPE_CHECKING:
    from core.request.request import Request

CHANGING: Final = re.compile(r"\{(?:timestamp|run_id)\}")  # what differs in every run
_ENCRYPTED: Final = ("{ext}", ".gpg", ".pgp")
_USUAL: Final = "{timestamp}"  # the changing field of the usual name


def check_skip(request: Request) -> None:
    """Check that a run which leaves out what exists can find it.

    Raises:
        ValueError: the name of the object differs in every run; the message suggests another.
    """
    if request.if_exists != "skip":
        return
    found = CHANGING.search(_USUAL if request.file_name is None else request.file_name)
    if found:
        raise ValueError(
            Advice(
                Remedy("if_exists", "skip"),
                f" needs a name that is the same in every run; {found[0]} is not. Such a name is ",
                Remedy("file_name", _suggest_name(request)),
            )
        )


def check_split(request: Request) -> None:
    """Check that each month has a name of its own, and that a later run can find a delivery.

    Raises:
        ValueError: they have not, or it cannot.
    """
    if request.split_by is None:
        return
    if request.file_name is not None and "{month}" not in request.file_name:
        raise ValueError(
            Advice(
                Remedy("split_by", request.split_by),
                " needs a name for each month. Such a name is ",
                Remedy("file_name", "year={year}/month={month}/{table}.{ext}"),
            )
        )
    if request.if_exists == "skip" and not request.manifest:
        raise ValueError(
            Advice(
                Remedy("if_exists", "skip"),
                " knows a delivery of several files by its manifest only: add ",
                Remedy("manifest", True),
            )
        )


def check_encrypted(request: Request) -> None:
    """Check that the name of an encrypted object says so, since its readers go by the name.

    Raises:
        ValueError: it does not; the message suggests another.
    """
    name = request.file_name
    if request.encrypt_to and name and not name.endswith(_ENCRYPTED):
        raise ValueError(
            Advice(
                Remedy("encrypt_to"),
                " needs a name that ends in {ext} or .gpg. Such a name is ",
                Remedy("file_name", f"{name.split('.')[0]}.{{ext}}"),
            )
        )


def _suggest_name(request: Request) -> str:
    """Return a template that gives the same name for the same months."""
    if request.last_months is not None:
        one = request.last_months == 1 and not request.include_current
    elif request.since is not None and request.until is not None:
        one = request.since == request.until
    else:
        return "{table}/{month}.{ext}" if request.split_by else "{table}.{ext}"
    if request.split_by:
        return "{table}/{month}.{ext}"
    return "{table}_{month}.{ext}" if one else "{table}_{since}_{until}.{ext}"
