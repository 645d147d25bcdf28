"""Names in S3: destinations, keys, and the template of file names.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html. boto3 checks almost none of
them.
"""

from __future__ import annotations

import ipaddress
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from core.errors import UsageError
from core.remedy import Advice, Remedy, join_remedies

DEFAULT_TEMPLATE = "{table}_monthly_{timestamp}.{ext}"
MAX_KEY_BYTES = 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("--ol-s3", "--x-s3", "--table-s3", ".mrap")
_ACCESS_POINT = re.compile(
    r"(?P<arn>arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint[:/][a-z0-9][a-z0-9-]{1,48}[a-z0-9])"
    r"(?:/(?P<prefix>.*))?",
    re.DOTALL,
)
_FORMS = (
    "Write bucket, s3://bucket, s3://bucket/prefix/ or the ARN of an access point; "
    "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens."
)
# The fields of a template that name months, and what is missing if they cannot be filled.
_MONTHS = {
    "since": "the months that are read have no first one",
    "until": "the months that are read have no last one",
    "month": "not exactly one month is read",
}
_NEED = Advice(
    "Give the months: ",
    join_remedies([Remedy("since"), Remedy("until")], "and"),
    ", or ",
    Remedy("last_months"),
    ".",
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]")


@dataclass(frozen=True)
class Destination:
    """A bucket, and the prefix of every key in it.

    Attributes:
        bucket: the bucket's name, or the ARN of an access point.
        prefix: empty, or text that ends in `/`.
    """

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `bucket`, `s3://bucket`, `s3://bucket/prefix/` or an access-point ARN.

        The prefix is a folder: its last `/` may be left out. An ARN may be followed by a prefix
        too.

        Example:
            >>> Destination.parse("s3://partner-inbox/from-us")
            Destination(bucket='partner-inbox', prefix='from-us/')

        Raises:
            UsageError: the text has another form, or breaks S3's rules for names.
        """
        is_url = text.lower().startswith("s3://")
        rest = text[5:] if is_url else text
        if rest.startswith("arn:"):
            match = _ACCESS_POINT.fullmatch(rest)
            if match is None:
                raise UsageError(f"{text!r} is not the ARN of an S3 access point.", _FORMS)
            bucket, prefix = match["arn"], match["prefix"] or ""
        else:
            bucket, slash, prefix = rest.partition("/")
            if (slash and not is_url) or not _is_bucket(bucket):
                raise UsageError(f"{text!r} is not an S3 destination.", _FORMS)
        if prefix:
            prefix = prefix.removesuffix("/") + "/"
            _check_key(prefix.removesuffix("/"), f"The prefix in {text!r}")
        return cls(bucket, prefix)

    def key(self, file_name: str) -> str:
        """Return the key of a file: the prefix and the name, which may hold `/`.

        Raises:
            UsageError: the key is empty, longer than 1024 UTF-8 bytes, or has control characters
                or segments that are empty, `.` or `..`.
        """
        _check_key(file_name, f"The file name {file_name!r}")
        key = self.prefix + file_name
        if len(key.encode()) > MAX_KEY_BYTES:
            raise UsageError(
                f"The key {key[:40]!r}... has more than {MAX_KEY_BYTES} bytes.",
                "Shorten the prefix or the file name.",
            )
        return key

    def url(self, key: str = "") -> str:
        """Return `s3://bucket/key`, to be shown."""
        return f"s3://{self.bucket}/{key or self.prefix}"


def file_name(
    template: str | None,
    *,
    table: str,
    schema: str,
    database: str,
    timestamp: datetime,
    run_id: str,
    ext: str,
    months: Mapping[str, str] | None = None,
) -> str:
    """Return the name of a file: its template, with the fields filled in.

    Args:
        template: text with `{table} {schema} {database} {timestamp} {date} {run_id} {ext}` and
            `{since} {until} {month}`; None for `{table}_monthly_{timestamp}.{ext}`. It may hold
            `/`; values may not.
        table: the table's name; characters outside `A-Za-z0-9._=-` become `_`, as in every value.
        schema: the schema's name.
        database: the database's name.
        timestamp: a UTC moment; `{timestamp}` is `YYYYMMDDTHHMMSSZ`, `{date}` is `YYYY-MM-DD`.
        run_id: the run's identifier.
        ext: the extension, without a leading dot.
        months: the months by field, such as `{"since": "2024-01"}`; a field may be missing.

    Raises:
        UsageError: the template is invalid, has an unknown field, or one of a month that is
            missing.
    """
    values = {
        "table": table,
        "schema": schema,
        "database": database,
        "timestamp": f"{timestamp:%Y%m%dT%H%M%SZ}",
        "date": f"{timestamp:%Y-%m-%d}",
        "run_id": run_id,
        "ext": ext,
    }
    text = DEFAULT_TEMPLATE if template is None else template
    allowed = f"Its fields are {' '.join(f'{{{name}}}' for name in (*values, *_MONTHS))}."
    values |= months or {}
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise UsageError(f"The file name {text!r} is not a template.", allowed) from error
    name = ""
    for literal, field, spec, conversion in pieces:
        name += literal
        if field is None:
            continue
        if field in _MONTHS and field not in values:
            raise UsageError(
                f"The file name {text!r} has {{{field}}}, but {_MONTHS[field]}.", _NEED
            )
        if field not in values or spec or conversion:
            raise UsageError(f"The file name {text!r} has an unknown field {{{field}}}.", allowed)
        name += make_safe(values[field])
    return name


def make_safe(value: str) -> str:
    """Return a value with `_` for each character that is not safe in a name."""
    safe = _UNSAFE.sub("_", value) or "_"
    return safe if safe.strip(".") else "_" * len(safe)


def _is_bucket(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return (
            _BUCKET.fullmatch(name) is not None
            and ".." not in name
            and not name.startswith(_RESERVED_PREFIXES)
            and not name.endswith(_RESERVED_SUFFIXES)
        )
    return False


def _check_key(key: str, what: str) -> None:
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in key):
        raise UsageError(f"{what} has control characters.")
    if any(segment in ("", ".", "..") for segment in key.split("/")):
        raise UsageError(
            f"{what} has a part that is empty, '.' or '..'.",
            "Such keys cannot be downloaded to a file system.",
        )
