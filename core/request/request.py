"""The request of a transfer: a frozen and validated value, the same for all three front ends.

The fields are the options of `core.request.options`, which declares their defaults and
descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from core.errors import UsageError
from core.request.conditions import check_conditions, check_percentage
from core.request.file_rules import check_delimiter, check_file, check_null, parse_delimiter
from core.request.lists import check_renames, parse_pairs, parse_renames, split_names
from core.request.months import MOST_MONTHS, check_month, check_window
from core.request.object_rules import StorageClass, check_metadata, check_object, check_tags
from core.request.options import OPTIONS
from core.request.options.values import (
    Acl,
    Checksums,
    Encryption,
    EngineName,
    FileFormat,
    IfExists,
    LargeNumbers,
    NotifyOn,
    OnBadDate,
    SplitBy,
    TimestampUnit,
    Undated,
)
from core.request.restating import check_restating
from core.request.sizes import MEBIBYTE, StreamLimit, parse_seconds, parse_size
from core.request.stable_names import check_encrypted, check_skip, check_split
from core.request.targets import check_targets, without_secrets
from core.request.validation_messages import describe_mistakes
from core.request.write_ways import check_write_way
from core.runtime.urls import ENDPOINT_FORM, has_credentials, is_plain_endpoint

DEFAULT_MEMORY_LIMIT: Final[int] = parse_size(OPTIONS["memory_limit"].default)
SMALLEST_MEMORY_LIMIT = 400 * MEBIBYTE
# Snowflake's own maximum (docs.snowflake.com, "COPY INTO <location>", MAX_FILE_SIZE).
LARGEST_UNLOAD = 5 * 1024 * MEBIBYTE
# Snowflake keeps the result of a query for a day.
LONGEST_RETRY_TIME = 24 * 3600
# Forms that AWS gives for them: "AWS Regions", "IAM ARNs", and "AssumeRole" in the STS reference.
_REGION = r"^[a-z0-9-]{2,32}$"  # other stores have names of their own
_ROLE = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$"
_EXTERNAL_ID = r"^[A-Za-z0-9_+=,.@:/-]{2,}$"


def _check_zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone such as Europe/Zurich") from error
    return value


Text = Annotated[str, Field(min_length=1)]
Renames = Annotated[Mapping[str, str], BeforeValidator(parse_renames)]
PairsOf = Annotated[Mapping[str, str], BeforeValidator(parse_pairs)]
Names = Annotated[tuple[str, ...], BeforeValidator(split_names)]
NotifyTargets = Annotated[
    tuple[str, ...],
    BeforeValidator(split_names),
    AfterValidator(check_targets),
    PlainSerializer(without_secrets),
    Field(repr=False),
]
Size = Annotated[int, BeforeValidator(parse_size)]
Seconds = Annotated[int, BeforeValidator(parse_seconds)]
Zone = Annotated[str | None, AfterValidator(_check_zone)]
Month = Annotated[str | None, AfterValidator(check_month)]
Percentage = Annotated[str | None, AfterValidator(check_percentage)]
Limit = Annotated[StreamLimit, BeforeValidator(StreamLimit.parse), PlainSerializer(str)]


def _declare(name: str, read: Callable[[Any], Any] | None = None) -> Any:
    """Return the field of an option.

    Args:
        name: the name of the option.
        read: converts the declared default to the value of the field.
    """
    option = OPTIONS[name]
    if option.required:
        return Field(description=option.help)
    default = read(option.default) if read else option.default
    return Field(default=default, description=option.help)


# What the options must be together, beside what each must be by itself.
_RULES: Final[tuple[Callable[[Any], None], ...]] = (
    *(check_file, check_window, check_conditions, check_split, check_restating, check_encrypted),
    *(check_skip, check_write_way, check_object),
)


class Request(BaseModel):
    """The options of one transfer.

    The fields, with their descriptions and defaults, are the options that `core.request.options`
    declares. Their values are validated and converted: names to tuples, sizes to bytes, times to
    seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    table: Annotated[str, Field(min_length=1)] = _declare("table")
    bucket: Annotated[str, Field(min_length=1)] = _declare("bucket")
    date_column: str | None = _declare("date_column")
    date_format: str | None = _declare("date_format")
    sum_columns: Names | None = _declare("sum_columns")
    key_columns: Names | None = _declare("key_columns")
    drop_columns: Names = _declare("drop_columns")
    drop_identifiers: bool = _declare("drop_identifiers")
    rename: Renames | None = _declare("rename")
    format: FileFormat = _declare("format")
    gzip: bool = _declare("gzip")
    csv_escape_formulas: bool = _declare("csv_escape_formulas")
    csv_delimiter: Annotated[
        str, BeforeValidator(parse_delimiter), AfterValidator(check_delimiter)
    ] = _declare("csv_delimiter")
    csv_null: Annotated[str, AfterValidator(check_null)] = _declare("csv_null")
    csv_bom: bool = _declare("csv_bom")
    csv_decimal_comma: bool = _declare("csv_decimal_comma")
    json_large_numbers: LargeNumbers = _declare("json_large_numbers")
    xlsx_text_numbers: bool = _declare("xlsx_text_numbers")
    encrypt_to: Names = _declare("encrypt_to")
    timestamp_unit: TimestampUnit = _declare("timestamp_unit")
    file_name: str | None = _declare("file_name")
    split_by: SplitBy | None = _declare("split_by")
    manifest: bool = _declare("manifest")
    success_file: bool = _declare("success_file")
    if_exists: IfExists = _declare("if_exists")
    on_bad_date: OnBadDate = _declare("on_bad_date")
    timezone: Zone = _declare("timezone")
    since: Month = _declare("since")
    until: Month = _declare("until")
    last_months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = _declare("last_months")
    include_current: bool = _declare("include_current")
    restate_months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = _declare("restate_months")
    undated: Undated = _declare("undated")
    connection: Annotated[str | Mapping[str, Any] | None, Field(repr=False)] = _declare(
        "connection"
    )
    warehouse: str | None = _declare("warehouse")
    role: str | None = _declare("role")
    aws_profile: str | None = _declare("aws_profile")
    endpoint_url: str | None = _declare("endpoint_url")
    s3_options: Annotated[Mapping[str, str] | None, Field(repr=False)] = _declare("s3_options")
    expected_bucket_owner: Annotated[str, Field(pattern=r"^\d{12}$")] | None = _declare(
        "expected_bucket_owner"
    )
    region: Annotated[str, Field(pattern=_REGION)] | None = _declare("region")
    role_arn: Annotated[str, Field(pattern=_ROLE)] | None = _declare("role_arn")
    external_id: Annotated[str, Field(pattern=_EXTERNAL_ID)] | None = _declare("external_id")
    request_payer: bool = _declare("request_payer")
    checksums: Checksums = _declare("checksums")
    acl: Acl | None = _declare("acl")
    sse: Encryption | None = _declare("sse")
    kms_key_id: Text | None = _declare("kms_key_id")
    storage_class: StorageClass | None = _declare("storage_class")
    tags: PairsOf | None = _declare("tags")
    metadata: PairsOf | None = _declare("metadata")
    min_rows: Annotated[int, Field(ge=0)] | None = _declare("min_rows")
    max_rows: Annotated[int, Field(ge=0)] | None = _declare("max_rows")
    max_change: Percentage = _declare("max_change")
    require_months: bool = _declare("require_months")
    storage_integration: Annotated[str, Field(min_length=1)] | None = _declare(
        "storage_integration"
    )
    stage: Annotated[str, Field(min_length=1)] | None = _declare("stage")
    unload_credentials: bool = _declare("unload_credentials")
    max_file_size: Annotated[Size, Field(ge=MEBIBYTE, le=LARGEST_UNLOAD)] = _declare(
        "max_file_size", parse_size
    )
    verify: bool = _declare("verify")
    report: Annotated[str, Field(min_length=1)] | None = _declare("report")
    memory_limit: Annotated[Size, Field(ge=SMALLEST_MEMORY_LIMIT)] = _declare(
        "memory_limit", parse_size
    )
    max_retry_time: Annotated[Seconds, Field(ge=0, le=LONGEST_RETRY_TIME)] = _declare(
        "max_retry_time", parse_seconds
    )
    notify: NotifyTargets = _declare("notify")
    notify_on: NotifyOn = _declare("notify_on")
    engine: EngineName = _declare("engine")
    stream_limit: Limit = _declare("stream_limit", StreamLimit.parse)

    @field_validator("*")
    @classmethod
    def _refuse_credentials(cls, value: Any) -> Any:
        """Refuse a URL with a password, because the values of text options are stored and shown."""
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and has_credentials(text):
                raise ValueError("holds a user or a password in a URL, which would be shown")
        return value

    @field_validator("bucket")
    @classmethod
    def _refuse_signed_url(cls, value: str) -> str:
        """Refuse AWS keys before the bucket's name, and web URLs, which can contain a signature."""
        scheme, separator, rest = value.partition("://")
        name = rest.partition("/")[0]
        if separator and scheme.lower() != "s3":
            raise ValueError("must be bucket, s3://bucket/prefix/ or the ARN of an access point")
        if separator and not name.startswith("arn:") and not {"@", ":"}.isdisjoint(name):
            raise ValueError("s3:// is followed by the bucket's name; keys go into an AWS profile")
        return value

    @field_validator("connection")
    @classmethod
    def _refuse_url(cls, value: Any) -> Any:
        if isinstance(value, str) and "://" in value:
            raise ValueError("must be the name of a connection, not a URL")
        return value

    @field_validator("endpoint_url")
    @classmethod
    def _check_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not is_plain_endpoint(value):
            raise ValueError(ENDPOINT_FORM)
        return value

    @field_validator("s3_options")
    @classmethod
    def _check_endpoint_of_options(
        cls, value: Mapping[str, str] | None
    ) -> Mapping[str, str] | None:
        url = (value or {}).get("endpoint_url")
        if url is not None and not is_plain_endpoint(url):
            raise ValueError(f"its endpoint URL {ENDPOINT_FORM}")
        return value

    @field_validator("rename")
    @classmethod
    def _check_rename(cls, value: Mapping[str, str] | None) -> Mapping[str, str] | None:
        check_renames(value or {})
        return value

    @field_validator("tags")
    @classmethod
    def _check_tags(cls, value: Mapping[str, str] | None) -> Mapping[str, str] | None:
        check_tags(value or {})
        return value

    @field_validator("metadata")
    @classmethod
    def _check_metadata(cls, value: Mapping[str, str] | None) -> Mapping[str, str] | None:
        check_metadata(value or {})
        return value

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        for check in _RULES:
            check(self)
        return self

    _destination: str | None = PrivateAttr(default=None)

    @property
    def destination(self) -> str | None:
        """The name of the configured destination whose options these are, if one was named."""
        return self._destination

    @classmethod
    def of(cls, *, destination: str | None = None, **options: Any) -> Self:
        """Validate `options`.

        Args:
            destination: the name of the configured destination that has filled the options.
            options: the options by name.

        Returns:
            The request.

        Raises:
            UsageError: an option is unknown, missing or invalid; the message names all of these.
        """
        try:
            request = cls(**options)
        except ValidationError as error:
            raise UsageError(describe_mistakes(error)) from None
        request._destination = destination
        return request
