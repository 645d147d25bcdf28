"""Check an account before its first transfer: `core.check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from core.bucket import Destination
from core.bucket.target import open_bucket
from core.checking.bucket import BucketChecks
from core.checking.cases import CHECK_ZONE
from core.checking.finding import CheckResult
from core.checking.recording import Recording
from core.checking.snowflake import SNOWFLAKE, Warehouse
from core.checking.table import check_table
from core.checking.unload import check_unload, skip_unload
from core.checking.walk import OnFinding, Walk
from core.configuration.destinations import fill_options
from core.request.request import Request
from core.runtime.cancel import NEVER, Cancel
from core.runtime.retry import Retry

# In place of a table or a bucket that is not checked, since a request has both.
_NONE: Final = {"table": "NONE", "bucket": "no-bucket"}
_RETRY_SECONDS: Final = 30  # a check that waits for minutes says nothing new


def check(
    *,
    table: str | None = None,
    bucket: str | None = None,
    probe_write: bool = False,
    record: str | None = None,
    on_finding: OnFinding = lambda _: None,
    cancel: Cancel | None = None,
    **options: Any,
) -> CheckResult:
    """Check, before the first transfer, that an account answers as a transfer relies on.

    It goes the whole way and moves nothing: the sign-in, the role and the warehouse; each construct
    of SQL, run over a few literal rows with its known right answer; the form and the download of
    results; with `table`, that table; with `bucket`, that bucket. It takes a minute or two.

    Example:
        >>> import core
        >>> result = core.check(connection="prod", table="SALES.PUBLIC.ORDERS")
        >>> [each.subject for each in result.findings if each.exit_code]
        []

    Args:
        table: The table or view to check too: its columns, a sample, its plan and the statements of
            a transfer, which are compiled and not run. If None: none.
        bucket: The destination to check too. If None: none.
        probe_write: Write a small object and one of 5 MiB beside the destination's, to check
            conditions, checksums and parts; and, if Snowflake is given a way to write, have it
            write one. All are removed in every case.
        record: A directory in which the answers are recorded, without names, values or secrets. If
            None: they are not recorded.
        on_finding: Called with each `core.Finding` as soon as it is made.
        cancel: A `threading.Event` that stops the check when it is set.
        options: Any other options of a transfer, such as `connection`, `warehouse`, `role`,
            `timezone`, `aws_profile`, `endpoint_url` or `expected_bucket_owner`: the fields of
            `core.Request`.

    Returns:
        The findings, in their order, and the exit code of the worst.

    Raises:
        UsageError: an option is unknown or invalid.
        LocalResourceError: the recording cannot be written.
        CancelledError: `cancel` was set; what was written is removed.
    """
    given = {"table": table, "bucket": bucket}
    named = {name: value for name, value in given.items() if value is not None}
    request = Request.of(**{**_NONE, **fill_options({**options, **named})})
    if bucket is not None:
        Destination.parse(request.bucket)  # an invalid one is refused before the sign-in
    recording = None if record is None else Recording(Path(record))
    walk = Walk(on_finding, cancel or NEVER, recording)
    retry = Retry(max_time=min(request.max_retry_time, _RETRY_SECONDS))
    try:
        probe = bucket is not None and probe_write
        _check_snowflake(walk, request, retry, with_table=table is not None, probe_write=probe)
        if bucket is None:
            walk.skip("bucket", "bucket", "No bucket was named.")
        else:
            with open_bucket(request, retry=retry) as opened:
                BucketChecks(walk, opened, request).check_all(probe_write=probe_write)
    finally:
        if recording is not None:
            recording.save()
    return walk.result


def _check_snowflake(
    walk: Walk, request: Request, retry: Retry, *, with_table: bool, probe_write: bool
) -> None:
    with Warehouse.open(walk, request, retry) as warehouse:
        if warehouse is None:
            walk.skip(SNOWFLAKE, "SQL, results, table", "The sign-in failed.")
            return
        goes_on = warehouse.check_all(request.timezone or CHECK_ZONE)
        if not with_table:
            walk.skip("table", "table", "No table was named.")
        elif goes_on:
            check_table(warehouse, request)
        if goes_on and not skip_unload(warehouse, request, probe_write=probe_write):
            with open_bucket(request, retry=retry) as opened:
                check_unload(warehouse, request, opened)
