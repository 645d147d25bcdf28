"""The errors of a transfer: one class and one exit code for each kind of failure.

    TransferError                 1  an unexpected failure: a defect
    ├── UsageError                2  an invalid option, name or configuration
    │   └── ConfigurationError    2  mistakes in a file of the user, each with its line
    ├── SignInError               3  sign-in refused, or a privilege is missing
    ├── SourceDataError           4  the table, its columns or its values
    │   ├── ObjectMissingError    4  the table does not exist, or is not visible
    │   └── NumericOverflowError  4  a number has more than 38 digits
    ├── TemporaryError            5  network or service; a later run may succeed
    ├── DestinationError          6  the bucket is missing, or refuses the write
    ├── DestinationExistsError    7  the object exists, and may not be replaced
    ├── IntegrityError            8  counts, totals or checksums differ
    ├── LocalResourceError        9  disk, memory or a directory of this machine
    ├── CheckFailedError         10  the rows or months are not as the request demands
    └── CancelledError          130  the caller cancelled

An error states what happened, to which object, and what to do next. It does not state whether
anything was delivered, because the code that fails cannot know. `TransferError.delivered` does, and
the front end that shows the error states it once.

The cause is chained (`raise ... from`) and never printed: a driver's message may contain data or
secrets. Exit codes follow rclone and restic (one number for each kind of failure), not sysexits.h.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Protocol

from core.remedy import Remedy, remedies


class DeliveredTransfer(Protocol):
    """The facts of a delivery: a `core.Outcome`, which this module cannot import."""

    @property
    def file_name(self) -> str:
        """The object's key within the bucket."""

    @property
    def row_count(self) -> int:
        """Data rows in the file."""

    @property
    def timestamp(self) -> datetime:
        """The UTC time at which the delivery was complete."""

    @property
    def url(self) -> str:
        """The URL of the object."""

    @property
    def size(self) -> int:
        """The size of the object in bytes."""

    @property
    def result(self) -> dict[str, Any]:
        """The result JSON."""


class TransferError(Exception):
    """A transfer that failed.

    Args:
        message: what happened, and to which object.
        hint: what to do next, one sentence; empty if there is no remedy.

    Attributes:
        message, hint: the arguments. As strings they name options as keywords of
            `transfer_data`; a front end converts them with `core.remedy.spell_out`.
        exit_code: the process exit code of this class of failure.
        label: the class as one word, for logs and machine-readable output.
        outcome: the `core.Outcome` of what was delivered before the failure, such as a
            verification that finds a difference; None if no delivery is known.
        in_doubt: whether the object may exist although there is no outcome: the answer to the
            last request was lost.
        stored: the message for the history, without any value of the table.
    """

    exit_code: ClassVar[int] = 1
    label: ClassVar[str] = "unexpected"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stored = message
        self.hint = hint
        self.outcome: DeliveredTransfer | None = None
        self.in_doubt = False

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies in message and hint, in their order."""
        return remedies(self.message, self.hint)

    @property
    def delivered(self) -> bool | None:
        """Whether the object was delivered in spite of the error; None if unknown."""
        if self.outcome is not None:
            return True
        return None if self.in_doubt else False

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(TransferError):
    """An invalid option, name or configuration."""

    exit_code = 2
    label = "usage"


class ConfigurationError(UsageError):
    """A configuration or job file with mistakes.

    Args:
        path: the file.
        mistakes: the mistakes, each with its line, in the order of the file.
        hint: as for TransferError.

    Attributes:
        mistakes: one text for each, with the file and the line.
    """

    def __init__(self, path: str, mistakes: Iterable[tuple[int, str]], hint: str = "") -> None:
        found = sorted(dict.fromkeys(mistakes))
        lines = [f"line {line}: {text}" for line, text in found]
        super().__init__(f"{path}, {'; '.join(lines)}.", hint)
        self.mistakes = tuple(f"{path}, {each}" for each in lines)


class SignInError(TransferError):
    """Snowflake refused the sign-in, or AWS a secret for it, or the role lacks a privilege."""

    exit_code = 3
    label = "source_sign_in"


class SourceDataError(TransferError):
    """The table, its columns or its values do not allow the transfer."""

    exit_code = 4
    label = "source_data"


class ObjectMissingError(SourceDataError):
    """A table, view, schema or database does not exist, or is not visible to the role."""


class NumericOverflowError(SourceDataError):
    """Snowflake computed a number with more than the 38 digits of its NUMBER type."""


class TemporaryError(TransferError):
    """A network or service failure that a later attempt may not have.

    Args:
        message, hint: as for TransferError.
        why: a short description of the failure; the message if empty.
        again: whether the same request may succeed within minutes; if not, only a later run may.
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
    """The object exists already, and replacing it is not allowed."""

    exit_code = 7
    label = "destination_exists"


class IntegrityError(TransferError):
    """Counts, totals or checksums differ."""

    exit_code = 8
    label = "integrity"


class LocalResourceError(TransferError):
    """This machine ran out of disk or memory, or a directory cannot be written."""

    exit_code = 9
    label = "local_resources"


class CheckFailedError(TransferError):
    """The rows or months to deliver are not as the request demands."""

    exit_code = 10
    label = "check_failed"


class CancelledError(TransferError):
    """The caller cancelled; query and upload were aborted."""

    exit_code = 130
    label = "cancelled"

    def __init__(
        self,
        message: str = "The transfer was cancelled.",
        hint: str = "Run it again when you like.",
    ) -> None:
        super().__init__(message, hint)
