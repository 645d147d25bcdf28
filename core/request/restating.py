"""What a request needs to deliver months again whose figures have changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.remedy import Advice, Remedy, join_remedies
from core.request.stable_names import CHANGING

if TYPE_CHECKING:
    from core.request.request import Request

_OF_WINDOW: Final = re.compile(r"\{(?:since|until)\}")
_NAME: Final = Remedy("restate_months")


def check_restating(request: Request) -> None:
    """Check that it is clear which months are delivered again, and where.

    Raises:
        ValueError: it is not; the message names the options.
    """
    number = request.restate_months
    if number is None:
        return
    if request.last_months is None:
        last = Remedy("last_months", "1")
        raise ValueError(
            Advice(_NAME, " needs to know which months are delivered for the first time: ", last)
        )
    if number < request.last_months:
        last = Remedy("last_months", str(request.last_months))
        raise ValueError(Advice(_NAME, f" ({number}) counts those of ", last, " too"))
    if request.split_by is None:
        raise ValueError(
            Advice(_NAME, " needs a file for each month: ", Remedy("split_by", "month"))
        )
    if request.undated == "keep":
        raise ValueError(
            Advice(_NAME, " and ", Remedy("undated", "keep"), " exclude each other: rows without a "
                   "date belong to no month")
        )  # fmt: skip
    if request.max_change is not None:
        raise ValueError(
            Advice(_NAME, " and ", Remedy("max_change"), " exclude each other: the number of rows "
                   "depends on which months have changed")
        )  # fmt: skip
    _check_names(request)


def _check_names(request: Request) -> None:
    """Check that a month which is delivered again has a place."""
    template = request.file_name
    if template is not None and (found := _OF_WINDOW.search(template)):
        raise ValueError(
            Advice(Remedy("file_name"), f" has {found[0]}, while ", _NAME, " reads other months in "
                   "every run")
        )  # fmt: skip
    if request.if_exists == "skip":
        raise ValueError(
            Advice(_NAME, " and ", Remedy("if_exists", "skip"), " exclude each other: months that "
                   "have not changed are left out anyway")
        )  # fmt: skip
    changing = template is None or CHANGING.search(template) is not None
    if not changing and request.if_exists != "overwrite":
        ways = [Remedy("if_exists", "overwrite"), Remedy("file_name")]
        raise ValueError(
            Advice("may a month that has changed replace its object? ", join_remedies(ways),
                   " with {timestamp}, for a further object")
        )  # fmt: skip
    prefix = "{timestamp}" if template is None else re.split(r"\{(?:month|year)\}", template)[0]
    if request.manifest and CHANGING.search(prefix.rpartition("/")[0] or prefix) is None:
        raise ValueError(
            Advice(Remedy("manifest"), " would list only the months that have changed: ", _NAME,
                   " needs names that begin with a directory such as {timestamp}/")
        )  # fmt: skip
