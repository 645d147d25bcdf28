"""The request of a transfer: a frozen and validated value, the same for all three front ends.

The fields are the options of `core.request.options`, which declares their defaults and
descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, get_args
from zoneinfo import ZoneInfo

from core.errors import UsageError
from core.request.conditions import check_conditions, check_percentage
from core.request.file_rules import check_delimiter, check_file, check_null, parse_delimiter
from core.request.lists import check_renames, parse_renames
from core.request.months import MOST_MONTHS, check_month, check_window
from core.request.object_rules import StorageClass, check_metadata, check_object, check_tags
from core.request.options import OPTIONS, Option
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
from core.request.readers import (
    Reader,
    chain,
    choose,
    keep_within,
    match,
    passing,
    read_connection,
    read_filled_text,
    read_flag,
    read_limit,
    read_mapping,
    read_names,
    read_pairs,
    read_text,
)
from core.request.restating import check_restating
from core.request.sizes import MEBIBYTE, StreamLimit, parse_seconds, parse_size
from core.request.stable_names import check_encrypted, check_skip, check_split
from core.request.targets import check_targets, without_secrets
from core.request.validation_messages import InvalidOptionsError, Mistake
from core.request.write_ways import check_write_way
from core.runtime.urls import ENDPOINT_FORM, has_credentials, is_plain_endpoint

DEFAULT_MEMORY_LIMIT: Final[int] = parse_size(OPTIONS["memory_limit"].default)
SMALLEST_MEMORY_LIMIT = 400 * MEBIBYTE
# Snowflake's own maximum (docs.snowflake.com, "COPY INTO <location>", MAX_FILE_SIZE).
LARGEST_UNLOAD = 5 * 1024 * MEBIBYTE
# Snowflake keeps the result of a query for a day.
LONGEST_RETRY_TIME = 24 * 3600
# Forms that AWS gives for them: "AWS Regions", "IAM ARNs", and "AssumeRole" in the STS reference.
_REGION = r"[a-z0-9-]{2,32}"  # other stores have names of their own
_ROLE = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+"
_EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/-]{2,}"


def _check_bucket(value: str) -> None:
    """Refuse AWS keys before the bucket's name, and web URLs, which can contain a signature."""
    scheme, separator, rest = value.partition("://")
    name = rest.partition("/")[0]
    if separator and scheme.lower() != "s3":
        raise ValueError("must be bucket, s3://bucket/prefix/ or the ARN of an access point")
    if separator and not name.startswith("arn:") and not {"@", ":"}.isdisjoint(name):
        raise ValueError("s3:// is followed by the bucket's name; keys go into an AWS profile")


def _check_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not a time zone such as Europe/Zurich") from error


def _check_endpoint(value: str) -> None:
    if not is_plain_endpoint(value):
        raise ValueError(ENDPOINT_FORM)


def _check_s3_options(value: Mapping[str, str]) -> None:
    url = value.get("endpoint_url")
    if url is not None and not is_plain_endpoint(url):
        raise ValueError(f"its endpoint URL {ENDPOINT_FORM}")


def _refuse_credentials(value: object) -> None:
    """Refuse a URL with a password, because the values of text options are stored and shown."""
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and has_credentials(text):
            raise ValueError("holds a user or a password in a URL, which would be shown")


# How the values of options are read that have more rules than their type.
_READERS: Final[Mapping[str, Reader]] = {
    "table": read_filled_text,
    "bucket": chain(read_filled_text, passing(_refuse_credentials), passing(_check_bucket)),
    "rename": chain(parse_renames, read_pairs, passing(check_renames)),
    "csv_delimiter": chain(parse_delimiter, read_text, check_delimiter),
    "csv_null": chain(read_text, check_null),
    "timezone": chain(read_text, passing(_check_zone)),
    "since": chain(read_text, check_month),
    "until": chain(read_text, check_month),
    "last_months": keep_within(1, MOST_MONTHS),
    "restate_months": keep_within(1, MOST_MONTHS),
    "connection": read_connection,
    "endpoint_url": chain(read_text, passing(_refuse_credentials), passing(_check_endpoint)),
    "s3_options": chain(read_mapping, read_pairs, passing(_check_s3_options)),
    "expected_bucket_owner": match(r"[0-9]{12}", "must be the 12 digits of an AWS account"),
    "region": match(_REGION, "must be the name of a region such as eu-central-1"),
    "role_arn": match(
        _ROLE, "must be the ARN of a role such as arn:aws:iam::123456789012:role/deliveries"
    ),
    "external_id": match(
        _EXTERNAL_ID,
        "must have two or more letters, digits and characters of + = , . @ : / - _",
    ),
    "kms_key_id": read_filled_text,
    "storage_class": choose(*get_args(StorageClass)),
    "tags": chain(read_pairs, passing(check_tags)),
    "metadata": chain(read_pairs, passing(check_metadata)),
    "min_rows": keep_within(0),
    "max_rows": keep_within(0),
    "max_change": chain(read_text, check_percentage),
    "storage_integration": read_filled_text,
    "stage": read_filled_text,
    "max_file_size": chain(parse_size, keep_within(MEBIBYTE, LARGEST_UNLOAD)),
    "report": read_filled_text,
    "memory_limit": chain(parse_size, keep_within(SMALLEST_MEMORY_LIMIT)),
    "max_retry_time": chain(parse_seconds, keep_within(0, LONGEST_RETRY_TIME)),
    "notify": chain(read_names, check_targets),
    "stream_limit": read_limit,
}


def _find_reader(name: str, option: Option) -> Reader:
    if option.is_flag:
        return read_flag
    if option.choices:
        return choose(*option.choices)
    by_type = read_names if Sequence[str] in get_args(option.type) else read_text
    return chain(_READERS.get(name, by_type), passing(_refuse_credentials))


_READ: Final = {name: _find_reader(name, option) for name, option in OPTIONS.items()}
DEFAULTS: Final[Mapping[str, Any]] = {
    name: None if option.default is None else _READ[name](option.default)
    for name, option in OPTIONS.items()
    if not option.required
}
"""The values of the options that are not given."""

# What the options must be together, beside what each must be by itself.
_RULES: Final[tuple[Callable[[Any], None], ...]] = (
    *(check_file, check_window, check_conditions, check_split, check_restating, check_encrypted),
    *(check_skip, check_write_way, check_object),
)


@dataclass(frozen=True, init=False)
class Request:
    """The options of one transfer.

    The fields, with their descriptions and defaults, are the options that `core.request.options`
    declares. Their values are validated and converted: names to tuples, sizes to bytes, times to
    seconds.

    Args:
        destination: the name of the configured destination whose options these are, if one was
            named.
        options: the options by name.

    Raises:
        InvalidOptionsError: an option is unknown, missing or invalid.
    """

    table: str
    bucket: str
    date_column: str | None
    date_format: str | None
    sum_columns: tuple[str, ...] | None
    key_columns: tuple[str, ...] | None
    drop_columns: tuple[str, ...]
    drop_identifiers: bool
    rename: Mapping[str, str] | None
    format: FileFormat
    gzip: bool
    csv_escape_formulas: bool
    csv_delimiter: str
    csv_null: str
    csv_bom: bool
    csv_decimal_comma: bool
    json_large_numbers: LargeNumbers
    xlsx_text_numbers: bool
    encrypt_to: tuple[str, ...]
    timestamp_unit: TimestampUnit
    file_name: str | None
    split_by: SplitBy | None
    manifest: bool
    success_file: bool
    if_exists: IfExists
    on_bad_date: OnBadDate
    timezone: str | None
    since: str | None
    until: str | None
    last_months: int | None
    include_current: bool
    restate_months: int | None
    undated: Undated
    connection: str | Mapping[str, Any] | None = field(repr=False)
    warehouse: str | None
    role: str | None
    aws_profile: str | None
    endpoint_url: str | None
    s3_options: Mapping[str, str] | None = field(repr=False)
    expected_bucket_owner: str | None
    region: str | None
    role_arn: str | None
    external_id: str | None
    request_payer: bool
    checksums: Checksums
    acl: Acl | None
    sse: Encryption | None
    kms_key_id: str | None
    storage_class: StorageClass | None
    tags: Mapping[str, str] | None
    metadata: Mapping[str, str] | None
    min_rows: int | None
    max_rows: int | None
    max_change: str | None
    require_months: bool
    storage_integration: str | None
    stage: str | None
    unload_credentials: bool
    max_file_size: int
    verify: bool
    report: str | None
    memory_limit: int
    max_retry_time: int
    notify: tuple[str, ...] = field(repr=False)
    notify_on: NotifyOn
    engine: EngineName
    stream_limit: StreamLimit
    destination: str | None = field(repr=False)

    def __init__(self, *, destination: str | None = None, **options: Any) -> None:
        values, mistakes = _read(options)
        if mistakes:
            raise InvalidOptionsError(mistakes)
        self.__dict__.update({name: values[name] for name in FIELDS}, destination=destination)
        try:
            for check in _RULES:
                check(self)
        except ValueError as error:
            raise InvalidOptionsError([("", error.args[0])]) from None

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
            return cls(destination=destination, **options)
        except InvalidOptionsError as error:
            raise UsageError(error.message) from None

    def replace(self, **values: Any) -> Self:
        """Return the request with other values of some fields, which are not validated."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **values)
        return other

    def as_options(self) -> dict[str, Any]:
        """Return the values of all options by name."""
        return {name: getattr(self, name) for name in FIELDS}

    def as_data(self) -> dict[str, Any]:
        """Return the options that are not at their defaults for JSON, without targets' URLs."""
        given = {
            name: value
            for name, value in self.as_options().items()
            if OPTIONS[name].required or value != DEFAULTS[name]
        }
        if "notify" in given:
            given["notify"] = without_secrets(self.notify)
        return {
            name: str(each) if isinstance(each, StreamLimit) else each
            for name, each in given.items()
        }


FIELDS: Final = tuple(name for name in Request.__annotations__ if name in OPTIONS)
"""The options in the order in which a request is written."""


def _read(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """Return the values of options, and the mistakes in them."""
    values, mistakes = dict(DEFAULTS), list[Mistake]()
    for name in FIELDS:
        if name not in options:
            if OPTIONS[name].required:
                mistakes.append((name, "is missing"))
        elif options[name] is not None or DEFAULTS.get(name, "") is not None:
            try:
                values[name] = _READ[name](options[name])
            except ValueError as error:
                mistakes.append((name, error.args[0]))
    unknown = [name for name in options if name not in OPTIONS]
    return values, [*mistakes, *((name, "there is no such option") for name in unknown)]
