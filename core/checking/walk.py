"""Runs the checks one by one, and turns what each of them raises into a finding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.checking.finding import CheckResult, CheckStatus, Finding
from core.checking.recording import Recording
from core.errors import CancelledError, SignInError, TemporaryError, TransferError, UsageError
from core.runtime.cancel import Cancel, check

# After these, the checks that follow on the same way would all fail for the same reason.
_BLOCKING = (SignInError, UsageError, TemporaryError)
OnFinding = Callable[[Finding], None]


class UncheckedError(Exception):
    """Raised by a check that cannot be made; its text is the reason, as a sentence."""


class Walk:
    """The checks of one account, in their order.

    Args:
        on_finding: called with each finding as soon as it is made.
        cancel: ends the walk.
        recording: where answers are recorded; None for nowhere.
    """

    def __init__(
        self, on_finding: OnFinding, cancel: Cancel, recording: Recording | None = None
    ) -> None:
        self.cancel = cancel
        self.recording = recording
        self.findings: list[Finding] = []
        self._on_finding = on_finding
        self._began = time.monotonic()

    @property
    def result(self) -> CheckResult:
        """The findings up to now."""
        return CheckResult(tuple(self.findings), time.monotonic() - self._began)

    def step(
        self, part: str, subject: str, work: Callable[[], str], *, always: bool = False
    ) -> bool:
        """Make one check.

        Args:
            part: the part of the way.
            subject: what is checked.
            work: makes the check, and returns a fact to show, or an empty text. It raises a
                TransferError for what differs, and `UncheckedError` if it cannot be made.
            always: make it although the walk was cancelled.

        Returns:
            Whether the checks that follow are worth while: false after a failure that they share.

        Raises:
            CancelledError: the walk was cancelled.
        """
        if not always:
            check(self.cancel)
        began = time.monotonic()
        goes_on = True
        status, detail, advice, code = CheckStatus.OK, "", "", 0
        with self._record(part, subject):
            try:
                detail = work()
            except CancelledError:
                raise
            except UncheckedError as reason:
                status, detail = CheckStatus.UNCHECKED, str(reason)
            except TransferError as error:
                status, detail, advice = CheckStatus.DIFFERS, error.message, error.hint
                code = error.exit_code
                goes_on = not isinstance(error, _BLOCKING)
                self._record_error(error)
        seconds = time.monotonic() - began
        self.report(Finding(part, subject, status, detail, advice, code, seconds))
        return goes_on

    def skip(self, part: str, subject: str, why: str) -> None:
        """Report a check that is not made."""
        self.report(Finding(part, subject, CheckStatus.UNCHECKED, why))

    def report(self, finding: Finding) -> None:
        """Add a finding."""
        self.findings.append(finding)
        self._on_finding(finding)

    @contextmanager
    def _record(self, part: str, subject: str) -> Iterator[None]:
        if self.recording is None:
            yield
            return
        with self.recording.check(part, subject):
            yield

    def _record_error(self, error: TransferError) -> None:
        if self.recording is not None:
            self.recording.add_error(error)
