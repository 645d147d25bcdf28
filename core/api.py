"""The function of the library: `transfer_data`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from core.configuration.destinations import fill_options
from core.records.history import record
from core.records.run import run_and_report
from core.request.options.values import (
    Acl,
    Checksums,
    ColumnNames,
    Encryption,
    EngineName,
    FileFormat,
    IfExists,
    LargeNumbers,
    NotifyOn,
    OnBadDate,
    Pairs,
    SplitBy,
    Targets,
    TimestampUnit,
    Undated,
)
from core.request.request import Request

if TYPE_CHECKING:
    from core.events import Listener
    from core.runtime.cancel import Cancel

Call = ParamSpec("Call")
Result = TypeVar("Result")


def _pass_given(
    call: Callable[Concatenate[Mapping[str, Any], Call], Result],
) -> Callable[Call, Result]:
    """Pass to `call`, before its arguments, those that its caller has given, by name.

    So an option that is given beats one of a destination, also if its value is the default.
    """
    whole = inspect.signature(call)
    signature = whole.replace(parameters=list(whole.parameters.values())[1:])

    @functools.wraps(call)
    def called(*args: Call.args, **kwargs: Call.kwargs) -> Result:
        return call(signature.bind(*args, **kwargs).arguments, *args, **kwargs)

    called.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect` and `help` show
    return called


def make_request(given: Mapping[str, Any]) -> Request:
    """Return the request of the arguments of `transfer_data`.

    Raises:
        UsageError: one of them is invalid, or the configuration of the destination is.
    """
    names = {"source_table": "table", "destination_s3_bucket": "bucket"}
    options = {names.get(name, name): value for name, value in given.items()}
    for name in ("on_progress", "cancel"):
        options.pop(name, None)
    return Request.of(**fill_options(options))


@_pass_given
def transfer_data(
    given: Mapping[str, Any],
    /,
    source_table: str,
    destination_s3_bucket: str,
    *,
    connection: str | Mapping[str, Any] | None = None,
    warehouse: str | None = None,
    role: str | None = None,
    date_column: str | None = None,
    date_format: str | None = None,
    on_bad_date: OnBadDate = "fail",
    timezone: str | None = None,
    sum_columns: ColumnNames | None = None,
    key_columns: ColumnNames | None = None,
    drop_columns: ColumnNames = (),
    drop_identifiers: bool = False,
    rename: Pairs | None = None,
    since: str | None = None,
    until: str | None = None,
    last_months: int | None = None,
    include_current: bool = False,
    restate_months: int | None = None,
    undated: Undated = "drop",
    format: FileFormat = "parquet",  # noqa: A002  the name of the option
    gzip: bool = False,
    csv_escape_formulas: bool = False,
    csv_delimiter: str = ",",
    csv_null: str = "",
    csv_bom: bool = False,
    csv_decimal_comma: bool = False,
    json_large_numbers: LargeNumbers = "number",
    xlsx_text_numbers: bool = False,
    encrypt_to: ColumnNames = (),
    timestamp_unit: TimestampUnit = "us",
    file_name: str | None = None,
    split_by: SplitBy | None = None,
    manifest: bool = False,
    success_file: bool = False,
    if_exists: IfExists = "fail",
    aws_profile: str | None = None,
    endpoint_url: str | None = None,
    s3_options: Mapping[str, str] | None = None,
    expected_bucket_owner: str | None = None,
    region: str | None = None,
    role_arn: str | None = None,
    external_id: str | None = None,
    request_payer: bool = False,
    checksums: Checksums = "supported",
    acl: Acl | None = None,
    sse: Encryption | None = None,
    kms_key_id: str | None = None,
    storage_class: str | None = None,
    tags: Pairs | None = None,
    metadata: Pairs | None = None,
    min_rows: int | None = None,
    max_rows: int | None = None,
    max_change: str | None = None,
    require_months: bool = False,
    engine: EngineName = "auto",
    stream_limit: str = "50M,5GB",
    storage_integration: str | None = None,
    stage: str | None = None,
    unload_credentials: bool = False,
    max_file_size: int | str = "5GB",
    verify: bool = False,
    report: str | None = None,
    memory_limit: int | str = "600MB",
    max_retry_time: int | str = "10m",
    notify: Targets = (),
    notify_on: NotifyOn = "always",
    on_progress: Listener | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Any]:
    """Move a Snowflake table to an S3 bucket, aggregated by month.

    Rows that are completely blank are removed, dates are truncated to their month, numeric columns
    are summed per group, and all other columns are kept unchanged. The function prints nothing and
    installs no signal handlers. It can be called from several threads at once, which then share the
    memory budget of polars. While a file is uploaded in parts, the state directory holds a record
    of the upload, so that the next run can abort the upload of a process that was killed.

    Example:
        >>> from core import transfer_data
        >>> result = transfer_data(
        ...     "ORDERS_100K",
        ...     "partner-inbox",
        ...     date_column="O_ORDERDATE",
        ...     sum_columns=["O_TOTALPRICE"],
        ...     key_columns=["O_ORDERSTATUS"],
        ...     file_name="{table}_monthly.{ext}",
        ... )
        >>> result["file_name"]
        'ORDERS_100K_monthly.parquet'

    Args:
        source_table: The table or view to read: TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE.
        destination_s3_bucket: The destination: a bucket, s3://bucket/prefix/, the ARN of an access
            point, or the name of a configured destination.
        connection: The name of a connection in Snowflake's connections.toml or config.toml. A
            mapping holds the connector's arguments instead. For a secret among them, such as
            `password`, it may hold `password_file`, a file that only its owner can read, or
            `password_arn`, a secret of AWS Secrets Manager or a parameter of SSM Parameter Store.
            If None: the one named by `default_connection_name`.
        warehouse: The Snowflake warehouse that runs the query. If None: the connection's.
        role: The Snowflake role that reads the table. If None: the connection's.
        date_column: The column by whose month the rows are grouped. If None: detected.
        date_format: The strptime format of dates that are text or digits, `iso` for ISO 8601, or
            the unit of times since 1970: `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`. If None:
            detected.
        on_bad_date: What to do if a date cannot be parsed: `fail` ends the run before anything is
            delivered, `null` puts the row into the month NULL.
        timezone: The time zone in which the month of a TIMESTAMP_LTZ column is taken. If None: the
            session's.
        sum_columns: The numeric columns to sum. The other numeric columns are left out. If None:
            all numeric columns.
        key_columns: The columns to group by in addition to the month, or `none`. The other columns
            that are not numeric are left out. An empty sequence is `none`. If None: all columns
            that are not numeric.
        drop_columns: The columns to leave out.
        drop_identifiers: Leave out the numeric columns that look like identifiers.
        rename: The names that columns have in the delivery. The other columns keep theirs, and all
            other options name columns as the table does. A mapping is accepted too.
        since: The first month to read. Rows of earlier months are not read. If None: the first of
            the table.
        until: The last month to read, which is included. Rows of later months are not read. If
            None: the last of the table.
        last_months: Read only this many whole months before the current month, instead of `since`
            and `until`. The current month is that of Snowflake's CURRENT_DATE when the transfer is
            planned, in the session's time zone (`timezone`). If None: all months.
        include_current: Read the current month too, in addition to the last months.
        restate_months: Look at this many whole months before the current month, those of
            `last_months` among them, and deliver only those that need it: months of `last_months`
            that were not delivered yet, and months whose number of rows or sums differ from those
            of their last delivery in the history of this machine. Needs `split_by`. If None: none.
        undated: What to do with rows without a date if only some months are read: `drop` leaves
            them out, `keep` delivers them in the month NULL. If all months are read, they are
            always delivered.
        format: The format of the file. In json it is one array of records, in ndjson one record per
            line, in xlsx a workbook of Excel.
        gzip: Compress the file with gzip. Parquet and xlsx files are compressed already.
        csv_escape_formulas: In csv, put an apostrophe before text and column names that a
            spreadsheet would evaluate as a formula: those that begin with =, +, -, @, a tab or a
            line break.
        csv_delimiter: In csv, the character between two values; `\t` is a tab.
        csv_null: In csv, the text for NULL. A text that is the same is put in quotation marks.
        csv_bom: Begin csv with the byte order mark by which Excel recognises UTF-8.
        csv_decimal_comma: In csv, write numbers with a comma for the decimal point. Needs another
            `csv_delimiter`.
        json_large_numbers: How json and ndjson hold numbers that a 64-bit float cannot hold, which
            many readers would round: as a `number` with all its digits, or as `text`.
        xlsx_text_numbers: In xlsx, write the numbers of NUMBER columns as text, with all their
            digits. Without it, numbers of more than 15 digits, which Excel would round, are an
            error.
        encrypt_to: Encrypt the file to OpenPGP keys before it leaves this machine. These are files
            of public keys, binary or armoured, or directories of them; each key can decrypt it. Not
            with engine `unload`.
        timestamp_unit: The unit of times and timestamps: `us`, or `ns` for the nanoseconds of
            columns that have them. With `us`, a value with a fraction of a microsecond is an error;
            with `ns`, a year outside 1677-2262.
        file_name: The template for the name of the object, with {table}, {schema}, {database},
            {timestamp}, {date}, {run_id} and {ext}; and, if only some months are read, {since} and
            {until}, or {month} of one month. If None: `{table}_monthly_{timestamp}.{ext}`.
        split_by: Deliver one file for each month. The template for the names must have {month},
            which is 2024-01, or 01 in a template that has {year} too. If None: one file.
        manifest: After the delivery, write a JSON object beside it with the name of the object and
            `.manifest.json`: the files with their rows, bytes and SHA-256, the columns with their
            types, the months that were read, and the ID of the run.
        success_file: After everything else, write the empty object `_SUCCESS` into the directory of
            the file, as Spark does: whoever finds it may read what is there.
        if_exists: What to do if the object exists: `fail` ends the run with an error, `overwrite`
            replaces the object, `skip` reads and delivers nothing and returns the result of the
            existing object. `skip` needs a file name without {timestamp} and {run_id}.
        aws_profile: The profile in the AWS configuration files, for the bucket and for secrets of
            the connection that AWS stores. If None: boto3's credential chain.
        endpoint_url: The URL of an S3-compatible service, without user, password and query. If
            None: AWS.
        s3_options: Further arguments of boto3's S3 client, such as the keys and the region.
        expected_bucket_owner: The ID of the AWS account that must own the bucket. If None: not
            checked.
        region: The AWS region of the bucket. If None: that of the AWS profile or of
            AWS_DEFAULT_REGION.
        role_arn: The IAM role to assume for all requests to the bucket. Its temporary credentials
            are renewed during the run.
        external_id: The external ID that the owner of the role demands.
        request_payer: Agree to pay for the requests, as a Requester Pays bucket demands.
        checksums: Which checksums are sent: `supported` sends those of AWS, `required-only` none
            but Content-MD5, for stores that refuse the others.
        acl: The access list of the object. With `bucket-owner-full-control`, the owner of a bucket
            whose Object Ownership is not enforced can read it.
        sse: The server-side encryption of the object. If None: the bucket's own; with a KMS key
            `aws:kms`.
        kms_key_id: The KMS key with which the object is encrypted. If None: the key of AWS, where
            one is needed.
        storage_class: The storage class of the object. Objects in `GLACIER` and `DEEP_ARCHIVE`
            cannot be read at once, so not with `verify`. If None: `STANDARD`.
        tags: The tags of the object, at most 10. A mapping is accepted too.
        metadata: Further metadata of the object, in ASCII. The ID of the run, the number of rows
            and the source are always among it. A mapping is accepted too.
        min_rows: Deliver nothing if there would be fewer rows. If None: not checked.
        max_rows: Deliver nothing if there would be more rows. If None: not checked.
        max_change: Deliver nothing if the number of rows differs by more from that of the last
            delivery of the table to this destination, by the history of this machine or else by a
            manifest at the destination. If no delivery is known, a warning says so. If None: not
            checked.
        require_months: Deliver nothing if one of the months that are read has no rows. The first
            and the last month must be given.
        engine: Where the rows are aggregated. `stream` aggregates them on this machine, `pushdown`
            in Snowflake; with `unload`, Snowflake also writes the object. `auto` selects `stream`
            or `pushdown` by the size of the table.
        stream_limit: The largest table for which `auto` selects `stream`: rows, stored bytes, or
            both.
        storage_integration: The storage integration through which Snowflake writes if `engine` is
            `unload`.
        stage: The external stage, at or above the destination, through which Snowflake writes
            instead of a storage integration.
        unload_credentials: Give Snowflake the AWS credentials of this run instead of a storage
            integration. Snowflake keeps them in its query history.
        max_file_size: The largest file that Snowflake writes. A larger result becomes several files
            under one prefix. A number counts bytes.
        verify: After the delivery, compare its row counts and totals with Snowflake and with the
            delivered file.
        report: The local file to which the outcome is written as JSON.
        memory_limit: The most memory that the process may use. A number counts bytes.
        max_retry_time: How long a request that fails temporarily is retried after its first
            failure. 0 turns retries off. A number counts seconds.
        notify: Whom to notify of the end of the run: the URL of a webhook, which gets the result as
            JSON; `slack:URL` and `teams:URL`, which get a text; `exec:COMMAND`, which gets the JSON
            on its standard input; another URL, for Apprise, which is an extra. `env:VARIABLE` takes
            the URL from the environment. URLs are secrets: they are not shown or stored.
        notify_on: Which ends of a run to notify of: `always` all, `success` a delivery but no run
            that left everything as it is, `failure` any error, `check_failed` only a check of rows,
            totals or months that failed.
        on_progress: called with each event of the run: a `core.Progress`, `core.Planned`,
            `core.Warned`, `core.Retrying`, `core.Recovered` or `core.Delivered`.
        cancel: a `threading.Event` that stops the run when it is set.

    Returns:
        `{"file_name": str, "row_count": int, "timestamp": str}`: the key of the object (or of
        several, of engine `unload` or by month, their prefix), the number of data rows, and the
        UTC time (ISO 8601) at which the delivery was complete. If an existing object was left as
        it is, the result is that of this object.

    Raises:
        TransferError: nothing was delivered, unless `.outcome` is set, which is the case if
            `verify` or `report` failed. The subclass is the kind of failure, `.hint` the next step.
    """
    request = make_request(given)
    outcome = run_and_report(
        request,
        by="library",
        on_event=on_progress,
        cancel=cancel,
        on_end=record if request.restate_months else None,  # the next run compares with it
    )
    return outcome.result
