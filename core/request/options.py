"""The options of a transfer: each declared once, with type, default, help and examples.

The keys of the tables are the names of `Request`'s fields and of `transfer_data`'s keywords. The
defaults and descriptions of `Request`, the command line with its environment variables and help,
and the options table of the README are derived from the tables; tests compare the signature and the
docstring of `transfer_data` with them. To add an option, add an entry here, an annotation in
`Request`, a keyword of `transfer_data`, and the code that uses it.

A help text consists of whole sentences. It writes the names of other options, and values, in
backticks, which each front end replaces by its own spelling. This module is imported whenever the
command line's help is printed, so it imports only the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

ColumnNames = Sequence[str] | str
EngineName = Literal["auto", "stream", "pushdown", "unload"]
FileFormat = Literal["parquet", "json", "ndjson", "csv", "xlsx"]
IfExists = Literal["fail", "overwrite", "skip"]
OnBadDate = Literal["fail", "null"]
Acl = Literal["bucket-owner-full-control"]
Encryption = Literal["AES256", "aws:kms", "aws:kms:dsse"]
Checksums = Literal["supported", "required-only"]
Pairs = Mapping[str, str] | str
SplitBy = Literal["month"]
Undated = Literal["drop", "keep"]
Targets = Sequence[str] | str
NotifyOn = Literal["always", "success", "failure", "check_failed"]
TimestampUnit = Literal["us", "ns"]
LargeNumbers = Literal["number", "text"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        help: what the option does, in whole sentences.
        type: the type of its value in the library.
        default: the value if none is given; ignored if `required`.
        required: whether a value must be given.
        absent: what applies if the default is None, in a few words, with values in backticks.
        placeholder: the name of its value in lists of options; empty for flags, and for options
            with `choices`.
        examples: valid values, as text.
        library: what else the library accepts, in whole sentences.
    """

    help: str
    type: Any
    default: object = None
    required: bool = False
    absent: str = ""
    placeholder: str = ""
    examples: tuple[str, ...] = ()
    library: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that the option can have; empty if they are not a fixed list."""
        alternatives = (self.type, *get_args(self.type))  # of `Literal[...]`, `Literal[...] | None`
        found = next((each for each in alternatives if get_origin(each) is Literal), None)
        return get_args(found)

    @property
    def is_flag(self) -> bool:
        """Whether the value is true or false."""
        return self.type is bool

    @property
    def is_written(self) -> bool:
        """Whether the value can be written as text; if not, only the library has the option."""
        return bool(self.is_flag or self.choices or {str, int} & {self.type, *get_args(self.type)})

    @property
    def default_text(self) -> str:
        """The default in a few words; empty for required options, flags and empty lists."""
        if self.required or self.default in (False, ()):
            return ""
        return self.absent if self.default is None else str(self.default)


_TEXT: Final = str | None

_SOURCE: Final = {
    "table": Option(
        help="The table or view to read: TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE.",
        type=str,
        required=True,
        placeholder="NAME",
        examples=("SALES.PUBLIC.ORDERS",),
    ),
    "connection": Option(
        help="The name of a connection in Snowflake's connections.toml or config.toml.",
        type=str | Mapping[str, Any] | None,
        absent="the one named by `default_connection_name`",
        placeholder="NAME",
        examples=("prod",),
        library="A mapping holds the connector's arguments instead. For a secret among them, such "
        "as `password`, it may hold `password_file`, a file that only its owner can read, or "
        "`password_arn`, a secret of AWS Secrets Manager or a parameter of SSM Parameter Store.",
    ),
    "warehouse": Option(
        help="The Snowflake warehouse that runs the query.",
        type=_TEXT,
        absent="the connection's",
        placeholder="NAME",
        examples=("TRANSFER_WH",),
    ),
    "role": Option(
        help="The Snowflake role that reads the table.",
        type=_TEXT,
        absent="the connection's",
        placeholder="NAME",
        examples=("TRANSFER",),
    ),
}

_COLUMNS: Final = {
    "date_column": Option(
        help="The column by whose month the rows are grouped.",
        type=_TEXT,
        absent="detected",
        placeholder="NAME",
        examples=("ORDER_DATE",),
    ),
    "date_format": Option(
        help="The strptime format of dates that are text or digits, `iso` for ISO 8601, or the "
        "unit of times since 1970: `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`.",
        type=_TEXT,
        absent="detected",
        placeholder="FORMAT",
        examples=("%d.%m.%Y", "iso", "%Y%m%d", "epoch_ms"),
    ),
    "on_bad_date": Option(
        help="What to do if a date cannot be parsed: `fail` ends the run before anything is "
        "delivered, `null` puts the row into the month NULL.",
        type=OnBadDate,
        default="fail",
    ),
    "timezone": Option(
        help="The time zone in which the month of a TIMESTAMP_LTZ column is taken.",
        type=_TEXT,
        absent="the session's",
        placeholder="ZONE",
        examples=("Europe/Zurich",),
    ),
    "sum_columns": Option(
        help="The numeric columns to sum. The other numeric columns are left out.",
        type=ColumnNames | None,
        absent="all numeric columns",
        placeholder="A,B",
        examples=("AMOUNT,QUANTITY",),
    ),
    "key_columns": Option(
        help="The columns to group by in addition to the month, or `none`. The other columns that "
        "are not numeric are left out.",
        type=ColumnNames | None,
        absent="all columns that are not numeric",
        placeholder="A,B|none",
        examples=("REGION,STATUS", "none"),
        library="An empty sequence is `none`.",
    ),
    "drop_columns": Option(
        help="The columns to leave out.",
        type=ColumnNames,
        default=(),
        placeholder="A,B",
        examples=("NOTE,CLERK",),
    ),
    "drop_identifiers": Option(
        help="Leave out the numeric columns that look like identifiers.", type=bool, default=False
    ),
    "rename": Option(
        help="The names that columns have in the delivery. The other columns keep theirs, and all "
        "other options name columns as the table does.",
        type=Pairs | None,
        placeholder="A=B,...",
        examples=("O_ORDERDATE=month,O_TOTALPRICE=total",),
        library="A mapping is accepted too.",
    ),
}

_MONTHS: Final = {
    "since": Option(
        help="The first month to read. Rows of earlier months are not read.",
        type=_TEXT,
        absent="the first of the table",
        placeholder="MONTH",
        examples=("2024-01",),
    ),
    "until": Option(
        help="The last month to read, which is included. Rows of later months are not read.",
        type=_TEXT,
        absent="the last of the table",
        placeholder="MONTH",
        examples=("2024-03",),
    ),
    "last_months": Option(
        help="Read only this many whole months before the current month, instead of `since` and "
        "`until`. The current month is that of Snowflake's CURRENT_DATE when the transfer is "
        "planned, in the session's time zone (`timezone`).",
        type=int | None,
        absent="all months",
        placeholder="NUMBER",
        examples=("1", "12"),
    ),
    "include_current": Option(
        help="Read the current month too, in addition to the last months.", type=bool, default=False
    ),
    "restate_months": Option(
        help="Look at this many whole months before the current month, those of `last_months` "
        "among them, and deliver only those that need it: months of `last_months` that were not "
        "delivered yet, and months whose number of rows or sums differ from those of their last "
        "delivery in the history of this machine. Needs `split_by`.",
        type=int | None,
        absent="none",
        placeholder="NUMBER",
        examples=("3",),
    ),
    "undated": Option(
        help="What to do with rows without a date if only some months are read: `drop` leaves "
        "them out, `keep` delivers them in the month NULL. If all months are read, they are "
        "always delivered.",
        type=Undated,
        default="drop",
    ),
}

_OUTPUT: Final = {
    "format": Option(
        help="The format of the file. In json it is one array of records, in ndjson one record per "
        "line, in xlsx a workbook of Excel.",
        type=FileFormat,
        default="parquet",
    ),
    "gzip": Option(
        help="Compress the file with gzip. Parquet and xlsx files are compressed already.",
        type=bool,
        default=False,
    ),
    "csv_escape_formulas": Option(
        help="In csv, put an apostrophe before text and column names that a spreadsheet would "
        "evaluate as a formula: those that begin with =, +, -, @, a tab or a line break.",
        type=bool,
        default=False,
    ),
    "csv_delimiter": Option(
        help="In csv, the character between two values; `\\t` is a tab.",
        type=str,
        default=",",
        placeholder="CHARACTER",
        examples=(";", r"\t"),
    ),
    "csv_null": Option(
        help="In csv, the text for NULL. A text that is the same is put in quotation marks.",
        type=str,
        default="",
        placeholder="TEXT",
        examples=(r"\N", "NULL"),
    ),
    "csv_bom": Option(
        help="Begin csv with the byte order mark by which Excel recognises UTF-8.",
        type=bool,
        default=False,
    ),
    "csv_decimal_comma": Option(
        help="In csv, write numbers with a comma for the decimal point. Needs another "
        "`csv_delimiter`.",
        type=bool,
        default=False,
    ),
    "json_large_numbers": Option(
        help="How json and ndjson hold numbers that a 64-bit float cannot hold, which many "
        "readers would round: as a `number` with all its digits, or as `text`.",
        type=LargeNumbers,
        default="number",
    ),
    "xlsx_text_numbers": Option(
        help="In xlsx, write the numbers of NUMBER columns as text, with all their digits. Without "
        "it, numbers of more than 15 digits, which Excel would round, are an error.",
        type=bool,
        default=False,
    ),
    "encrypt_to": Option(
        help="Encrypt the file to OpenPGP keys before it leaves this machine. These are files of "
        "public keys, binary or armoured, or directories of them; each key can decrypt it. Not "
        "with engine `unload`.",
        type=ColumnNames,
        default=(),
        placeholder="FILE,...",
        examples=("partner.asc", "~/keys"),
    ),
    "timestamp_unit": Option(
        help="The unit of times and timestamps: `us`, or `ns` for the nanoseconds of columns that "
        "have them. With `us`, a value with a fraction of a microsecond is an error; with `ns`, a "
        "year outside 1677-2262.",
        type=TimestampUnit,
        default="us",
    ),
    "file_name": Option(
        help="The template for the name of the object, with {table}, {schema}, {database}, "
        "{timestamp}, {date}, {run_id} and {ext}; and, if only some months are read, {since} and "
        "{until}, or {month} of one month.",
        type=_TEXT,
        absent="`{table}_monthly_{timestamp}.{ext}`",
        placeholder="TEMPLATE",
        examples=("{table}_{date}.{ext}",),
    ),
}

_DESTINATION: Final = {
    "bucket": Option(
        help="The destination: a bucket, s3://bucket/prefix/, the ARN of an access point, or the "
        "name of a configured destination.",
        type=str,
        required=True,
        placeholder="DESTINATION",
        examples=("partner-inbox", "s3://partner-inbox/from-us/", "partner"),
    ),
    "split_by": Option(
        help="Deliver one file for each month. The template for the names must have {month}, which "
        "is 2024-01, or 01 in a template that has {year} too.",
        type=SplitBy | None,
        absent="one file",
    ),
    "manifest": Option(
        help="After the delivery, write a JSON object beside it with the name of the object and "
        "`.manifest.json`: the files with their rows, bytes and SHA-256, the columns with their "
        "types, the months that were read, and the ID of the run.",
        type=bool,
        default=False,
    ),
    "success_file": Option(
        help="After everything else, write the empty object `_SUCCESS` into the directory of the "
        "file, as Spark does: whoever finds it may read what is there.",
        type=bool,
        default=False,
    ),
    "if_exists": Option(
        help="What to do if the object exists: `fail` ends the run with an error, `overwrite` "
        "replaces the object, `skip` reads and delivers nothing and returns the result of the "
        "existing object. `skip` needs a file name without {timestamp} and {run_id}.",
        type=IfExists,
        default="fail",
    ),
    "aws_profile": Option(
        help="The profile in the AWS configuration files, for the bucket and for secrets of the "
        "connection that AWS stores.",
        type=_TEXT,
        absent="boto3's credential chain",
        placeholder="NAME",
        examples=("partner",),
    ),
    "endpoint_url": Option(
        help="The URL of an S3-compatible service, without user, password and query.",
        type=_TEXT,
        absent="AWS",
        placeholder="URL",
        examples=("https://s3.example.com",),
    ),
    "s3_options": Option(
        help="Further arguments of boto3's S3 client, such as the keys and the region.",
        type=Mapping[str, str] | None,
    ),
    "expected_bucket_owner": Option(
        help="The ID of the AWS account that must own the bucket.",
        type=_TEXT,
        absent="not checked",
        placeholder="ACCOUNT",
        examples=("123456789012",),
    ),
    "region": Option(
        help="The AWS region of the bucket.",
        type=_TEXT,
        absent="that of the AWS profile or of AWS_DEFAULT_REGION",
        placeholder="REGION",
        examples=("eu-central-1",),
    ),
    "role_arn": Option(
        help="The IAM role to assume for all requests to the bucket. Its temporary credentials "
        "are renewed during the run.",
        type=_TEXT,
        placeholder="ARN",
        examples=("arn:aws:iam::123456789012:role/deliveries",),
    ),
    "external_id": Option(
        help="The external ID that the owner of the role demands.",
        type=_TEXT,
        placeholder="ID",
        examples=("partner-4711",),
    ),
    "request_payer": Option(
        help="Agree to pay for the requests, as a Requester Pays bucket demands.",
        type=bool,
        default=False,
    ),
    "checksums": Option(
        help="Which checksums are sent: `supported` sends those of AWS, `required-only` none but "
        "Content-MD5, for stores that refuse the others.",
        type=Checksums,
        default="supported",
    ),
    "acl": Option(
        help="The access list of the object. With `bucket-owner-full-control`, the owner of a "
        "bucket whose Object Ownership is not enforced can read it.",
        type=Acl | None,
    ),
    "sse": Option(
        help="The server-side encryption of the object.",
        type=Encryption | None,
        absent="the bucket's own; with a KMS key `aws:kms`",
    ),
    "kms_key_id": Option(
        help="The KMS key with which the object is encrypted.",
        type=_TEXT,
        absent="the key of AWS, where one is needed",
        placeholder="KEY",
        examples=("1234abcd-12ab-34cd-56ef-1234567890ab",),
    ),
    "storage_class": Option(
        help="The storage class of the object. Objects in `GLACIER` and `DEEP_ARCHIVE` cannot be "
        "read at once, so not with `verify`.",
        type=_TEXT,
        absent="`STANDARD`",
        placeholder="CLASS",
        examples=("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    ),
    "tags": Option(
        help="The tags of the object, at most 10.",
        type=Pairs | None,
        placeholder="KEY=VALUE,...",
        examples=("project=sales,retention=7y",),
        library="A mapping is accepted too.",
    ),
    "metadata": Option(
        help="Further metadata of the object, in ASCII. The ID of the run, the number of rows and "
        "the source are always among it.",
        type=Pairs | None,
        placeholder="KEY=VALUE,...",
        examples=("contract=4711",),
        library="A mapping is accepted too.",
    ),
}

_CHECKS: Final = {
    "min_rows": Option(
        help="Deliver nothing if there would be fewer rows.",
        type=int | None,
        absent="not checked",
        placeholder="NUMBER",
        examples=("1", "1000"),
    ),
    "max_rows": Option(
        help="Deliver nothing if there would be more rows.",
        type=int | None,
        absent="not checked",
        placeholder="NUMBER",
        examples=("1000000",),
    ),
    "max_change": Option(
        help="Deliver nothing if the number of rows differs by more from that of the last delivery "
        "of the table to this destination, by the history of this machine or else by a manifest at "
        "the destination. If no delivery is "
        "known, a warning says so.",
        type=_TEXT,
        absent="not checked",
        placeholder="PERCENT",
        examples=("20%", "0.5%"),
    ),
    "require_months": Option(
        help="Deliver nothing if one of the months that are read has no rows. The first and the "
        "last month must be given.",
        type=bool,
        default=False,
    ),
}

_ENGINE: Final = {
    "engine": Option(
        help="Where the rows are aggregated. `stream` aggregates them on this machine, `pushdown` "
        "in Snowflake; with `unload`, Snowflake also writes the object. `auto` selects `stream` "
        "or `pushdown` by the size of the table.",
        type=EngineName,
        default="auto",
    ),
    "stream_limit": Option(
        help="The largest table for which `auto` selects `stream`: rows, stored bytes, or both.",
        type=str,
        default="50M,5GB",
        placeholder="ROWS,BYTES",
        examples=("10M,1GB", "2GB"),
    ),
    "storage_integration": Option(
        help="The storage integration through which Snowflake writes if `engine` is `unload`.",
        type=_TEXT,
        placeholder="NAME",
        examples=("PARTNER_S3",),
    ),
    "stage": Option(
        help="The external stage, at or above the destination, through which Snowflake writes "
        "instead of a storage integration.",
        type=_TEXT,
        placeholder="@STAGE[/PATH]",
        examples=("@SALES.PUBLIC.PARTNER/from-us",),
    ),
    "unload_credentials": Option(
        help="Give Snowflake the AWS credentials of this run instead of a storage integration. "
        "Snowflake keeps them in its query history.",
        type=bool,
        default=False,
    ),
    "max_file_size": Option(
        help="The largest file that Snowflake writes. A larger result becomes several files under "
        "one prefix.",
        type=int | str,
        default="5GB",
        placeholder="SIZE",
        examples=("1GB",),
        library="A number counts bytes.",
    ),
}

_RUN: Final = {
    "verify": Option(
        help="After the delivery, compare its row counts and totals with Snowflake and with the "
        "delivered file.",
        type=bool,
        default=False,
    ),
    "report": Option(
        help="The local file to which the outcome is written as JSON.",
        type=_TEXT,
        placeholder="FILE",
        examples=("report.json",),
    ),
    "memory_limit": Option(
        help="The most memory that the process may use.",
        type=int | str,
        default="600MB",
        placeholder="SIZE",
        examples=("1GB",),
        library="A number counts bytes.",
    ),
    "max_retry_time": Option(
        help="How long a request that fails temporarily is retried after its first failure. 0 "
        "turns retries off.",
        type=int | str,
        default="10m",
        placeholder="TIME",
        examples=("90s", "1h", "0"),
        library="A number counts seconds.",
    ),
}

_NOTIFY: Final = {
    "notify": Option(
        help="Whom to notify of the end of the run: the URL of a webhook, which gets the result as "
        "JSON; `slack:URL` and `teams:URL`, which get a text; `exec:COMMAND`, which gets the JSON "
        "on its standard input; another URL, for Apprise, which is an extra. `env:VARIABLE` takes "
        "the URL from the environment. URLs are secrets: they are not shown or stored.",
        type=Targets,
        default=(),
        placeholder="TARGET,...",
        examples=("env:SLACK_WEBHOOK", "exec:/usr/local/bin/announce"),
    ),
    "notify_on": Option(
        help="Which ends of a run to notify of: `always` all, `success` a delivery but no run that "
        "left everything as it is, `failure` any error, `check_failed` only a check of rows, "
        "totals or months that failed.",
        type=NotifyOn,
        default="always",
    ),
}

GROUPS: Final[Mapping[str, Mapping[str, Option]]] = MappingProxyType(
    {
        "source": _SOURCE,
        "columns": _COLUMNS,
        "months": _MONTHS,
        "output": _OUTPUT,
        "destination": _DESTINATION,
        "checks": _CHECKS,
        "engine": _ENGINE,
        "run": _RUN,
        "notification": _NOTIFY,
    }
)
"""The options by subject, in the order in which they are listed."""

# How the services are reached: of the place where a transfer runs, rather than of the transfer.
PLACE: Final = (
    *("connection", "warehouse", "role", "aws_profile", "endpoint_url", "s3_options"),
    *("memory_limit", "max_retry_time"),
)
OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {name: option for group in GROUPS.values() for name, option in group.items()}
)
"""All options by name."""
