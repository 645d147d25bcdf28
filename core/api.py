"""The library's one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.request.request import Request
from core.transfer import run_transfer

if TYPE_CHECKING:
    from core.events import Listener
    from core.warehouse.statement import Cancel


def transfer_data(
    source_table: str,
    destination_s3_bucket: str,
    *,
    date_column: str | None = None,
    date_format: str | None = None,
    sum_columns: Sequence[str] | str | None = None,
    key_columns: Sequence[str] | str | None = None,
    drop_columns: Sequence[str] | str = (),
    drop_identifiers: bool = False,
    format: str = "parquet",  # noqa: A002 - the command line's word
    gzip: bool = False,
    csv_escape_formulas: bool = False,
    file_name: str | None = None,
    if_exists: str = "fail",
    on_bad_date: str = "fail",
    timezone: str | None = None,
    connection: str | Mapping[str, Any] | None = None,
    warehouse: str | None = None,
    role: str | None = None,
    aws_profile: str | None = None,
    endpoint_url: str | None = None,
    s3_options: Mapping[str, str] | None = None,
    expected_bucket_owner: str | None = None,
    storage_integration: str | None = None,
    stage: str | None = None,
    unload_credentials: bool = False,
    kms_key_id: str | None = None,
    max_file_size: int | str = "5GB",
    verify: bool = False,
    report: str | None = None,
    memory_limit: int | str = "600MB",
    max_retry_time: int | str = "10m",
    engine: str = "auto",
    stream_limit: str = "50M,5GB",
    on_progress: Listener | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Any]:
    """Move a Snowflake table to an S3 bucket, aggregated by month.

    Fully blank rows are removed, the date column is cut to its month, numeric columns are summed
    per group, all others are kept as they are. The call prints nothing, installs no signal
    handlers and may be made from several threads at once; they share polars' memory budget. While
    a file is uploaded in parts, a record of that is in the state directory, so that the next run
    aborts what a killed one has left.

    Args:
        source_table: `TABLE`, `SCHEMA.TABLE` or `DATABASE.SCHEMA.TABLE`.
        destination_s3_bucket: `bucket`, `s3://bucket/prefix/` or an access-point ARN.
        date_column: the month column; detected if None.
        date_format: strptime format of a text date, or `epoch_s`, `epoch_ms`, `epoch_us`,
            `epoch_ns`; detected if None.
        sum_columns: the numeric columns to sum, a sequence or `A,B`; all of them if None.
        key_columns: the columns to keep; all that are not numeric if None; `none` or () for none.
        drop_columns: columns to leave out.
        drop_identifiers: leave out the numeric columns that look like identifiers.
        format: `parquet`, `json`, `ndjson` or `csv`.
        gzip: compress json, ndjson or csv.
        csv_escape_formulas: put an apostrophe before text in csv that a spreadsheet would take for
            a formula.
        file_name: template over {table} {schema} {database} {timestamp} {date} {run_id} {ext}.
        if_exists: `fail` or `overwrite`.
        on_bad_date: `fail`, or `null` to put dates that do not parse into the NULL month.
        timezone: time zone of TIMESTAMP_LTZ months, such as `Europe/Zurich`.
        connection: a name in Snowflake's connections files, or the connector's arguments; the
            default connection if None. For a secret argument, such as `password`, there may be
            `password_file`, a file that only its owner can read, or `password_arn`, a secret of
            AWS Secrets Manager or a parameter of SSM Parameter Store.
        warehouse: instead of the connection's.
        role: instead of the connection's.
        aws_profile: a profile of the AWS configuration, for the bucket and for such secrets;
            boto3's own chain if None.
        endpoint_url: URL of an S3-compatible service.
        s3_options: further arguments for boto3's client, such as keys and region.
        expected_bucket_owner: the AWS account id (12 digits) that must own the bucket.
        storage_integration: the storage integration by which engine `unload` writes.
        stage: the external stage in which it writes instead: `NAME`, `@DB.SCHEMA.NAME/path`.
        unload_credentials: hand Snowflake this run's own AWS credentials instead; they land in
            Snowflake's query history.
        kms_key_id: KMS key that engine `unload` encrypts with; the bucket's own rule if None.
        max_file_size: bytes of a file of engine `unload`, or as `1GB`; a larger result becomes
            several files under a prefix.
        verify: compare the delivery, once it is made, with Snowflake and with the books.
        report: a local file to write the outcome to, as JSON.
        memory_limit: what the process may use at its peak, in bytes or as `600MB`.
        max_retry_time: how long a request that fails for now is tried again, in seconds or as
            `10m`, from its first failure on; 0 for never.
        engine: `stream` aggregates here, `pushdown` at Snowflake, `unload` has Snowflake write the
            object too; `auto` decides by size.
        stream_limit: up to which size `auto` takes `stream`: rows, bytes, or both.
        on_progress: called with `core.Progress`, `core.Planned`, `core.Warned`, `core.Retrying`,
            `core.Recovered` and `core.Delivered`.
        cancel: a `threading.Event` that stops the run when set.

    Returns:
        `{"file_name": str, "row_count": int, "timestamp": str}`: the object's key (the prefix of
        its files, if engine `unload` made several), its data rows, and the UTC moment (ISO 8601) at
        which the delivery was complete.

    Raises:
        TransferError: nothing was delivered, unless `.outcome` is set (it is where `verify` or
            `report` failed). The subclass tells why, `.hint` what to do.
    """
    request = Request.of(
        table=source_table,
        bucket=destination_s3_bucket,
        date_column=date_column,
        date_format=date_format,
        sum_columns=sum_columns,
        key_columns=key_columns,
        drop_columns=drop_columns,
        drop_identifiers=drop_identifiers,
        format=format,
        gzip=gzip,
        csv_escape_formulas=csv_escape_formulas,
        file_name=file_name,
        if_exists=if_exists,
        on_bad_date=on_bad_date,
        timezone=timezone,
        connection=connection,
        warehouse=warehouse,
        role=role,
        aws_profile=aws_profile,
        endpoint_url=endpoint_url,
        s3_options=s3_options,
        expected_bucket_owner=expected_bucket_owner,
        storage_integration=storage_integration,
        stage=stage,
        unload_credentials=unload_credentials,
        kms_key_id=kms_key_id,
        max_file_size=max_file_size,
        verify=verify,
        report=report,
        memory_limit=memory_limit,
        max_retry_time=max_retry_time,
        engine=engine,
        stream_limit=stream_limit,
    )
    return run_transfer(request, on_event=on_progress, cancel=cancel).result
