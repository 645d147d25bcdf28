"""An error as it may be shown: what happened, what to do, where it came from; never its data."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Final

from core import TransferError
from tui.format.remedies import in_app
from tui.format.text import visible

_HEADINGS: Final = {
    "unexpected": "Something unexpected happened",
    "usage": "Invalid",
    "source_sign_in": "Snowflake refused",
    "source_data": "The table does not allow it",
    "temporary": "A passing failure",
    "destination": "The bucket refused",
    "destination_exists": "The object is there already",
    "integrity": "The books do not agree",
    "local_resources": "This machine has run out",
    "cancelled": "Stopped",
}
_OUTER_FRAMES: Final = 12  # of a traceback, from its end: what a report needs


@dataclass(frozen=True)
class Failure:
    """What to show of an error.

    Attributes:
        heading: the class of the error in words.
        label: the class as one word, as `--batch` writes it.
        code: the exit code of `--batch` for it.
        message: what happened, and to what.
        hint: what to do next; may be empty.
        standing: that nothing was delivered; empty where the message says what was, or that it
            cannot be known.
        details: the errors behind it and the lines of code, without texts and values.
    """

    heading: str
    label: str
    code: int
    message: str
    hint: str
    standing: str
    details: str

    @classmethod
    def of(cls, error: BaseException, *, of_run: bool = False) -> Failure:
        """Describe `error`; of one that is not ours only the class is shown, as texts carry data.

        Args:
            error: any exception.
            of_run: whether it ended a transfer, so that whether anything was delivered matters.
        """
        told = error if isinstance(error, TransferError) else _make_unexpected(error)
        return cls(
            _HEADINGS.get(told.label, _HEADINGS["unexpected"]),
            told.label,
            told.exit_code,
            visible(in_app(told.message)),
            visible(in_app(told.hint)),
            "Nothing was delivered." if of_run and told.delivered is False else "",
            _details(error),
        )

    @property
    def text(self) -> str:
        """All of it, to paste into a report."""
        head = f"{self.heading} ({self.label}, exit code {self.code})"
        parts = [head, self.message, self.hint, self.standing, self.details]
        return "\n".join(filter(None, parts))


def _make_unexpected(error: BaseException) -> TransferError:
    return TransferError(
        f"Unexpected {type(error).__name__}.",
        "This is a defect of amplify-transfer: please report it with the details below.",
    )


def _details(error: BaseException) -> str:
    lines: list[str] = []
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        joint = "because of " if lines else ""
        lines.append(f"{joint}{type(each).__module__}.{type(each).__qualname__}")
        frames = traceback.extract_tb(each.__traceback__)[-_OUTER_FRAMES:]
        lines += [f"  {_shorten(f.filename)}:{f.lineno} in {f.name}" for f in frames]
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return "\n".join(lines)


def _shorten(path: str) -> str:
    """The path from its package on: the rest tells of the user's machine only."""
    for mark in ("/site-packages/", "/lib/python"):
        if mark in path:
            return path.rpartition(mark)[2]
    return "/".join(path.split("/")[-3:])
