"""Run the transfers of a job file: `core.run_job`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import CancelledError, TransferError, UsageError
from core.events import Event, Planned, Warned
from core.jobs.changes import find_changes, refuse_changes
from core.jobs.job_file import Job, JobTransfer, read_job
from core.jobs.result import JobResult
from core.jobs.sign_ins import SignIns
from core.records.history import run_recorded
from core.remedy import Advice, Remedy
from core.request.request import SMALLEST_MEMORY_LIMIT
from core.request.sizes import MEBIBYTE
from core.runtime.cancel import NEVER, Cancel, LinkedCancel

if TYPE_CHECKING:
    from core.outcome import Outcome
    from core.planning.plan import Plan

JobListener = Callable[[str, Event], None]
"""Called with the name of a transfer and an event of it."""


def run_job(
    path: str | Path,
    *,
    only: Collection[str] = (),
    jobs: int = 1,
    stop_on_failure: bool = False,
    options: Mapping[str, Any] | None = None,
    on_progress: JobListener = lambda name, event: None,
    on_result: Callable[[JobResult], None] = lambda result: None,
    cancel: Cancel | None = None,
) -> list[JobResult]:
    """Run the transfers of a job file.

    The transfers share one sign-in to Snowflake, unless they have different connections, roles,
    warehouses or time zones. A transfer that fails does not stop the others. Each is recorded in
    the history of this machine, with which the next run compares the columns of its table.

    Example:
        >>> import core
        >>> for result in core.run_job("monthly.toml", only=["orders"]):
        ...     print(result.as_dict())
        {'name': 'orders', 'file_name': 'ORDERS_monthly_20261123T101500Z.parquet', ...}

    Args:
        path: The job file.
        only: The names of the transfers to run; all if empty.
        jobs: How many transfers run at a time. They share the memory limit of the job: that of its
            `[defaults]`, else the default of `memory_limit`.
        stop_on_failure: Start no further transfer once one has failed.
        options: Options of a transfer that win over those of the file.
        on_progress: Called with the name of a transfer and each of its events; from several
            threads, never from two at once.
        on_result: Called with the result of each transfer as soon as it has ended, as on_progress.
        cancel: A `threading.Event` that stops all transfers when it is set.

    Returns:
        The results in the order of the file, those of failed and of cancelled transfers too: see
        `core.JobResult`.

    Raises:
        UsageError: the file cannot be read or has mistakes, has no transfer of a name in `only`, or
            there is too little memory for so many transfers at a time.
    """
    job = read_job(Path(path), only=only, given=options)
    return run_transfers(
        job,
        jobs=jobs,
        stop_on_failure=stop_on_failure,
        on_progress=on_progress,
        on_result=on_result,
        cancel=cancel,
    )


def run_transfers(
    job: Job,
    *,
    jobs: int = 1,
    stop_on_failure: bool = False,
    demo: bool = False,
    on_progress: JobListener = lambda name, event: None,
    on_result: Callable[[JobResult], None] = lambda result: None,
    cancel: Cancel | None = None,
) -> list[JobResult]:
    """Run the transfers of a job that was read; see `run_job`.

    Args:
        job: the job.
        jobs, stop_on_failure, on_progress, on_result, cancel: as for `run_job`.
        demo: whether the transfers use the embedded warehouse and bucket.
    """
    shared, stop = share_memory(job, jobs), LinkedCancel(cancel or NEVER)
    at_once = min(jobs, len(shared)) or 1
    with SignIns(stop) as sign_ins, ThreadPoolExecutor(at_once, thread_name_prefix="job") as pool:
        runner = _Runner(stop_on_failure, demo, on_progress, on_result, stop, sign_ins)
        try:
            return list(pool.map(runner.run, shared))
        except BaseException:  # Ctrl-C, or an error of a listener
            stop.set()
            raise


def share_memory(job: Job, jobs: int) -> Sequence[JobTransfer]:
    """Return the transfers, each with its part of the memory that `jobs` of them share.

    Raises:
        UsageError: `jobs` is not a positive number, or a part is too small for a transfer.
    """
    if jobs < 1:
        raise UsageError("At least one transfer runs at a time.")
    at_once = max(1, min(jobs, len(job.transfers)))
    part = job.memory_limit // at_once
    if part < SMALLEST_MEMORY_LIMIT and at_once > 1:
        enough = at_once * SMALLEST_MEMORY_LIMIT // MEBIBYTE
        raise UsageError(
            f"{at_once} transfers at a time would have {part // MEBIBYTE} MB of memory each; one "
            f"needs {SMALLEST_MEMORY_LIMIT // MEBIBYTE} MB.",
            Advice(
                "Run fewer at a time, or raise the limit: ",
                Remedy("memory_limit", f"{enough}MB"),
                ".",
            ),
        )
    return [_limit_memory(each, part) if at_once > 1 else each for each in job.transfers]


def _limit_memory(transfer: JobTransfer, part: int) -> JobTransfer:
    limit = min(transfer.request.memory_limit, part)
    request = transfer.request.replace(memory_limit=limit)
    return replace(transfer, request=request)


class _Runner:
    """Runs transfers, one per call, from several threads."""

    def __init__(
        self,
        stop_on_failure: bool,
        demo: bool,
        on_progress: JobListener,
        on_result: Callable[[JobResult], None],
        stop: LinkedCancel,
        sign_ins: SignIns,
    ) -> None:
        self._stop_on_failure = stop_on_failure
        self._demo = demo
        self._on_progress = on_progress
        self._on_result = on_result
        self._stop = stop
        self._sign_ins = sign_ins
        self._lock = threading.RLock()
        self._failed = ""  # the first transfer that failed

    def run(self, transfer: JobTransfer) -> JobResult:
        """Run a transfer unless the job has ended; its failure is part of the result."""
        if refused := self._refuse():
            result = JobResult(transfer.name, error=refused, ran=False)
        else:
            result = self._run(transfer)
        with self._lock:
            if result.error is not None and not self._failed:
                self._failed = transfer.name
            try:
                self._on_result(result)
            except BaseException:  # before another transfer starts
                self._stop.set()
                raise
        return result

    def _refuse(self) -> CancelledError | None:
        """Return the error of a transfer that is not started; None if it may start."""
        if self._stop.is_set():
            return CancelledError("Not started: the job was cancelled.")
        with self._lock:
            if self._stop_on_failure and self._failed:
                return CancelledError(f"Not started: {self._failed} failed.")
        return None

    def _run(self, transfer: JobTransfer) -> JobResult:
        try:
            outcome = run_recorded(
                transfer.request,
                by="batch",
                demo=self._demo,
                on_event=partial(self._listen, transfer),
                cancel=self._stop,
                signed_in=self._sign_ins,
            )
        except TransferError as error:
            return JobResult(transfer.name, _as_outcome(error), error)
        except Exception as error:  # its text may hold data
            return JobResult(transfer.name, error=_describe_defect(error))
        return JobResult(transfer.name, outcome)

    def _listen(self, transfer: JobTransfer, event: Event) -> None:
        with self._lock:
            self._on_progress(transfer.name, event)
        if not isinstance(event, Planned):
            return
        # An error ends the run, before a row is read.
        if text := compare_with_last(transfer, event.plan, demo=self._demo):
            with self._lock:
                self._on_progress(transfer.name, Warned(text))


def compare_with_last(transfer: JobTransfer, plan: Plan, *, demo: bool) -> str:
    """Compare the columns of a transfer with those of its last delivery.

    Args:
        transfer: the transfer.
        plan: its plan.
        demo: whether it uses the embedded warehouse and bucket.

    Returns:
        The columns that were gained or lost, as a sentence; empty without any.

    Raises:
        SourceDataError: there are some, and its schema is frozen.
    """
    changes = find_changes(transfer.request, plan, demo=demo)
    if changes is None:
        return ""
    if transfer.frozen:
        refuse_changes(changes)
    return str(changes)


def _as_outcome(error: TransferError) -> Outcome | None:
    from core.outcome import Outcome

    return error.outcome if isinstance(error.outcome, Outcome) else None


def _describe_defect(error: Exception) -> TransferError:
    defect = TransferError(f"Unexpected {type(error).__name__}.", "Please report it.")
    defect.__cause__ = error
    return defect
