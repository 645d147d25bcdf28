"""The description of an error for the user: what happened, what to do, and where it was raised."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Final

from core import TransferError
from tui.format.remedies import in_app
from tui.format.text import visible

_HEADINGS: Final = {
    "unexpected": "Unexpected error",
    "usage": "Invalid option",
    "source_sign_in": "Snowflake refused access",
    "source_data": "The table cannot be transferred",
    "temporary": "Temporary failure",
    "destination": "The bucket refused the request",
    "destination_exists": "The object exists already",
    "integrity": "Row counts or totals differ",
    "local_resources": "This machine lacks resources",
    "check_failed": "A check of the delivery failed",
    "cancelled": "Stopped",
}
_OUTER_FRAMES: Final = 12  # of a traceback, from its end: what a report needs


@dataclass(frozen=True)
class Failure:
    """The description of an error.

    Attributes:
        heading: the class of the error, for the title of the dialog.
        label: the class as one word, as `--batch` prints it.
        code: the exit code of `--batch` for it.
        message: what happened, and to what.
        hint: what to do next; may be empty.
        standing: that nothing was delivered; empty where the message says what was, or that it
            cannot be known.
        details: the classes of the error and its causes, and lines of code; no texts or values.
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
        """Return the description of `error`.

        The text of an error that is not a `TransferError` may hold data, so only its class is used.

        Args:
            error: any exception.
            of_run: whether it ended a transfer, so that whether anything was delivered matters.
        """
        shown = error if isinstance(error, TransferError) else _make_unexpected(error)
        return cls(
            _HEADINGS.get(shown.label, _HEADINGS["unexpected"]),
            shown.label,
            shown.exit_code,
            visible(in_app(shown.message)),
            visible(in_app(shown.hint)),
            "Nothing was delivered." if of_run and shown.delivered is False else "",
            _details(error),
        )

    @property
    def text(self) -> str:
        """The whole description, to paste into a report."""
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
    """Return the path from the package on: the rest only describes the user's machine."""
    for mark in ("/site-packages/", "/lib/python"):
        if mark in path:
            return path.rpartition(mark)[2]
    return "/".join(path.split("/")[-3:])
