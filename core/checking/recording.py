"""Records the answers of a check, without names, values or secrets, so that a test can replay them.

What is kept: the names that this program gave to the columns of its statements, or that Snowflake
gives to those of SHOW and DESCRIBE; their types and the metadata that describe these; numbers of
rows and batches; error numbers, SQL states and S3's error codes; and, of statements over literal
rows, the values, which are those of `core.checking.cases`. What is not: texts of errors, addresses,
identifiers of queries and sessions, names of tables, buckets, users, roles and accounts, and every
value that comes from the account. Only known keys and values of a plain form are copied; so what a
later version of a service adds is left out.

It is one JSON file, which people can read before they pass it on; mode 0600.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.errors import LocalResourceError, TransferError
from core.runtime.disk.private_files import replace

if TYPE_CHECKING:
    import pyarrow as pa

FILE_NAME: Final = "check.json"
_VERSION: Final = 1
_MOST_VALUES: Final = 1_000  # rows
# The metadata of Arrow fields that describe their types; recorded answers hold no others.
_METADATA: Final = frozenset(
    {
        *("logicalType", "precision", "scale", "charLength", "byteLength", "finalType"),
        *("physicalType", "nullable"),
    }
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_(), ]{0,40}")
_ERROR_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,60}")
# The headers of S3's answers whose values are words of S3.
_HEADERS: Final = frozenset(
    {
        *("server", "x-amz-server-side-encryption", "x-amz-checksum-type", "x-amz-storage-class"),
        *("content-type", "accept-ranges"),
    }
)
_HEADER_VALUE: Final = re.compile(r"[A-Za-z0-9/:;=. _+-]{0,60}")
_MD5: Final = re.compile(r'"?[0-9a-f]{32}(-\d+)?"?')


class Recording:
    """The answers of one check.

    Args:
        directory: the directory of the file; it is created if it is missing.

    Raises:
        LocalResourceError: it cannot be created or written.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._checks: list[dict[str, Any]] = []
        self._literal = False
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _make_error(self._path) from error
        self.save()

    def save(self) -> None:
        """Write the file.

        Raises:
            LocalResourceError: it cannot be written.
        """
        content = {
            "version": _VERSION,
            "versions": {name: version(name) for name in ("snowflake-connector-python", "boto3")},
            "checks": self._checks,
        }
        try:
            replace(self._path, json.dumps(content, indent=1, ensure_ascii=True) + "\n")
        except OSError as error:
            raise _make_error(self._path) from error

    @contextmanager
    def check(self, part: str, subject: str) -> Iterator[None]:
        """Record what is added inside as the answers of one check."""
        self._checks.append({"part": part, "subject": subject, "batches": [], "requests": []})
        yield

    @contextmanager
    def literal_rows(self) -> Iterator[None]:
        """Keep the values of the batches that are added inside."""
        self._literal = True
        try:
            yield
        finally:
            self._literal = False

    def add_batch(self, batch: pa.Table) -> None:
        """Add a batch of a result as Snowflake sent it; may be called from any thread."""
        added: dict[str, Any] = {
            "rows": batch.num_rows,
            "pieces": max((column.num_chunks for column in batch.columns), default=0),
            "fields": [_describe_field(field) for field in batch.schema],
        }
        if self._literal and batch.num_rows <= _MOST_VALUES:
            added["values"] = [
                [_encode(value) for value in column.to_pylist()] for column in batch.columns
            ]
        self._checks[-1]["batches"].append(added)

    def add_columns(self, description: Sequence[Any]) -> None:
        """Add the columns of a result, as the connector's cursor describes them."""
        self._checks[-1]["columns"] = [
            {
                "name": column.name,
                "type_code": column.type_code,
                "precision": column.precision,
                "scale": column.scale,
                "nullable": column.is_nullable,
            }
            for column in description
        ]

    def add_error(self, error: TransferError) -> None:
        """Add the class of an error and the numbers of its cause."""
        cause = error.__cause__
        state = str(getattr(cause, "sqlstate", "") or "")
        number = getattr(cause, "errno", None)
        self._checks[-1]["error"] = {
            "class": type(error).__name__,
            "number": number if isinstance(number, int) else None,
            "sqlstate": state if _ERROR_CODE.fullmatch(state) else None,
        }

    def add_request(self, operation: str, answer: Mapping[str, Any]) -> None:
        """Add an answer of S3: boto3's parsed response, or that of its error."""
        metadata = answer.get("ResponseMetadata", {})
        headers = {str(k).lower(): str(v) for k, v in metadata.get("HTTPHeaders", {}).items()}
        code = str(answer.get("Error", {}).get("Code", ""))
        self._checks[-1]["requests"].append(
            {
                "operation": operation,
                "status": int(metadata.get("HTTPStatusCode", 0)),
                "code": code if _ERROR_CODE.fullmatch(code) else None,
                "etag": _describe_etag(headers.get("etag")),
                "headers": {
                    name: value
                    for name, value in sorted(headers.items())
                    if name in _HEADERS and _HEADER_VALUE.fullmatch(value)
                },
            }
        )


def read_recording(directory: Path) -> list[dict[str, Any]]:
    """Return the checks of a recording, each as a dict.

    The `batches` of each are tables, as Snowflake sent them; where values were not kept, they are
    NULL.
    """
    content = json.loads((directory / FILE_NAME).read_text("utf-8"))
    return [
        {**check, "batches": list(map(_make_table, check["batches"]))}
        for check in content["checks"]
    ]


def _make_error(path: Path) -> LocalResourceError:
    return LocalResourceError(
        f"The recording {path} cannot be written.", "Name another directory, or check its owner."
    )


def _describe_etag(etag: str | None) -> str | None:
    """Return the form of an ETag: `md5`, `md5-2` with its number of parts, or `other`."""
    if etag is None:
        return None
    found = _MD5.fullmatch(etag)
    return "other" if found is None else f"md5{found[1] or ''}"


# --------------------------------------------------------------------------------------- fields


def _describe_field(field: pa.Field) -> dict[str, Any]:
    parts = [_describe_field(field.type.field(n)) for n in range(field.type.num_fields)]
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return {
        "name": field.name,
        "type": parts or str(field.type),
        "nullable": field.nullable,
        "metadata": {
            key: value
            for key, value in sorted(metadata.items())
            if key in _METADATA and _PLAIN.fullmatch(value)
        },
    }


def _make_field(described: Mapping[str, Any]) -> pa.Field:
    import pyarrow as pa

    kind = described["type"]
    made = pa.struct(list(map(_make_field, kind))) if isinstance(kind, list) else _parse_type(kind)
    return pa.field(described["name"], made, described["nullable"], described["metadata"])


def _parse_type(text: str) -> pa.DataType:
    import pyarrow as pa

    if found := re.fullmatch(r"decimal128\((\d+), (-?\d+)\)", text):
        return pa.decimal128(int(found[1]), int(found[2]))
    return pa.type_for_alias(text)


def _make_table(described: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema(list(map(_make_field, described["fields"])))
    rows = described["rows"]
    values = described.get("values") or [[None] * rows] * len(schema)
    columns = [
        pa.array([_decode(value, field.type) for value in column], field.type)
        for column, field in zip(values, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _encode(value: object) -> Any:
    """Return a value of an Arrow array as JSON can hold it."""
    if isinstance(value, dict):
        return {name: _encode(part) for name, part in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, Decimal | date | float) else value


def _decode(value: Any, kind: pa.DataType) -> Any:
    import pyarrow as pa

    if value is None:
        return None
    if isinstance(value, dict):
        return {name: _decode(part, kind.field(name).type) for name, part in value.items()}
    if pa.types.is_binary(kind):
        return bytes.fromhex(value)
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    return float(value) if pa.types.is_floating(kind) else value
