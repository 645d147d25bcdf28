"""What a check of an account finds: one line for each thing that was checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import (
    CancelledError,
    CheckFailedError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    LocalResourceError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import as_data

# A construct that gives another answer could deliver wrong figures, so that is the worst; what may
# be different in a minute is the least. Between them, the order of the way.
WORST_FIRST: Final = (
    TransferError.exit_code,
    IntegrityError.exit_code,
    SignInError.exit_code,
    UsageError.exit_code,
    SourceDataError.exit_code,
    DestinationError.exit_code,
    DestinationExistsError.exit_code,
    CheckFailedError.exit_code,
    LocalResourceError.exit_code,
    TemporaryError.exit_code,
    CancelledError.exit_code,
)


class CheckStatus(StrEnum):
    """The result of one check."""

    OK = "ok"
    DIFFERS = "differs"
    UNCHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        part: the part of the way that it belongs to: `snowflake`, `sql`, `results`,
            `table`, `unload` or `bucket`.
        subject: what was checked, in a few words.
        status: the result.
        detail: a fact that was found, what differs, or why it was not checked; may be empty.
        advice: what it means and what to do; empty if it is ok. It may hold remedies
            (`core.remedy`).
        exit_code: 0, or the exit code of the error class of what differs.
        seconds: how long it took.
    """

    part: str
    subject: str
    status: CheckStatus
    detail: str = ""
    advice: str = ""
    exit_code: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return {
            "part": self.part,
            "subject": self.subject,
            "status": self.status.value,
            "detail": as_data(self.detail),
            "advice": as_data(self.advice),
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check.

    Attributes:
        findings: one for each thing that was checked, in the order of the way.
        seconds: how long the whole took.
    """

    findings: tuple[Finding, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """The exit code of the worst finding; 0 if nothing differs."""
        return find_worst(each.exit_code for each in self.findings)

    def count(self, status: CheckStatus) -> int:
        """Return the number of findings with a status."""
        return sum(each.status is status for each in self.findings)


def find_worst(exit_codes: Iterable[int]) -> int:
    """Return the worst of some exit codes; 0 if all are 0.

    Wrong answers (8) come first, then what refuses access (3), the connection (2), the source (4),
    the destination (6, 7), this machine (9) and temporary failures (5).
    """
    given = set(exit_codes)
    return next((code for code in WORST_FIRST if code in given), 0)
