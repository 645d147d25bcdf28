"""amplify-transfer: a Snowflake table to an S3 bucket, aggregated by month.

Importing this package is cheap; what a name needs is imported with its first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import core.runtime.process.forks  # noqa: F401  notes what is loaded whenever the process forks

if TYPE_CHECKING:
    from core.api import transfer_data
    from core.checking.check import check
    from core.checking.finding import CheckResult, CheckStatus, Finding
    from core.errors import (
        CancelledError,
        CheckFailedError,
        ConfigurationError,
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
    from core.events import Delivered, Event, Phase, Planned, Progress, Recovered, Retrying, Warned
    from core.jobs.result import JobResult
    from core.jobs.run import run_job
    from core.outcome import Outcome, Preview, Skipped
    from core.previews import plan, preview_rows, tables
    from core.remedy import Remedy
    from core.request.request import Request
    from core.transfer import plan_transfer, run_transfer

_HOMES = {
    "core.api": ("transfer_data",),
    "core.checking.check": ("check",),
    "core.checking.finding": ("CheckResult", "CheckStatus", "Finding"),
    "core.errors": (
        "CancelledError",
        "CheckFailedError",
        "ConfigurationError",
        "DestinationError",
        "DestinationExistsError",
        "IntegrityError",
        "LocalResourceError",
        "SignInError",
        "SourceDataError",
        "TemporaryError",
        "TransferError",
        "UsageError",
    ),
    "core.events": (
        "Delivered",
        "Event",
        "Phase",
        "Planned",
        "Progress",
        "Recovered",
        "Retrying",
        "Warned",
    ),
    "core.jobs.result": ("JobResult",),
    "core.jobs.run": ("run_job",),
    "core.outcome": ("Outcome", "Preview", "Skipped"),
    "core.previews": ("plan", "preview_rows", "tables"),
    "core.remedy": ("Remedy",),
    "core.request.request": ("Request",),
    "core.transfer": ("plan_transfer", "run_transfer"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [
    "CancelledError",
    "CheckFailedError",
    "CheckResult",
    "CheckStatus",
    "ConfigurationError",
    "Delivered",
    "DestinationError",
    "DestinationExistsError",
    "Event",
    "Finding",
    "IntegrityError",
    "JobResult",
    "LocalResourceError",
    "Outcome",
    "Phase",
    "Planned",
    "Preview",
    "Progress",
    "Recovered",
    "Remedy",
    "Request",
    "Retrying",
    "SignInError",
    "Skipped",
    "SourceDataError",
    "TemporaryError",
    "TransferError",
    "UsageError",
    "Warned",
    "check",
    "plan",
    "plan_transfer",
    "preview_rows",
    "run_job",
    "run_transfer",
    "tables",
    "transfer_data",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
