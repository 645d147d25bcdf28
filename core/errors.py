"""Every way a transfer can fail: one tree, one exit code a class.

An error says what happened, to what, and what to do next. The cause is chained (`raise ... from`),
never printed raw: a driver's message may carry data or secrets.

Exit codes follow the habit of rclone and restic (one number a kind of failure), not sysexits.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from core.outcome import Outcome


class TransferError(Exception):
    """A transfer that could not be done.

    Args:
        message: what happened, and to what.
        hint: what to do next, one sentence; empty if nothing helps.

    Attributes:
        exit_code: the process exit code of this class of failure.
        label: the class as one word, for logs and machine-readable output.
        outcome: what was delivered all the same: set by failures after the delivery only, such as
            a verification that finds a difference.
        stored: the message as it may be written down: without any value of the table.
    """

    exit_code: ClassVar[int] = 1
    label: ClassVar[str] = "unexpected"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stored = message
        self.hint = hint
        self.outcome: Outcome | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(TransferError):
    """An option, a name or a configuration that cannot be meant."""

    exit_code = 2
    label = "usage"


class SignInError(TransferError):
    """Snowflake refused the sign-in, or AWS a secret for it, or the role lacks a privilege."""

    exit_code = 3
    label = "source_sign_in"


class SourceDataError(TransferError):
    """The table, its columns or its values do not allow the transfer."""

    exit_code = 4
    label = "source_data"


class TemporaryError(TransferError):
    """A network or service failure that a later try may not meet.

    Args:
        message, hint: as of every error.
        why: the failure in a few words; the message if empty.
        again: whether the same request may succeed within minutes; else only a later run may.
        retry_after: seconds that the service asks to wait.
    """

    exit_code = 5
    label = "temporary"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        why: str = "",
        again: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message, hint)
        self.why = why or message
        self.again = again
        self.retry_after = retry_after


class DestinationError(TransferError):
    """The bucket is missing, or refuses the credentials or the write."""

    exit_code = 6
    label = "destination"


class DestinationExistsError(TransferError):
    """The object is there already and `if_exists` does not allow replacing it."""

    exit_code = 7
    label = "destination_exists"


class IntegrityError(TransferError):
    """Counts, totals or checksums disagree; nothing was delivered, unless `outcome` says so."""

    exit_code = 8
    label = "integrity"


class LocalResourceError(TransferError):
    """This machine ran out of disk or memory, or a directory cannot be written."""

    exit_code = 9
    label = "local_resources"


class CancelledError(TransferError):
    """The caller cancelled; query and upload were aborted."""

    exit_code = 130
    label = "cancelled"

    def __init__(
        self,
        message: str = "The transfer was cancelled; nothing was delivered.",
        hint: str = "Run it again when you like.",
    ) -> None:
        super().__init__(message, hint)
