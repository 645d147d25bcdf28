"""The result of each transfer of a job, and the exit code of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.checking.finding import WORST_FIRST
from core.errors import TransferError

if TYPE_CHECKING:
    from core.outcome import Outcome, Skipped


@dataclass(frozen=True)
class JobResult:
    """How one transfer of a job ended.

    Attributes:
        name: its name in the job.
        outcome: what was delivered, or was there already; None if nothing was, as far as it is
            known. It is set also if the verification failed after the delivery.
        error: why it failed; None if it did not.
        ran: whether it was started.
    """

    name: str
    outcome: Outcome | Skipped | None = None
    error: TransferError | None = None
    ran: bool = True

    @property
    def exit_code(self) -> int:
        """0, or the exit code of the error."""
        return self.error.exit_code if self.error else 0

    def as_dict(self) -> dict[str, Any]:
        """Return the result JSON after `name`; or `name`, `error` and `exit_code`."""
        if self.error is not None or self.outcome is None:
            return {"name": self.name, "error": str(self.error), "exit_code": self.exit_code}
        return {"name": self.name, **self.outcome.result}


def find_worst(codes: Iterable[int]) -> int:
    """Return the exit code of the worst failure; 0 without failures.

    Unexpected errors and wrong figures are the worst; what a later run may not meet, and what was
    cancelled, the least.
    """
    failed = [code for code in codes if code]
    known = {code: number for number, code in enumerate(WORST_FIRST)}
    return min(failed, key=lambda code: known.get(code, -1), default=0)
