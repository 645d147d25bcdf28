"""Fetch one batch of a result with one request, and decode it with the connector's converter.

The connector's own download silently repeats a request six times, for up to a minute, and no
parameter changes that (5.2: its core uses a default policy there, whatever the connection's). So
the request is sent here, and the connector only converts the bytes to rows. The connector still
fetches JSON batches, and all batches if it has to check certificate revocation lists. In both cases
a stream is checked before the connector decodes it, because the connector does not validate it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import pyarrow as pa
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as SlowError

from core.errors import TemporaryError
from core.runtime.cancel import Cancel, check
from core.runtime.certificates import find_refusal
from core.warehouse.connector_internals import convert
from core.warehouse.error_codes import AGAIN, OF_PROXY
from core.warehouse.own_session import admit_storage_to, get_web, show_to_watch
from core.warehouse.results.arrow_streams import BrokenStreamError, open_stream, read, split
from core.warehouse.results.batch_list import BatchList
from core.warehouse.results.bodies import read_body
from core.warehouse.results.plain_columns import convert_columns

if TYPE_CHECKING:
    import urllib3
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.result_batch import ResultBatch

_PIECE_BYTES = 256 * 1024
_REASONS = (
    (NewConnectionError, "no connection"),
    (SlowError, "no answer in time"),
    (SSLError, "no secure connection"),
    (ProxyError, "the proxy refused"),
    (ValueError, "its URL is invalid"),
)
_MISTYPED = "its columns do not have their declared types"


class Fetch:
    """Fetches batches with a connection's settings; for several threads at once.

    Args:
        connection: the session of the result.
        patience: seconds allowed for connecting, and for the next bytes to arrive.
        cancel: aborts a running download.
    """

    def __init__(self, connection: SnowflakeConnection, patience: float, cancel: Cancel) -> None:
        self._connection = connection
        self._patience = patience
        self._cancel = cancel
        self._web = get_web(connection)

    def pieces(self, batches: BatchList, index: int) -> tuple[int, Iterator[pa.Table]]:
        """Fetch a batch, in one attempt; return its row count, and its rows in decoded pieces.

        The whole batch is checked, and each piece is decoded when it is taken. So a large batch
        takes memory for its stream and for one piece.

        Raises:
            TemporaryError: the batch could not be fetched, or is damaged; also from the iterator.
            Exception: an error of the connector, which fetched it or could not decode it.
        """
        if (batch := batches.public(index)) is not None:
            table = self._by_the_connector(batch)
            return table.num_rows, iter([table])
        opened, size = self._open(batches, index)
        stream = self._read(opened, size)
        return stream.num_rows, map(self._decode, split(stream, size))

    def _open(
        self, batches: BatchList, index: int
    ) -> tuple[Callable[[], pa.RecordBatchReader], int | None]:
        """Fetch a batch; return a function that opens its stream, and the stream's bytes."""
        url = batches.urls[index]
        if (rows := batches.inline(index)) is not None:
            return partial(open_stream, rows), len(rows)
        if url and batches.is_arrow and self._web.able:
            data = self._get(url, batches.headers, batches.sizes[index])
            return partial(open_stream, data), data.size
        # Always an Arrow stream; the connector's `to_arrow` would decode it unchecked.
        with admit_storage_to(self._connection, url):
            stream = batches.open(index)
        return lambda: stream, None

    def close(self) -> None:
        """Close the pooled connections."""
        self._web.close()

    def _by_the_connector(self, batch: ResultBatch) -> pa.Table:
        """Fetch and decode a batch by the connector's public functions."""
        with admit_storage_to(self._connection, None):
            table = batch.to_arrow(self._connection, number_to_decimal=True)
        return pa.table({}) if table is None else table

    def _get(self, url: str, headers: Mapping[str, str], size: int) -> pa.Buffer:
        """Return the Arrow stream at `url`, inflated; `size` is its declared size."""
        try:
            answer = self._web.pool(url).request(
                "GET",
                url,
                headers={"Accept-Encoding": "gzip", **headers},
                preload_content=False,
                retries=False,
                timeout=self._patience,
            )
            with answer:
                if answer.status != HTTPStatus.OK:
                    raise _make_status_error(answer.status, answer.headers.get("Retry-After", ""))
                return read_body(self._pieces(answer), size)
        except BrokenStreamError as error:
            raise _make_error(str(error)) from error
        except (HTTPError, OSError, ValueError) as error:
            # Not as a cause: its text contains the URL, which is a secret.
            raise _make_network_error(error) from None

    def _pieces(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """Yield the body as it arrives, compressed or not."""
        for piece in answer.stream(_PIECE_BYTES, decode_content=False):
            yield piece
            check(self._cancel)

    def _read(self, opened: Callable[[], pa.RecordBatchReader], size: int | None) -> pa.Table:
        """Return the rows of an Arrow stream of `size` bytes, checked and not yet converted."""
        try:
            raw = read(opened(), size)
        except BrokenStreamError as error:
            raise _make_error(str(error)) from error
        except (pa.ArrowException, OSError) as error:
            raise _make_error("it is damaged") from error
        if not all(map(_is_sound, raw.schema)):
            raise _make_error(_MISTYPED)
        show_to_watch(self._connection, raw)
        return raw

    def _decode(self, raw: pa.Table) -> pa.Table:
        """Return rows of an Arrow stream as the connector converts them."""
        if not raw.num_rows:
            return raw
        if raw.column(0).num_chunks > 1:  # Snowflake's streams hold batches of some hundred rows
            raw = raw.combine_chunks()
        try:
            made = convert_columns(raw, partial(convert, self._connection))
            made.validate()  # the converter makes empty columns of some wrong types
        except pa.ArrowException as error:
            raise _make_error(_MISTYPED) from error
        return made


def _is_sound(field: pa.Field) -> bool:
    """Whether a column declared as a timestamp has the fields of one, at all nesting levels.

    The connector does not check this: 5.2 crashes the process if a field is missing. Snowflake
    repeats a timestamp's metadata on its fields, which are integers, so those are not checked.
    """
    metadata = field.metadata or {}
    parts = [field.type.field(n) for n in range(field.type.num_fields)]
    logical = metadata.get(b"logicalType", b"")
    zoned = logical == b"TIMESTAMP_TZ"
    if zoned or (logical.startswith(b"TIMESTAMP") and pa.types.is_struct(field.type)):
        short = zoned and metadata.get(b"byteLength") == b"8"
        needed = {"epoch"} if short else {"epoch", "fraction"}
        return needed <= {part.name for part in parts}
    return all(map(_is_sound, parts))


def _make_status_error(status: int, retry_after: str) -> TemporaryError:
    """Return the error for an HTTP status; all are retried, since fresh URLs may help."""
    known = status in frozenset(HTTPStatus)
    why = f"{status} {HTTPStatus(status).phrase}" if known else f"status {status}"
    return _make_error(
        why, float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    )


def _make_error(why: str, retry_after: float = 0.0) -> TemporaryError:
    return TemporaryError(
        f"The data could not be fetched from Snowflake: {why} (while downloading the result).",
        AGAIN,
        why=why,
        again=True,
        retry_after=retry_after,
    )


def _make_network_error(error: BaseException) -> TemporaryError:
    if refused := find_refusal(error):
        return TemporaryError(
            "The certificate of the storage service from which Snowflake's results are downloaded "
            f"is not trusted: {refused}.",
            OF_PROXY,
        )
    why = next((why for kind, why in _REASONS if isinstance(error, kind)), "connection reset")
    return _make_error(why)
