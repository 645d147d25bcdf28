"""The destination of a request: its bucket, and the key of its object.

The run, the dry run and the app use these functions, so that they name the same object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from core.bucket.boto_client import Role
from core.bucket.bucket import Bucket
from core.bucket.delivery import ObjectOptions
from core.bucket.destination import Destination, file_name
from core.output import Format, extension
from core.planning.window import find_window, write_month
from core.request.request import DEFAULTS
from core.runtime.retry import QUICK, Retry

if TYPE_CHECKING:
    from core.planning.names import TableName
    from core.planning.window import Window
    from core.request.request import Request

# The options with which a request meets what a bucket's owner may demand.
_DEMANDS: Final = (
    *("expected_bucket_owner", "region", "role_arn", "external_id", "request_payer", "checksums"),
    *("acl", "sse", "kms_key_id", "storage_class", "tags", "metadata"),
)
# The name of the files of a run with one for each month.
SPLIT_TEMPLATE: Final = "{table}_monthly_{timestamp}/{month}.{ext}"
# The name of the rows without a date: as Hive, Spark and Athena read it in `name=value`, and else.
_HIVE_NULL, _UNDATED = "__HIVE_DEFAULT_PARTITION__", "undated"
# In place of the id of a run that has not started, since an id is made at the start.
_FUTURE_RUN: Final = "run-id-to-come"
# In place of months that are counted from the day of the run.
_FUTURE_MONTHS: Final = {name: f"{name}-to-come" for name in ("since", "until", "month")}


def open_bucket(request: Request, *, retry: Retry = QUICK) -> Bucket:
    """Return the bucket of a request; a context manager, which connects on first use.

    Args:
        request: the request.
        retry: how often and how long requests to S3 are retried.

    Raises:
        UsageError: the destination or an option of the client is invalid.
    """
    return Bucket(
        Destination.parse(request.bucket),
        profile=request.aws_profile,
        endpoint_url=request.endpoint_url,
        client_options=request.s3_options,
        expected_owner=request.expected_bucket_owner,
        checksums=request.checksums,
        region=request.region,
        role=Role(request.role_arn, request.external_id) if request.role_arn else None,
        request_payer=request.request_payer,
        object_options=ObjectOptions(
            acl=request.acl,
            sse=request.sse,
            kms_key_id=request.kms_key_id,
            storage_class=request.storage_class,
            tags=request.tags or {},
            metadata=request.metadata or {},
        ),
        given=frozenset(list_demands(request)),
        retry=retry,
    )


def list_demands(request: Request) -> dict[str, Any]:
    """Return the options that meet demands of the bucket, and differ from their defaults."""
    values = {name: getattr(request, name) for name in _DEMANDS}
    return {name: value for name, value in values.items() if value != DEFAULTS[name]}


def object_key(
    request: Request,
    name: TableName | None,
    window: Window | None = None,
    *,
    started: datetime | None = None,
    run_id: str = _FUTURE_RUN,
) -> str:
    """Return the key of the object that a request delivers.

    If it delivers one for each month, that is their common prefix, which ends in `/`, or is empty.

    Args:
        request: the request.
        name: the full name of the table. If it is None, not known yet, the words `table`, `schema`
            and `database` are used for its parts.
        window: the months that are read; None for all months, or if they are not known yet because
            the request counts the last ones.
        started: when the run starts, in UTC; now if None.
        run_id: the id of the run.

    Raises:
        UsageError: the destination or the file name is invalid.
    """
    started = started or datetime.now(UTC)
    destination, months = Destination.parse(request.bucket), _name_months(request, window)
    if request.split_by:
        month_key(request, name, window, None, started=started, run_id=run_id)  # is it valid?
        if not (template := _find_prefix(request)):
            return destination.prefix
        filled = _fill(request, template, name, months, started=started, run_id=run_id)
        return f"{destination.key(filled)}/"
    filled = _fill(request, request.file_name, name, months, started=started, run_id=run_id)
    return destination.key(filled)


def _fill(
    request: Request,
    template: str | None,
    name: TableName | None,
    months: Mapping[str, str],
    *,
    started: datetime,
    run_id: str,
) -> str:
    """Return a template with its fields filled in; the arguments of `object_key`."""
    return file_name(
        template,
        table=name.table if name else "table",
        schema=name.schema if name else "schema",
        database=name.database if name else "database",
        timestamp=started,
        run_id=run_id,
        months=months,
        ext=_find_extension(request),
    )


def month_key(
    request: Request,
    name: TableName | None,
    window: Window | None,
    month: date | None,
    *,
    started: datetime,
    run_id: str,
) -> str:
    """Return the key of the file of a month, for requests with one file for each month.

    Args:
        request, name, window, started, run_id: as for `object_key`.
        month: the month; None for the rows without a date. Where the template has `={month}`, as
            the directories of Hive do, that is Hive's name of a missing value.

    Raises:
        UsageError: the destination or the file name is invalid.
    """
    template = _split_template(request)
    if month is None:
        named = "={month}" in template or "={year}" in template
        fields = dict.fromkeys(("year", "month"), _HIVE_NULL if named else _UNDATED)
    else:
        short = "{year}" in template
        fields = {
            "year": f"{month.year:04}",
            "month": f"{month.month:02}" if short else write_month(month),
        }
    months = _name_months(request, window) | fields
    filled = _fill(request, template, name, months, started=started, run_id=run_id)
    return Destination.parse(request.bucket).key(filled)


def _split_template(request: Request) -> str:
    return SPLIT_TEMPLATE if request.file_name is None else request.file_name


def _find_prefix(request: Request) -> str:
    """Return the part of the template that the files of all months share: whole directories."""
    fixed = re.split(r"\{(?:month|year)\}", _split_template(request))[0]
    return fixed.rpartition("/")[0]


def object_url(request: Request, name: TableName | None, window: Window | None = None) -> str:
    """Return the URL of the object if the run started now, to be shown.

    Fields that are not known yet are not filled: `{run_id}`, and the months before there is a plan.

    Args:
        request, name, window: as for `object_key`.

    Raises:
        UsageError: as `object_key`.
    """
    url = Destination.parse(request.bucket).url(object_key(request, name, window))
    for field, text in {"run_id": _FUTURE_RUN, **_FUTURE_MONTHS}.items():
        url = url.replace(text, f"{{{field}}}")
    return url


def identify_run(request: Request, name: TableName) -> tuple[list[str | None], str]:
    """Return what makes two runs the same, which one process at a time may do, and it in words.

    These are the table, the destination with its service, and the template of the file's name; not
    the months, as a delivery of the last months is not the same tomorrow.

    Args:
        request: the request.
        name: the full name of the table.
    """
    destination = Destination.parse(request.bucket)
    service = request.endpoint_url or (request.s3_options or {}).get("endpoint_url")
    ext = _find_extension(request)
    url = destination.url()
    return [str(name), service, url, request.file_name, ext], f"{name} to {url}"


def _find_extension(request: Request) -> str:
    return extension(Format(request.format), request.gzip, bool(request.encrypt_to))


def _name_months(request: Request, window: Window | None) -> dict[str, str]:
    """Return the fields of a template that name the months of a window, as far as it has them."""
    if window is None:
        if request.last_months is not None:
            return dict(_FUTURE_MONTHS)
        window = find_window(request, None)
    if window is None:
        return {}
    months = {"since": window.since, "until": window.until, "month": window.month}
    return {field: write_month(month) for field, month in months.items() if month is not None}
