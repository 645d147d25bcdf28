"""Have Snowflake group the rows and write the object: the implementation of engine `unload`.

The groups stay at Snowflake as the result of the grouped statement. Its totals are queried from
that result and must agree before COPY INTO writes it to the bucket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Self

from core.aggregation.first_rows import ROWS, FirstRows, take_first_rows
from core.bucket import Bucket, Delivery, Destination
from core.bucket.checks import check_destination
from core.bucket.objects import get_aws_keys
from core.connections.secrets import Secret
from core.engines.cleanup import CopyCleanup
from core.engines.delivery_checks import DeliveryChecks
from core.engines.grouped import Grouped, group_at_rest
from core.engines.local_file import LocalFile, Written
from core.engines.write_access import CREDENTIALS_SHOWN, Access, find_access
from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    TransferError,
)
from core.events import Phase, Warned
from core.output import Format, TextForm, extension
from core.planning.plan import Plan
from core.query import Statement
from core.query.unload import (
    Files,
    Keys,
    copy_into,
    first_groups,
    select_months,
)
from core.remedy import join_texts
from core.request.request import Request
from core.runtime.progress import Reporter
from core.warehouse.results.download import INLINE_BYTES
from core.warehouse.results.read_result import read_columns, read_rows
from core.warehouse.statement import Cancel, parse_count, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True)
class Order:
    """What to write and where.

    Attributes:
        request: the request of the run.
        destination: the bucket and the prefix.
        key: the object's key.
        folder: the prefix of the parts, if the result is too large for one object; ends in `/` and
            is unique to this run.
    """

    request: Request
    destination: Destination
    key: str
    folder: str

    @classmethod
    def of(
        cls,
        request: Request,
        destination: Destination,
        key: str,
        started: datetime,
        run_id: str,
    ) -> Self:
        """Return the order of a run that `started` at this moment, in UTC."""
        ending = f".{extension(Format(request.format), request.gzip)}"
        folder = f"{key.removesuffix(ending)}/"
        if f"{started:%Y%m%dT%H%M%SZ}" not in folder and run_id not in folder:
            folder = f"{folder}{run_id}/"
        return cls(request, destination, key, folder)

    @property
    def format(self) -> Format:
        """The format of the files."""
        return Format(self.request.format)

    def files(self, *, single: bool) -> Files:
        """Return the file options of the COPY INTO: one object if `single`, else parts."""
        request = self.request
        overwrite = request.if_exists == "overwrite"
        return Files(
            request.format,
            request.gzip,
            single,
            request.max_file_size,
            overwrite,
            TextForm.of(request),
        )


@dataclass(frozen=True)
class Unloaded(Written):
    """The delivery that Snowflake wrote.

    Attributes:
        totals: the totals of the rows read and of those written, which agree.
        first_rows: the first rows.
        query_id: Snowflake's id of the statement that read the table.
        key: the object's key, or the prefix of its parts; empty if there were no groups, in which
            case Snowflake writes no file.
        objects: the objects that Snowflake wrote; it reports no checksums.
    """

    key: str = ""
    objects: tuple[Delivery, ...] = ()


def copy_groups(
    connection: SnowflakeConnection,
    plan: Plan,
    order: Order,
    bucket: Bucket,
    *,
    checks: DeliveryChecks,
    progress: Reporter,
    cancel: Cancel,
) -> Unloaded:
    """Have Snowflake aggregate the table and write the delivery.

    Args:
        connection: an open session.
        plan: the plan of the columns; `Unload.obstacle` has returned None for it.
        order: what to write.
        bucket: checked before the start, and cleaned up after a failure, as far as this machine's
            own credentials allow.
        checks: the conditions that the rows must meet before Snowflake writes them.
        progress: receives every phase, and warnings.
        cancel: stops the work at any moment.

    Raises:
        SourceDataError: dates do not parse, or a sum overflows.
        CheckFailedError: the rows do not meet a condition of the request.
        DestinationExistsError, DestinationError: Snowflake is not allowed to write there.
        IntegrityError: the totals do not agree, or the files do not hold every group.
        TransferError: a statement failed, or the run was cancelled.
    """
    access = _access(connection, order, bucket, progress, cancel)
    progress.start(Phase.QUERY)
    grouped = group_at_rest(connection, plan, cancel)
    totals, query_id = grouped.totals, grouped.result.query_id
    checks.check(bucket, totals.groups, partial(_read_months, connection, grouped, cancel))
    if not totals.groups:
        names = tuple(column.delivered_name for column in plan.delivered)
        return Unloaded(totals, FirstRows(names), query_id)
    first_rows = _first_rows(connection, grouped, plan, cancel)
    single = _estimate_size(grouped, plan, order.format) <= order.request.max_file_size
    key = order.key if single else order.folder
    files = order.files(single=single)
    if access.keys:  # temporary ones may have expired while Snowflake grouped the rows
        access = replace(access, keys=Keys(*get_aws_keys(bucket, cancel)))
    statement = copy_into(grouped.statement, plan, query_id, access.at(key), files)
    progress.start(Phase.UPLOAD, total_rows=totals.groups)
    cleanup = CopyCleanup(connection, bucket, key)
    with cleanup.clean_up_on_failure():
        rows, objects = _copy(connection, statement, cancel, cleanup, bucket, key)
        if rows != totals.groups:
            raise IntegrityError(
                f"Snowflake wrote {rows:,} rows where there are {totals.groups:,} groups.",
                "Run again; if it stays, report it to Snowflake.",
            )
    progress.add(rows, sum(each.size for each in objects))
    progress.finish()
    return Unloaded(totals, first_rows, query_id, key, objects)


def _read_months(
    connection: SnowflakeConnection, grouped: Grouped, cancel: Cancel
) -> set[date | None]:
    """Return the months of the groups."""
    statement = select_months(grouped.statement, grouped.result.query_id)
    (months,) = read_columns(connection, statement, cancel)
    return {each if isinstance(each, date) else None for each in months}


def preview_copy(
    connection: SnowflakeConnection, plan: Plan, grouped: Statement, order: Order, cancel: Cancel
) -> Statement:
    """Return the COPY INTO of one object, for display: it holds no AWS keys."""
    unknown = Keys(Secret(""), Secret(""))
    access = find_access(connection, order.request, order.destination, lambda: unknown, cancel)
    return copy_into(grouped, plan, "query id", access.at(order.key), order.files(single=True))


def write_empty(plan: Plan, file: LocalFile) -> None:
    """Write the file of a result without rows, for which Snowflake writes no file.

    In parquet its whole numbers are decimals, as in the files that Snowflake writes.
    """
    import pyarrow as pa

    from core.aggregation.arrow_types import delivered_schema

    schema = delivered_schema(plan)
    if file.format is Format.PARQUET:
        for position, column in enumerate(plan.delivered):
            field = schema.field(position)
            if pa.types.is_integer(field.type):
                whole = pa.decimal128(column.source.type.precision or 0)
                schema = schema.set(position, field.with_type(whole))
    with file.open(schema):
        pass


@contextmanager
def explain_empty() -> Iterator[None]:
    """Add to a refusal by S3 why this machine's own credentials are needed."""
    try:
        yield
    except DestinationError as error:
        why = (
            "The result has no rows: Snowflake writes no file for it, so this machine must, with "
            "AWS credentials of its own."
        )
        error.hint = join_texts([error.hint, why])
        raise


def _access(
    connection: SnowflakeConnection,
    order: Order,
    bucket: Bucket,
    progress: Reporter,
    cancel: Cancel,
) -> Access:
    """Return the access for Snowflake, after a check of the destination before hours of work."""
    request = order.request
    access = find_access(
        connection,
        request,
        order.destination,
        lambda: Keys(*get_aws_keys(bucket, cancel)),
        cancel,
    )
    if access.keys:
        progress.report(Warned(CREDENTIALS_SHOWN))
    try:
        overwrite = request.if_exists == "overwrite"
        check_destination(bucket, order.key, overwrite=overwrite, cancel=cancel)
    except (DestinationExistsError, CancelledError):
        raise
    except TransferError as error:
        # Snowflake writes with rights of its own, so that a refusal here says nothing about them;
        # except where it uses this run's keys, or where the request demands a check.
        if access.keys or request.expected_bucket_owner:
            raise
        warning = join_texts(["The destination was not checked from this machine:", error.message])
        progress.report(Warned(warning))
    return access


def _copy(
    connection: SnowflakeConnection,
    statement: Statement,
    cancel: Cancel,
    cleanup: CopyCleanup,
    bucket: Bucket,
    key: str,
) -> tuple[int, tuple[Delivery, ...]]:
    """Run COPY INTO; return the number of rows in all files, and the files."""
    result = run(connection, statement, cancel, on_start=cleanup.expect, repeatable=False)
    files = read_rows(result, "file_name")
    where = bucket.destination.bucket
    objects = tuple(
        Delivery(
            where,
            _file_key(key, each["file_name"]),
            parse_count(each.get("file_size")) or 0,
            "",
            "",
            1,
            rows=parse_count(each.get("row_count")) or 0,
        )
        for each in files
    )
    return sum(parse_count(each.get("row_count")) or 0 for each in files), objects


def _file_key(key: str, name: str) -> str:
    """Return the key of the file that Snowflake reports as `name`; `key` may be its folder."""
    return key + name.rpartition("/")[2] if key.endswith("/") else key


def _estimate_size(grouped: Grouped, plan: Plan, format: Format) -> int:  # noqa: A002
    """Estimate the most bytes that a file of the whole result has, before compression."""
    arrow = sum(size or INLINE_BYTES for size in grouped.result.batches.sizes)
    if format is Format.PARQUET:
        return arrow
    # Text repeats the names in every record, and takes up to twice the bytes of a value.
    names = sum(len(json.dumps(column.delivered_name)) for column in plan.delivered)
    between = names if format is Format.NDJSON else 0
    return 2 * arrow + grouped.totals.groups * (between + 4 * len(plan.delivered))


def _first_rows(
    connection: SnowflakeConnection, grouped: Grouped, plan: Plan, cancel: Cancel
) -> FirstRows:
    import polars as pl
    import pyarrow as pa

    from core.aggregation.arrow_types import cast_column, delivered_schema
    from core.warehouse.results.download import Download

    statement = first_groups(grouped.statement, plan, grouped.result.query_id, ROWS)
    schema = delivered_schema(plan)
    download = Download(
        run(connection, statement, cancel),
        lambda table: pa.table(
            [
                cast_column(values, kind)
                for values, kind in zip(table.columns, schema.types, strict=True)
            ],
            schema=schema,
        ),
        budget=0,
        workers=1,
        cancel=cancel,
        ordered=True,
    )
    tables = [table for _, table in download]
    frame = pl.from_arrow(pa.concat_tables(tables) if tables else schema.empty_table())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - for the type checker
    return take_first_rows(frame)
