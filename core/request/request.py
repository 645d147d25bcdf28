"""What a caller asks for: one frozen, validated value for all three front ends.

The field names are the command line's option names and `transfer_data`'s keywords.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)

from core.errors import UsageError
from core.request.validation_messages import sentences
from core.runtime.urls import ENDPOINT_FORM, has_credentials, is_plain_endpoint

MEBIBYTE = 1024 * 1024
SMALLEST_MEMORY_LIMIT = 400 * MEBIBYTE
DEFAULT_MEMORY_LIMIT = 600 * MEBIBYTE
# Snowflake's own maximum (docs.snowflake.com, "COPY INTO <location>", MAX_FILE_SIZE).
LARGEST_UNLOAD = 5 * 1024 * MEBIBYTE
# A result stays readable at Snowflake for a day.
LONGEST_RETRY_TIME = 24 * 3600
_AS_TYPED = re.IGNORECASE | re.ASCII  # else a long s (U+017F) is one
_SIZE = re.compile(r"(\d{1,18}(?:\.\d+)?)\s*([kmgt]?)i?b?", _AS_TYPED)
_TIME = re.compile(r"(\d{1,9}(?:\.\d+)?)\s*([smh]?)", _AS_TYPED)
_ENDLESS = 10**18  # of rows or bytes: more than it takes 18 digits to write
_ROWS = re.compile(r"(\d{1,18}(?:\.\d+)?)\s*([kmg]?)", _AS_TYPED)


def split_names(value: Any) -> Any:
    """Turn `A,B` into `("A", "B")`; a name with a comma is written `"A,B"`, quotes doubled.

    Sequences pass as they are. `none` (in any case) stands for no column at all.
    """
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "none":
        return ()
    try:
        names = next(csv.reader([value], skipinitialspace=True), [])
    except csv.Error as error:  # a line break outside quotes, a name longer than any
        raise ValueError("not a list of names such as A,B") from error
    return tuple(name.strip() for name in names if name.strip())


def parse_size(value: Any) -> Any:
    """Turn `600MB`, `1.5 GB` or a number of bytes into bytes (1 MB = 1024 x 1024)."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a size such as 600MB or 1GB")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


def parse_seconds(value: Any) -> Any:
    """Turn `10m`, `90s`, `1.5h` or a number of seconds into seconds."""
    if not isinstance(value, str):
        return value
    match = _TIME.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a time such as 90s, 10m or 1h")
    return int(float(match[1]) * 60 ** "smh".index(match[2].lower() or "s"))


@dataclass(frozen=True)
class StreamLimit:
    """Up to which size a table is aggregated here.

    Attributes:
        rows: the most rows; None if they do not matter.
        bytes: the most stored bytes; None if they do not matter.
    """

    rows: int | None = None
    bytes: int | None = None

    @classmethod
    def parse(cls, value: Any) -> Any:
        """Read `50M` (rows: k, M and G are thousands), `5GB` (bytes) or both as `50M,5GB`."""
        if not isinstance(value, str):
            return value
        limits: dict[str, int] = {}
        for part in filter(None, map(str.strip, value.split(","))):
            match = _ROWS.fullmatch(part)
            name = "rows" if match else "bytes"
            if name in limits or not (match or _SIZE.fullmatch(part)):
                break
            thousands = 1000 ** " kmg".index(match[2].lower() or " ") if match else 0
            limits[name] = int(float(match[1]) * thousands) if match else parse_size(part)
            if limits[name] >= _ENDLESS:
                break
        else:
            if limits:
                return cls(**limits)
        raise ValueError(f"{value!r} is not rows and bytes such as 50M,5GB")

    def __str__(self) -> str:
        parts: list[str] = []
        if self.rows is not None:
            parts.append(_in_units(self.rows, 1000, ("", "k", "M", "G")))
        if self.bytes is not None:
            parts.append(_in_units(self.bytes, 1024, ("B", "KB", "MB", "GB", "TB")))
        return ",".join(parts)


def _in_units(number: int, unit: int, names: tuple[str, ...]) -> str:
    """A whole number in the largest unit that it is whole in."""
    power = 0
    while number and number % unit == 0 and power + 1 < len(names):
        number, power = number // unit, power + 1
    return f"{number}{names[power]}"


DEFAULT_STREAM_LIMIT = StreamLimit(50_000_000, 5 * 1024**3)


def _known_zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone such as Europe/Zurich") from error
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(split_names)]
Size = Annotated[int, BeforeValidator(parse_size)]
Seconds = Annotated[int, BeforeValidator(parse_seconds)]
Zone = Annotated[str | None, AfterValidator(_known_zone)]
Limit = Annotated[StreamLimit, BeforeValidator(StreamLimit.parse), PlainSerializer(str)]


class Request(BaseModel):
    """One transfer, as asked for.

    Attributes:
        table: `TABLE`, `SCHEMA.TABLE` or `DATABASE.SCHEMA.TABLE`; parts may be quoted with `"`.
        bucket: `bucket`, `s3://bucket`, `s3://bucket/prefix/` or an access-point ARN.
        date_column: the month column; detected if None.
        date_format: strptime format of text dates, or `epoch_s|ms|us|ns`; detected if None.
        sum_columns: the numeric columns to sum; None means all of them.
        key_columns: the columns kept as keys; None means all that are not numeric; () means none.
        drop_columns: columns left out.
        drop_identifiers: leave out every numeric column that looks like an identifier.
        format: the file's format.
        gzip: compress json, ndjson or csv.
        csv_escape_formulas: put an apostrophe before text of csv files that a spreadsheet would
            take for a formula; other formats have no use for it.
        file_name: template over {table} {schema} {database} {timestamp} {date} {run_id} {ext}.
        if_exists: what to do if the object is there already.
        on_bad_date: what to do with dates that do not parse: `fail`, or `null` for the NULL month.
        timezone: IANA name of the session time zone in which TIMESTAMP_LTZ months are cut; the
            account's own if None.
        connection: name of a connection in Snowflake's connections files, or the connector's
            arguments; the default connection if None. A secret X may be told by where it is:
            `X_file`, a file readable by its owner only, or `X_arn`, of AWS Secrets Manager or SSM
            Parameter Store.
        warehouse: Snowflake warehouse to use instead of the connection's.
        role: Snowflake role to use instead of the connection's.
        aws_profile: profile of the AWS configuration files, for the bucket and such secrets.
        endpoint_url: URL of an S3-compatible service, without user, password and query: it is kept
            in the history, in reports and in copied commands.
        s3_options: further arguments for boto3's client (keys, region).
        expected_bucket_owner: the AWS account id that must own the bucket.
        storage_integration: the storage integration by which engine `unload` writes.
        stage: the external stage in which it writes instead; a path may follow the name.
        unload_credentials: hand Snowflake this run's own AWS credentials instead.
        kms_key_id: KMS key that engine `unload` encrypts with; the bucket's own rule if None.
        max_file_size: bytes of a file of engine `unload`; a larger result becomes several files.
        verify: compare the delivery, once it is made, with Snowflake and with the books.
        report: a local file to write what was delivered and found to.
        memory_limit: bytes the process may use at its peak.
        max_retry_time: seconds from a request's first failure in which it is tried again; 0 for
            never.
        engine: what does the work, `stream`, `pushdown` or `unload`; `auto` decides by size.
        stream_limit: up to which size `auto` takes `stream`; views always take it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    table: Annotated[str, Field(min_length=1)]
    bucket: Annotated[str, Field(min_length=1)]
    date_column: str | None = None
    date_format: str | None = None
    sum_columns: Names | None = None
    key_columns: Names | None = None
    drop_columns: Names = ()
    drop_identifiers: bool = False
    format: Literal["parquet", "json", "ndjson", "csv"] = "parquet"
    gzip: bool = False
    csv_escape_formulas: bool = False
    file_name: str | None = None
    if_exists: Literal["fail", "overwrite"] = "fail"
    on_bad_date: Literal["fail", "null"] = "fail"
    timezone: Zone = None
    connection: str | Mapping[str, Any] | None = Field(default=None, repr=False)
    warehouse: str | None = None
    role: str | None = None
    aws_profile: str | None = None
    endpoint_url: str | None = None
    s3_options: Mapping[str, str] | None = Field(default=None, repr=False)
    expected_bucket_owner: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    storage_integration: Annotated[str, Field(min_length=1)] | None = None
    stage: Annotated[str, Field(min_length=1)] | None = None
    unload_credentials: bool = False
    kms_key_id: Annotated[str, Field(min_length=1)] | None = None
    max_file_size: Annotated[Size, Field(ge=MEBIBYTE, le=LARGEST_UNLOAD)] = LARGEST_UNLOAD
    verify: bool = False
    report: Annotated[str, Field(min_length=1)] | None = None
    memory_limit: Annotated[Size, Field(ge=SMALLEST_MEMORY_LIMIT)] = DEFAULT_MEMORY_LIMIT
    max_retry_time: Annotated[Seconds, Field(ge=0, le=LONGEST_RETRY_TIME)] = 600
    engine: Literal["auto", "stream", "pushdown", "unload"] = "auto"
    stream_limit: Limit = DEFAULT_STREAM_LIMIT

    @field_validator("*")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        """Refuse what holds a password in a URL: every option of text is kept or shown."""
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and has_credentials(text):
                raise ValueError("holds a user or a password in a URL, which would be shown")
        return value

    @field_validator("bucket")
    @classmethod
    def _no_signed_url(cls, value: str) -> str:
        """Refuse keys before the bucket's name, and the URLs of the web, which may be signed."""
        scheme, separator, rest = value.partition("://")
        name = rest.partition("/")[0]
        if separator and scheme.lower() != "s3":
            raise ValueError("must be bucket, s3://bucket/prefix/ or the ARN of an access point")
        if separator and not name.startswith("arn:") and not {"@", ":"}.isdisjoint(name):
            raise ValueError("s3:// is followed by the bucket's name; keys go into an AWS profile")
        return value

    @field_validator("connection")
    @classmethod
    def _a_name(cls, value: Any) -> Any:
        if isinstance(value, str) and "://" in value:
            raise ValueError("must be the name of a connection, not a URL")
        return value

    @field_validator("endpoint_url")
    @classmethod
    def _plain_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not is_plain_endpoint(value):
            raise ValueError(ENDPOINT_FORM)
        return value

    @field_validator("s3_options")
    @classmethod
    def _plain_endpoint_among_options(
        cls, value: Mapping[str, str] | None
    ) -> Mapping[str, str] | None:
        url = (value or {}).get("endpoint_url")
        if url is not None and not is_plain_endpoint(url):
            raise ValueError(f"its endpoint_url {ENDPOINT_FORM}")
        return value

    @model_validator(mode="after")
    def _gzip_fits(self) -> Self:
        if self.gzip and self.format == "parquet":
            raise ValueError("parquet is compressed already; gzip goes with json, ndjson or csv")
        return self

    @model_validator(mode="after")
    def _one_access(self) -> Self:
        given = [
            f"--{name.replace('_', '-')}"
            for name in ("storage_integration", "stage", "unload_credentials")
            if getattr(self, name)
        ]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other")
        if self.engine == "unload" and not given:
            raise ValueError(
                "engine unload needs a way for Snowflake to write: --storage-integration (best), "
                "--stage, or --unload-credentials (this run's AWS keys, kept by Snowflake's "
                "query history)"
            )
        if self.kms_key_id and self.stage:
            raise ValueError("a stage has its own encryption; kms_key_id goes without --stage")
        return self

    @classmethod
    def of(cls, **options: Any) -> Self:
        """Validate `options`.

        Returns:
            The request.

        Raises:
            UsageError: an option is unknown or its value is not allowed; all of them are named.
        """
        try:
            return cls(**options)
        except ValidationError as error:
            raise UsageError("; ".join(sentences(error))) from None
