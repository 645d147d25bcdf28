"""The warehouse behind a proxy that knows its statements, and what may happen to its answers."""

from __future__ import annotations

import base64
import gzip
import http.client as http_client
import io
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.query import Statement
from tests.support.services.buckets import Action, Exchange, Proxy, reset

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

LOGIN = "POST /session/v1/login-request"
RENEW = "POST /session/token-request"
HEARTBEAT = "POST /session/heartbeat"
START = "POST /queries/v1/query-request"
STATUS = "GET /monitoring/queries/"
RESULT = "GET /queries/[^/]+/result"
CHUNK = "GET /chunks/"
ABORT = "POST /queries/[^/]+/abort-request"
# The statement that reads the table, of whatever engine; the sample asks for no month.
READ = '.* AS "month".*'
COPY = ".*COPY INTO"

ALWAYS = 10**6
# Its result comes in two chunks after the rows that come with the answer.
NUMBERS = Statement("SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 30000)) ORDER BY N")

Told = dict[str, Any]


class Warehouse(Proxy):
    """A proxy in front of the sandbox warehouse.

    A rule's pattern is looked for in `METHOD path SQL`: the text of the statement that the request
    is about, if any, on one line.

    Attributes:
        started: the SQL text of every statement started through it, by query id.
    """

    def __init__(self, box: Sandbox) -> None:
        super().__init__(f"http://{box.snowflake['host']}:{box.snowflake['port']}", handler=_Ask)
        self.started: dict[str, str] = {}


class _Ask(Exchange):
    """One request to the warehouse."""

    def line(self) -> str:
        """The request, with its statement."""
        if "/query-request" in self.path:
            return f"{super().line()} {self._sent()}"
        found = re.match(r"/(?:queries|chunks|monitoring/queries/?)/([^/?]+)", self.path)
        return f"{super().line()} {self._started.get(found[1], '') if found else ''}"

    def forward(self, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """Ask the warehouse, and note what it starts."""
        status, headers, data = super().forward(body)
        if "/query-request" in self.path and status == 200:
            told = json.loads(data).get("data") or {}
            if told.get("queryId"):
                self._started[told["queryId"]] = self._sent()
        return status, headers, data

    @property
    def _started(self) -> dict[str, str]:
        proxy = self.proxy
        assert isinstance(proxy, Warehouse)
        return proxy.started

    def _sent(self) -> str:
        return " ".join(str(_asked(self).get("sqlText")).split())


def _asked(exchange: Exchange) -> Told:
    """The JSON of a request."""
    body = exchange.body
    return json.loads(gzip.decompress(body) if _is_packed(exchange) else body)


def _is_packed(exchange: Exchange) -> bool:
    return exchange.headers.get("content-encoding") == "gzip"


def http(status: int, headers: dict[str, str] | None = None) -> Action:
    """Answer with a bare HTTP status, as a load balancer or a store of chunks does."""
    return lambda exchange: exchange.answer(status, headers or {}, b"secret-message")


def garbled(exchange: Exchange) -> None:
    """Send half of the request on: the warehouse refuses it with HTTP 400 and an HTML page."""
    body = exchange.body
    plain = gzip.decompress(body) if _is_packed(exchange) else body
    sent = half(plain)
    exchange.answer(*exchange.forward(gzip.compress(sent) if _is_packed(exchange) else sent))


def refuse(code: int, sqlstate: str = "08001") -> Action:
    """Refuse as Snowflake does: HTTP 200, and a number."""
    data = {"errorCode": f"{code:06d}", "sqlState": sqlstate, "queryId": None}
    told = {"success": False, "code": f"{code:06d}", "message": "secret-message", "data": data}
    return lambda exchange: exchange.answer(200, _JSON, json.dumps(told).encode())


_JSON = {"content-type": "application/json"}


def end_session(exchange: Exchange) -> None:
    """End the session behind the client's back, as time does; the request then meets its end."""
    connection = http_client.HTTPConnection(exchange.proxy.upstream)
    said = {"Authorization": exchange.headers["Authorization"], "Content-Type": "application/json"}
    connection.request("POST", "/session?delete=true", b"{}", said)
    assert connection.getresponse().status == 200
    connection.close()
    exchange.pass_on()


def tell(change: Callable[[Told], object]) -> Action:
    """Change the `data` of the warehouse's answer."""

    def act(exchange: Exchange) -> None:
        status, headers, data = exchange.forward()
        told = json.loads(data)
        change(told["data"])
        exchange.answer(status, headers, json.dumps(told).encode())

    return act


def in_progress(exchange: Exchange) -> None:
    """Say of a result that its statement runs; its status is then asked for."""
    exchange.answer(200, _JSON, say_in_progress(exchange.path).encode())


def say_in_progress(path: str) -> str:
    """Snowflake's answer to a request for the result of a running statement, as recorded."""
    query_id = path.split("/")[2]
    data = {"getResultUrl": path, "queryId": query_id, "queryAbortsAfterSecs": 300}
    return json.dumps(
        {
            "code": "333334",
            "data": {**data, "progressDesc": None},
            "message": "Asynchronous execution in progress.",
            "success": True,
        }
    )


def rewrite(old: str, new: str) -> Action:
    """Change the text of a statement before the warehouse sees it; `old` is a pattern."""

    def act(exchange: Exchange) -> None:
        asked = _asked(exchange)
        asked["sqlText"], times = re.subn(old, new, asked["sqlText"])
        assert times, asked["sqlText"]
        body = json.dumps(asked).encode()
        packed = gzip.compress(body) if _is_packed(exchange) else body
        exchange.answer(*exchange.forward(packed))

    return act


def failed(code: int, sqlstate: str) -> Action:
    """Let the status of a statement be that it failed; it still runs unless it is aborted."""

    def change(told: Told) -> None:
        for query in told["queries"]:
            query |= {
                "status": "FAILED_WITH_ERROR",
                "errorCode": f"{code:06d}",
                "errorMessage": "secret-message",
                "sqlState": sqlstate,
            }

    return tell(change)


def start_another(exchange: Exchange) -> None:
    """Start a statement that has no end and writes nothing, in place of the one asked for."""
    many = "TABLE(GENERATOR(ROWCOUNT => 1000000000))"
    body = json.dumps({**_asked(exchange), "sqlText": f"SELECT COUNT(*) FROM {many} A, {many} B"})
    sent = gzip.compress(body.encode()) if _is_packed(exchange) else body.encode()
    exchange.answer(*exchange.forward(sent))


def cut(exchange: Exchange) -> None:
    """Break the connection in the middle of the body."""
    _tell_half(exchange)
    reset(exchange)


def stall(exchange: Exchange) -> None:
    """Say nothing more in the middle of the body, until the end of the fault."""
    _tell_half(exchange)
    exchange.proxy.hanging.set()
    exchange.proxy.release.wait()
    reset(exchange)


def _tell_half(exchange: Exchange) -> None:
    status, headers, data = exchange.forward()
    exchange.begin(status, headers, len(data))
    exchange.wfile.write(half(data))
    exchange.wfile.flush()


def body(change: Callable[[bytes], bytes]) -> Action:
    """Change the bytes of the body as they travel: gzip, where it is a chunk."""

    def act(exchange: Exchange) -> None:
        status, headers, data = exchange.forward()
        exchange.answer(status, headers, change(data))

    return act


def flipped(data: bytes) -> bytes:
    """One bit in the middle turned."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def half(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def short_stream(data: bytes) -> bytes:
    """Sound gzip around half of the Arrow stream."""
    return gzip.compress(half(gzip.decompress(data)))


def rows(change: Callable[[pa.Table], pa.Table]) -> Action:
    """Change the rows of a chunk."""

    def packed(data: bytes) -> bytes:
        return gzip.compress(_written(change(pa.ipc.open_stream(gzip.decompress(data)).read_all())))

    return body(packed)


def first_rows(change: Callable[[pa.Table], pa.Table]) -> Action:
    """Change the rows that come with the result itself."""

    def act(told: Told) -> None:
        table = pa.ipc.open_stream(base64.b64decode(told["rowsetBase64"])).read_all()
        told["rowsetBase64"] = base64.b64encode(_written(change(table))).decode()

    return tell(act)


def _written(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def without_last(table: pa.Table) -> pa.Table:
    """All rows but one."""
    return table.slice(0, table.num_rows - 1)


def repeated(table: pa.Table) -> pa.Table:
    """Every row twice."""
    return pa.concat_tables([table, table])


def doubled(table: pa.Table) -> pa.Table:
    """The first half of the rows twice, the other half lost: as many as declared."""
    part = table.slice(0, (table.num_rows + 1) // 2)
    return pa.concat_tables([part, part]).slice(0, table.num_rows)


def wider(table: pa.Table) -> pa.Table:
    """Every integer as wide as they come; the values are the same."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_integer(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields, table.schema.metadata))


def without_column(table: pa.Table) -> pa.Table:
    """All columns but the last."""
    return table.select(table.column_names[:-1])


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, and that nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
