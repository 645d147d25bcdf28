"""The errors of a completed delivery that could not be verified or reported."""

from __future__ import annotations

from core.errors import CancelledError, IntegrityError, TransferError
from core.remedy import Advice
from core.verify.comparison import Comparison


def find_mismatch(url: str, comparison: Comparison) -> IntegrityError | None:
    """Return the error for a delivery at `url` whose comparison disagrees; None if it does not."""
    if comparison.agrees is not False:
        return None
    more = comparison.difference_count - 1
    others = f", and {more:,} more differences" if more else ""
    return IntegrityError(
        f"{url} is delivered, but {comparison.differences[0]}{others}.",
        f"Do not rely on it. {comparison.how}",
    )


def explain_unverified(url: str, error: TransferError) -> TransferError:
    """Return the error for a verification that failed or was cancelled, of its cause's class."""
    if isinstance(error, CancelledError):
        failure: TransferError = CancelledError(
            f"The verification was stopped. {url} is delivered.", ""
        )
    else:
        message = Advice(f"{url} is delivered, but not verified: ", error.message)
        failure = type(error)(message, error.hint)
    failure.__cause__ = error
    return failure


def explain_unreported(url: str, error: TransferError) -> TransferError:
    """Return the error for a report that could not be written, of its cause's class."""
    failure = type(error)(Advice(f"{url} is delivered. ", error.message), error.hint)
    failure.__cause__ = error
    return failure
