"""The report of a delivery: a local JSON file at a path that the user names, for audits.

It holds the request, the plan, the totals and the result of the verification; no secrets and no
rows.
"""

from __future__ import annotations

import json
import os
import platform
import stat
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.bucket.delivery import Delivery
from core.errors import LocalResourceError, TransferError, UsageError
from core.planning.plan import Plan
from core.remedy import Advice, Remedy
from core.request.request import Request
from core.request.targets import without_secrets
from core.runtime.disk.directories import UnsafeDirectoryError, check_links
from core.runtime.disk.private_files import replace

if TYPE_CHECKING:
    from core.aggregation.reconciliation import RunTotals
    from core.outcome import Outcome

_PACKAGES: Final = (
    "amplify-transfer",
    "snowflake-connector-python",
    "polars",
    "pyarrow",
    "boto3",
)


def check_path(path: str) -> None:
    """Check before hours of work that a report can be written.

    Raises:
        UsageError: the directory does not exist, or the path is not that of a file.
        LocalResourceError: the directory cannot be written.
    """
    try:
        directory = Path(path).absolute().parent
    except OSError as error:
        raise LocalResourceError(
            "The current directory is gone.", f"Give the report {path} an absolute path."
        ) from error
    if not directory.is_dir():
        raise UsageError(
            Advice(Remedy("report"), f": directory {directory} does not exist."),
            "Create it, or name another.",
        )
    if Path(path).exists() and not Path(path).is_file():
        raise UsageError(Advice(Remedy("report"), f": {path} is not a file."), "Name another.")
    _check_owners(Path(path).absolute())
    if not os.access(directory, os.W_OK | os.X_OK):
        raise LocalResourceError(
            f"The directory {directory} of the report cannot be written.", "Name another."
        )


def _check_owners(path: Path) -> None:
    """Check that the path holds no link of another user, nor a file that cannot be replaced.

    Raises:
        LocalResourceError: it does.
    """
    try:
        check_links(path)
    except UnsafeDirectoryError as error:
        raise LocalResourceError(
            f"The report {path} is not safe to write: {error.filename} {error.strerror}.",
            "Name a file in a directory that you own.",
        ) from error
    with suppress(FileNotFoundError):
        found, around = path.lstat(), path.parent.stat()
        # In a sticky directory only these users may replace it.
        if not hasattr(os, "geteuid") or os.geteuid() in (0, found.st_uid, around.st_uid):
            return
        if around.st_mode & stat.S_ISVTX:
            raise LocalResourceError(
                f"The report {path} cannot be written: another user's file is there.",
                "Name another.",
            )


def write_report(
    path: str, request: Request, outcome: Outcome, failure: TransferError | None
) -> None:
    """Write the report of a delivery in one step, readable by its owner only (mode 0600).

    Args:
        path: the path of the file; an existing file is replaced.
        request: the request of the run.
        outcome: the delivery.
        failure: the error of the verification; None if it succeeded or was not requested.

    Raises:
        LocalResourceError: the file cannot be written.
    """
    text = json.dumps(_report(request, outcome, failure), indent=2, ensure_ascii=False) + "\n"
    target = Path(path).absolute()
    try:
        replace(target, text, of_anyone=True)  # as `check_path` allows it
    except OSError as error:
        raise LocalResourceError(
            f"The report {target} cannot be written: {error.strerror or 'I/O error'}."
        ) from error


def totals_as_dict(plan: Plan, run: RunTotals) -> dict[str, Any]:
    """Return the totals of a run for JSON: the counts and, by summed column, the agreed totals.

    A total of NULLs alone is None.
    """
    names = ("rows_declared", "rows_read", "blank_rows", "null_dates", "bad_dates", "groups")
    totals = {
        column.name: str(total.value) if (total := run.read.get(f"sum_{n}")) else None
        for n, column in enumerate(plan.sums, 1)
    }
    return {**{name: getattr(run, name) for name in names}, "totals": totals}


def objects_as_data(objects: Iterable[Delivery]) -> list[dict[str, Any]]:
    """Return delivered objects for JSON."""
    return [
        {"key": each.key, "size": each.size, "etag": each.etag, "crc32": each.crc32}
        for each in objects
    ]


def _report(request: Request, outcome: Outcome, failure: TransferError | None) -> dict[str, Any]:
    plan, comparison = outcome.plan, outcome.comparison
    return {
        "result": outcome.result,
        "objects": objects_as_data(outcome.objects),
        "url": outcome.url,
        "recipients": [
            {"fingerprint": each.fingerprint, "name": each.name} for each in outcome.recipients
        ],
        "manifest": outcome.manifest.key if outcome.manifest else None,
        "destination": request.destination,
        "request": _without_secrets(request).as_data(),
        "source": {
            "name": str(plan.source.name),
            "rows": plan.source.rows,
            "is_view": plan.source.is_view,
        },
        "plan": [
            {"name": c.name, "type": c.source.type.text, "role": c.role.value, "why": c.why}
            for c in plan.columns
        ],
        "schema": [column.as_dict() for column in outcome.schema],
        "window": plan.window.as_dict() if plan.window else None,
        "restatement": outcome.restatement.as_data() if outcome.restatement else None,
        "warnings": list(outcome.warnings),
        "engine": {"name": outcome.choice.engine.value, "why": outcome.choice.why},
        "statements": {
            "read": outcome.query_id,
            "verify": comparison.query_id if comparison else None,
        },
        "account": totals_as_dict(plan, outcome.totals),
        "verdict": comparison.as_dict() if comparison else None,
        "not_verified": str(failure) if failure else None,
        "versions": {
            "python": platform.python_version(),
            **{package: _version(package) for package in _PACKAGES},
        },
    }


def _without_secrets(request: Request) -> Request:
    """Return the request with its connection's name, or without a connection if it has none."""
    known = request.connection if isinstance(request.connection, str) else None
    return request.replace(
        connection=known, s3_options=None, notify=without_secrets(request.notify)
    )


def _version(package: str) -> str | None:
    with suppress(ImportError):
        return version(package)
    return None
