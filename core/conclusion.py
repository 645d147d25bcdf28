"""What follows a delivery, which stands whatever becomes of it: the proof and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import CancelledError, IntegrityError, LocalResourceError, TransferError
from core.records.report import write_report
from core.request.request import Request
from core.verify.comparison import Verdict

if TYPE_CHECKING:
    from core.outcome import Outcome


def conclude(request: Request, outcome: Outcome, prove: Callable[[], Verdict]) -> Outcome:
    """Verify what was delivered and report it, as far as asked for.

    Args:
        request: what was asked for.
        outcome: what was delivered.
        prove: verifies it.

    Returns:
        The outcome, with the verdict.

    Raises:
        IntegrityError: the delivery is not what it should be.
        TransferError: it could not be verified, or the report cannot be written. Whatever the
            class, `outcome` of the error is what was delivered, and its message says so.
    """
    failure: TransferError | None = None
    if request.verify:
        try:
            outcome = replace(outcome, verdict=prove())
        except TransferError as error:
            failure = _unverified(error, outcome)
        else:
            failure = _mismatch(outcome)
    if request.report:
        try:
            write_report(request.report, request, outcome, failure)
        except LocalResourceError as error:
            failure = failure or _unreported(error, outcome)
    if failure is not None:
        failure.outcome = outcome
        raise failure
    return outcome


def _mismatch(outcome: Outcome) -> TransferError | None:
    verdict = outcome.verdict
    if verdict is None or verdict.agrees is not False:
        return None
    more = verdict.difference_count - 1
    others = f", and {more:,} more differences" if more else ""
    return IntegrityError(
        f"{outcome.url} is delivered, but {verdict.differences[0]}{others}.",
        f"Do not rely on it. {verdict.how}",
    )


def _unverified(error: TransferError, outcome: Outcome) -> TransferError:
    if isinstance(error, CancelledError):
        failure: TransferError = CancelledError(
            f"The verification was stopped. {outcome.url} is delivered.", ""
        )
    else:
        why, hint = (
            text.replace("; nothing was delivered", "") for text in (error.message, error.hint)
        )
        failure = type(error)(f"{outcome.url} is delivered, but not verified: {why}", hint)
    failure.__cause__ = error
    return failure


def _unreported(error: TransferError, outcome: Outcome) -> TransferError:
    failure = type(error)(f"{outcome.url} is delivered. {error.message}", error.hint)
    failure.__cause__ = error
    return failure
