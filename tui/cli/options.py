"""The command line's options: each is also an environment variable, `AMPLIFY_` and its name."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def _option(*names: str, **settings: Any) -> Any:
    """An option; its variable follows from its first name (`--date-column`: AMPLIFY_DATE_COLUMN).

    The second and later names are accepted spellings.
    """
    variable = "AMPLIFY_" + names[0].removeprefix("--").replace("-", "_").upper()
    return typer.Option(*names, envvar=variable, show_envvar=False, **settings)


def _flag(name: str, text: str) -> Any:
    return _option(name, help=text, show_default=False)


Text = str | None

Batch = Annotated[bool, _flag("--batch", "Run without the app: no questions, result on stdout.")]
Table = Annotated[
    Text,
    _option(
        *("--table", "--table_name"),
        metavar="NAME",
        help="Table or view: TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE.",
    ),
]
Bucket = Annotated[
    Text,
    _option(
        "--bucket", metavar="DESTINATION", help="bucket, s3://bucket/prefix/ or access-point ARN."
    ),
]
DateColumn = Annotated[
    Text,
    _option(
        *("--date-column", "--group_column"),
        metavar="NAME",
        help="Column whose month is grouped by. [default: detected]",
    ),
]
DateFormat = Annotated[
    Text,
    _option(
        "--date-format",
        metavar="FORMAT",
        help="Format of text dates (strptime, as %d.%m.%Y), or epoch_s, epoch_ms, epoch_us, "
        "epoch_ns. [default: detected]",
    ),
]
SumColumns = Annotated[
    Text,
    _option(
        *("--sum-columns", "--sum_column", "--sum_columns"),
        metavar="A,B",
        help="Columns to sum. [default: all numeric ones]",
    ),
]
KeyColumns = Annotated[
    Text,
    _option(
        "--key-columns",
        metavar="A,B|none",
        help="Columns to group by besides the month. [default: all others]",
    ),
]
DropColumns = Annotated[
    Text, _option("--drop-columns", metavar="A,B", help="Columns to leave out.")
]
DropIdentifiers = Annotated[
    bool, _flag("--drop-identifiers", "Leave out numeric columns that look like identifiers.")
]
Format = Annotated[
    Text,
    _option("--format", metavar="parquet|json|ndjson|csv", help="[default: parquet]"),
]
Gzip = Annotated[bool, _flag("--gzip", "Compress json, ndjson or csv.")]
CsvEscapeFormulas = Annotated[
    bool,
    _flag(
        "--csv-escape-formulas",
        "In csv, put ' before text that a spreadsheet would take for a formula.",
    ),
]
FileName = Annotated[
    Text,
    _option(
        "--file-name",
        metavar="TEMPLATE",
        help="With {table} {schema} {database} {timestamp} {date} {run_id} {ext}. "
        "[default: {table}_monthly_{timestamp}.{ext}]",
    ),
]
IfExists = Annotated[
    Text,
    _option("--if-exists", metavar="fail|overwrite", help="If the object exists. [default: fail]"),
]
OnBadDate = Annotated[
    Text,
    _option(
        "--on-bad-date",
        metavar="fail|null",
        help="If a date does not parse: fail, or put it in the NULL month. [default: fail]",
    ),
]
Timezone = Annotated[
    Text,
    _option(
        "--timezone", metavar="ZONE", help="Zone of TIMESTAMP_LTZ months. [default: the account's]"
    ),
]
Connection = Annotated[
    Text,
    _option(
        "--connection",
        metavar="NAME",
        help="Entry of Snowflake's connections.toml or config.toml. [default: theirs]",
    ),
]
Warehouse = Annotated[
    Text, _option("--warehouse", metavar="NAME", help="Instead of the connection's.")
]
Role = Annotated[Text, _option("--role", metavar="NAME", help="Instead of the connection's.")]
AwsProfile = Annotated[
    Text,
    _option("--aws-profile", metavar="NAME", help="Profile of the AWS files. [default: theirs]"),
]
EndpointUrl = Annotated[
    Text, _option("--endpoint-url", metavar="URL", help="Of an S3-compatible service.")
]
ExpectedBucketOwner = Annotated[
    Text,
    _option(
        "--expected-bucket-owner", metavar="ACCOUNT", help="AWS account that must own the bucket."
    ),
]
StorageIntegration = Annotated[
    Text, _option("--storage-integration", metavar="NAME", help="By which engine unload writes.")
]
Stage = Annotated[
    Text,
    _option(
        "--stage",
        metavar="@STAGE[/PATH]",
        help="External stage above the destination, instead of --storage-integration.",
    ),
]
UnloadCredentials = Annotated[
    bool,
    _flag(
        "--unload-credentials",
        "Hand Snowflake this run's AWS credentials instead; its query history keeps them.",
    ),
]
KmsKeyId = Annotated[
    Text,
    _option("--kms-key-id", metavar="KEY", help="That engine unload encrypts with (SSE-KMS)."),
]
MaxFileSize = Annotated[
    Text,
    _option(
        "--max-file-size",
        metavar="SIZE",
        help="Of a file of engine unload; larger results become several. [default: 5GB]",
    ),
]
Verify = Annotated[
    bool,
    _flag("--verify", "Compare the delivery with Snowflake and the books, once it is made."),
]
Report = Annotated[
    Text, _option("--report", metavar="FILE", help="Local file to write the outcome to, as JSON.")
]
MemoryLimit = Annotated[
    Text, _option("--memory-limit", metavar="SIZE", help="Such as 600MB. [default: 600MB]")
]
Engine = Annotated[
    Text,
    _option(
        "--engine",
        metavar="auto|stream|pushdown|unload",
        help="Aggregate here, at Snowflake, or have Snowflake write the object too. "
        "[default: auto, by size]",
    ),
]
StreamLimit = Annotated[
    Text,
    _option(
        "--stream-limit",
        metavar="ROWS,BYTES",
        help="Up to which size auto takes stream. [default: 50M,5GB]",
    ),
]
MaxRetryTime = Annotated[
    Text,
    _option(
        "--max-retry-time",
        metavar="TIME",
        help="How long a request that fails for now is tried again, from its first failure on; "
        "0 for never. [default: 10m]",
    ),
]
DryRun = Annotated[bool, _flag("--dry-run", "Print the plan and touch nothing.")]
Exact = Annotated[
    bool, _flag("--exact", "With --dry-run: count the rows that come out, over the whole table.")
]
Demo = Annotated[bool, _flag("--demo", "Use an embedded warehouse and bucket with sample tables.")]
Web = Annotated[
    bool, _flag("--web", "Open the app in a browser on this machine, at the address it prints.")
]
Port = Annotated[
    int | None,
    _option(
        "--port", metavar="NUMBER", min=1024, max=65535, help="Of --web. [default: any free one]"
    ),
]
Quiet = Annotated[bool, _flag("--quiet", "Print nothing but errors on stderr.")]
LogFormat = Annotated[
    str, _option("--log-format", metavar="text|json", help="Of what goes to stderr.")
]
