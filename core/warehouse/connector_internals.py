"""All use of the Snowflake connector's private names; no other module uses any.

The names are those of version 5.2. They provide what the public ones do not: the location of each
batch of a result, in little memory; the decoding of a batch that was fetched and checked here; an
Arrow stream that can be checked before it is decoded. `is_usable` looks the names up on first use.
If the installed version lacks one, the public `get_result_batches` and `to_arrow` are used instead
(see `core.warehouse.results.batch_list`), and a warning in the log lists the missing names.
"""

from __future__ import annotations

import base64
import ctypes
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

log = logging.getLogger(__name__)

_MESSAGES: Final = "snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2"
_CONTEXT: Final = "snowflake.connector._internal.arrow_context"
_STREAMS: Final = "snowflake.connector._internal.arrow_stream_utils"
_BATCHES: Final = "snowflake.connector.result_batch"
_CURSORS: Final = "snowflake.connector.cursor._result_set_wrapper"
_RESULT: Final = "_result_set"  # an attribute of each cursor
# Names by module.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    _CONTEXT: ("ArrowConverterContext.create",),
    _STREAMS: ("create_table_iterator",),
    _BATCHES: ("ResultBatch._take_arrow_stream_ptr",),
    _CURSORS: ("_ResultSetWrapper.get_chunks",),
}
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    _MESSAGES: (
        *(f"ResultChunk.{field}" for field in ("row_count", "format", "inline", "remote")),
        *(f"RemoteChunk.{field}" for field in ("url", "headers", "uncompressed_size")),
        *(f"ResultSetGetChunksResponse.{field}" for field in ("chunks", "columns")),
    ),
}
_ARROW: Final[Any] = 1  # of the connector's `ChunkFormat`
_JSON: Final[Any] = 2
_STREAM: Final = b"arrow_array_stream"


class Chunk(NamedTuple):
    """The location of one batch of a result.

    Attributes:
        rows: its row count, as declared by Snowflake.
        size: uncompressed bytes; 0 if not declared.
        url: where it is fetched; empty for an inline batch.
        headers: the headers that Snowflake requires in the request.
        is_arrow: whether it is an Arrow stream; else JSON.
        message: the connector's message, for an inline batch; else None.
    """

    rows: int
    size: int
    url: str
    headers: Mapping[str, str]
    is_arrow: bool
    message: Any


def is_usable(cursor: SnowflakeCursor) -> bool:
    """Whether the installed connector has every private name; log a warning if it has not."""
    lacking = find_missing()
    if not hasattr(cursor, _RESULT):
        lacking += (f"{type(cursor).__module__}.{type(cursor).__name__}.{_RESULT}",)
    if lacking:
        _warn(lacking)
    return not lacking


@cache
def find_missing() -> tuple[str, ...]:
    """Return the private names that the installed connector lacks; looked up once per process."""
    return tuple(
        f"{module}.{name}"
        for names_of, exists in ((_NAMES, _has_attribute), (_FIELDS, _has_field))
        for module, names in names_of.items()
        for name in names
        if not exists(module, name)
    )


@cache
def _warn(lacking: tuple[str, ...]) -> None:
    log.warning(
        "This version of snowflake-connector-python lacks %s: results are read by its public "
        "functions, which check less and take more memory.",
        ", ".join(lacking),
    )


def _has_attribute(module: str, name: str) -> bool:
    try:
        found: Any = import_module(module)
    except ImportError:
        return False
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            return False
    return True


def _has_field(module: str, name: str) -> bool:
    message, _, field = name.partition(".")
    if not _has_attribute(module, f"{message}.DESCRIPTOR.fields_by_name"):
        return False
    return field in getattr(import_module(module), message).DESCRIPTOR.fields_by_name


class ChunkList:
    """The batches of a result, taken out of a cursor, which is empty afterwards.

    Each iteration yields them in order and keeps no reference to those already yielded.

    Attributes:
        columns: the connector's own messages about the columns, for `open_batch`.
    """

    def __init__(self, cursor: SnowflakeCursor) -> None:
        self._response = cursor._result_set.get_chunks()
        cursor.reset(closing=True)  # frees the connector's copy
        self.columns = (
            [] if self._response is None else [_copy(each) for each in self._response.columns]
        )

    def __iter__(self) -> Iterator[Chunk]:
        for chunk in () if self._response is None else self._response.chunks:
            is_arrow = chunk.format == _ARROW
            if chunk.HasField("remote"):
                remote = chunk.remote
                size = max(remote.uncompressed_size, 0)
                yield Chunk(chunk.row_count, size, remote.url, remote.headers, is_arrow, None)
            else:
                yield Chunk(chunk.row_count, 0, "", {}, is_arrow, _copy(chunk))


def inline_rows(message: Any) -> bytes:
    """Return the encoded rows of an inline batch; empty if they are damaged."""
    try:
        return base64.b64decode(message.inline, validate=True)
    except ValueError:
        return b""


def open_batch(
    connection: SnowflakeConnection, chunk: Chunk, description: Any, columns: list[Any]
) -> pa.RecordBatchReader:
    """Have the connector fetch a batch; return its Arrow stream, not yet decoded.

    Args:
        connection: the session of the result.
        chunk: the batch.
        description: the `description` of the cursor that held the result.
        columns: the `columns` of the `ChunkList`.

    Raises:
        Exception: any error of the connector.
    """
    from snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2 import (
        RemoteChunk,
        ResultChunk,
    )
    from snowflake.connector.result_batch import ResultBatch

    message = chunk.message or ResultChunk(
        remote=RemoteChunk(url=chunk.url, headers=chunk.headers, uncompressed_size=chunk.size),
        row_count=chunk.rows,
        format=_ARROW if chunk.is_arrow else _JSON,
    )
    batch = ResultBatch(message, description, connection, columns)
    return pa.RecordBatchReader._import_from_c(batch._take_arrow_stream_ptr(connection))


def convert(connection: SnowflakeConnection, table: pa.Table) -> pa.Table:
    """Convert the columns of an Arrow stream as the connector's `to_arrow` does.

    Args:
        connection: the session of the result, whose time zone is used.
        table: the decoded stream; at least one row.

    Raises:
        Exception: an error of the connector or pyarrow; or a column lacks its declared type.
    """
    from snowflake.connector._internal.arrow_context import ArrowConverterContext
    from snowflake.connector._internal.arrow_stream_utils import create_table_iterator

    capsule = table.to_reader().__arrow_c_stream__()
    rows = create_table_iterator(
        _get_pointer(capsule),
        context=ArrowConverterContext.create(connection),
        number_to_decimal=True,
    )
    try:
        return pa.Table.from_batches(list(rows))
    finally:
        del rows  # before the capsule, whose memory it points to


def start(
    cursor: SnowflakeCursor, sql: str, binds: object, parameters: Mapping[str, str] | None
) -> dict[str, Any]:
    """Start a statement, with `parameters` that hold for it alone; return the connector's answer.

    Raises:
        Exception: any error of the connector.
    """
    own = {"_statement_params": dict(parameters)} if parameters else {}
    answer: dict[str, Any] = cursor.execute_async(sql, binds, **own)
    return answer


def execute(
    cursor: SnowflakeCursor, sql: str, binds: object, parameters: Mapping[str, str] | None
) -> str:
    """Run a statement to its end as `start` starts it; return its id. The cursor has its result.

    Raises:
        Exception: any error of the connector.
    """
    own = {"_statement_params": dict(parameters)} if parameters else {}
    cursor.execute(sql, binds, **own)
    return str(cursor.sfqid)


def exchange_states(one: SnowflakeConnection, other: SnowflakeConnection) -> None:
    """Exchange the sessions of two connections: cursors of `one` then use the session of `other`.

    Attributes that only `one` has, such as those of a subclass, remain its own.
    """
    old = {name: one.__dict__.get(name) for name in other.__dict__}
    one.__dict__.update(other.__dict__)
    other.__dict__.update(old)


def _get_pointer(capsule: object) -> int:
    """Return the address of the stream in a capsule (the Arrow PyCapsule interface)."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get(capsule, _STREAM))


def _copy(message: Any) -> Any:
    """Copy a message, because a part of a larger message keeps all of that in memory."""
    return type(message).FromString(message.SerializeToString())
