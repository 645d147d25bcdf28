"""Snowflake's HTTP protocol: the routes that its connectors call.

The contract is what snowflake-connector-python 5.2 sends and reads (its core is `sf_core` of the
snowflakedb/drivers repository). A user's mistake is always HTTP 200 with `success: false`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.protocol import responses
from core.sandbox.warehouse.protocol.connections import vouch
from core.sandbox.warehouse.protocol.refusals import ON_ERRORS, refuse
from core.sandbox.warehouse.protocol.remembered import RememberedStatements
from core.sandbox.warehouse.protocol.results import Result, ResultStore
from core.sandbox.warehouse.protocol.sessions import Session, Sessions
from core.sandbox.warehouse.protocol.statements import RUNNING, Order, Statement, Statements
from core.sandbox.warehouse.protocol.storage_host import StorageHost
from core.sandbox.warehouse.users.users import Refused, Users

if TYPE_CHECKING:
    from core.sandbox.warehouse.engine.engine import Bind, Engine

POLL_SECONDS = 45.0  # Snowflake lets a request wait so long before it answers "in progress"
BLOCK_BYTES = 1 << 20
MAX_BODY = 64 << 20  # bytes of a request, inflated: 1 MB of SQL at most, and its bound values

_TOKEN = re.compile(r'Snowflake Token="([^"]*)"')

Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    engine: Engine,
    *,
    user: str,
    password: str,
    account: str,
    results_dir: Path,
    chunk_rows: int | None = None,
    chunk_bytes: int | None = None,
    storage: StorageHost | None = None,
    statement_end: bool = False,
    poll_seconds: float = POLL_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """Create the ASGI application of the warehouse.

    Args:
        engine: runs the statements.
        user, password, account: what a client must sign in with.
        results_dir: a directory for results only, which is emptied at the start.
        chunk_rows: most rows of a chunk; None to limit chunks by bytes only.
        chunk_bytes: the size of a chunk, whatever CLIENT_RESULT_CHUNK_SIZE a session sets.
        storage: the host to which the URLs of chunks lead; None for the server itself.
        statement_end: AT(STATEMENT => ...) of a query includes what was committed until its result
            was first returned; else only what the query saw.
        poll_seconds: how long a request waits for its statement before the client must poll again.
        clock: the clock for the expiry of sessions, in seconds.
        now: the clock for the expiry of what clients sign in with, in seconds since 1970.
    """
    users = engine.users = Users(account, user, password, now)
    sessions = Sessions(engine, users, clock=clock)
    results = ResultStore(results_dir, chunk_rows=chunk_rows, chunk_bytes=chunk_bytes)
    statements = Statements(results)
    sessions.on_end = statements.release
    engine.past = RememberedStatements(statements.get, statements.results)
    latest = (lambda: engine.catalog.clock) if statement_end else None
    warehouse = Warehouse(sessions, statements, user, poll_seconds, storage, latest)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await statements.close()
        sessions.end_all()
        await statements.settle()

    return Starlette(routes=warehouse.routes(), lifespan=lifespan, exception_handlers=ON_ERRORS)


class Warehouse:
    """The request handlers of one server."""

    def __init__(
        self,
        sessions: Sessions,
        statements: Statements,
        user: str,
        poll_seconds: float,
        storage: StorageHost | None = None,
        latest: Callable[[], int] | None = None,
    ) -> None:
        self._sessions = sessions
        self._statements = statements
        self._user = user
        self._poll_seconds = poll_seconds
        self._storage = storage
        self._latest = latest  # the number of the latest change

    def routes(self) -> list[Route]:
        def post(path: str, handler: Handler) -> Route:
            return Route(path, handler, methods=["POST"])

        return [
            post("/session/v1/login-request", self.login),
            post("/session/token-request", self.renew),
            post("/session/heartbeat", self.heartbeat),
            post("/session", self.end_session),
            post("/queries/v1/query-request", self.query),
            post("/queries/v1/abort-request", self.abort_request),
            post("/queries/{id}/abort-request", self.abort_query),
            Route("/queries/{id}/result", self.result),
            Route("/monitoring/queries/{id}", self.status),
            Route("/monitoring/queries//{id}", self.status),  # connector 5.2 doubles the slash
            Route("/chunks/{id}/{index:int}", self.chunk),
            post("/telemetry/send", self.telemetry),
            post("/telemetry/send/sessionless", self.telemetry),
        ]

    async def login(self, request: Request) -> Response:
        data = (await _json(request)).get("data") or {}
        if not self._sessions.knows_account(str(data.get("ACCOUNT_NAME") or "")):
            # An account that does not exist has no host at Snowflake; its front end answers 403.
            return JSONResponse({"success": False, "message": "Forbidden"}, status_code=403)
        self._sessions.end_expired()
        parameters = request.query_params
        asked = {
            "database": parameters.get("databaseName", ""),
            "schema": parameters.get("schemaName", ""),
            "warehouse": parameters.get("warehouse", ""),
            "role": parameters.get("roleName", ""),
        }
        try:
            session = await asyncio.to_thread(self._sessions.login, data, asked)
        except Refused as refused:
            return JSONResponse(responses.describe_failure(refused, refused.data))
        except Failure as failure:
            return JSONResponse(responses.describe_failure(failure))
        vouch(request)
        return JSONResponse(responses.login(session, self._user))

    async def renew(self, request: Request) -> Response:
        try:
            session = self._sessions.renew(_token(request))
        except Failure as failure:
            return JSONResponse(responses.describe_failure(failure))
        return JSONResponse(responses.describe_renewal(session))

    async def heartbeat(self, request: Request) -> Response:
        self._session(request)
        return JSONResponse(responses.success(None))

    async def end_session(self, request: Request) -> Response:
        session = self._session(request)
        if request.query_params.get("delete") == "true":
            self._sessions.end(session)
        return JSONResponse(responses.success(None))

    async def query(self, request: Request) -> Response:
        session = self._session(request)
        body = await _json(request)
        order = Order(
            sql=str(body.get("sqlText") or ""),
            binds=_binds(body.get("bindings") or {}),
            request_id=request.query_params.get("requestId", ""),
            describe_only=bool(body.get("describeOnly")),
            asynchronous=bool(body.get("asyncExec")),
            parameters=body.get("parameters") or {},
        )
        statement = self._statements.submit(session, order)
        return await self._outcome(statement, request, wait=not order.asynchronous)

    async def result(self, request: Request) -> Response:
        self._session(request)
        statement = self._statements.get(request.path_params["id"])
        if statement is None:
            return JSONResponse(responses.query_failed(None, responses.RESULT_NOT_FOUND))
        return await self._outcome(statement, request, wait=True)

    async def _outcome(self, statement: Statement, request: Request, *, wait: bool) -> Response:
        if wait and statement.state == RUNNING:
            try:
                await asyncio.wait_for(statement.done.wait(), self._poll_seconds)
            except TimeoutError:
                return JSONResponse(responses.in_progress(statement))
        if statement.state == RUNNING:
            return JSONResponse(responses.in_progress(statement))
        if statement.failure is not None:
            return JSONResponse(responses.query_failed(statement, statement.failure))
        with self._statements.results.reading(statement.id) as result:
            if result is None:
                return JSONResponse(responses.query_failed(statement, responses.RESULT_NOT_FOUND))
            if self._latest is not None:
                statement.note_end(self._latest())
            base_url = self._storage.url if self._storage else str(request.base_url).rstrip("/")
            return JSONResponse(responses.query(statement, result, base_url))

    async def status(self, request: Request) -> Response:
        self._session(request)
        return JSONResponse(responses.status(self._statements.get(request.path_params["id"])))

    async def abort_request(self, request: Request) -> Response:
        session = self._session(request)
        request_id = str((await _json(request)).get("requestId") or "")
        return await self._abort(self._statements.by_request(session, request_id))

    async def abort_query(self, request: Request) -> Response:
        self._session(request)
        return await self._abort(self._statements.get(request.path_params["id"]))

    async def _abort(self, statement: Statement | None) -> Response:
        if statement is None or not self._statements.cancel(statement):
            failure = Failure(605, "01000", "Identified SQL statement is not currently executing.")
            return JSONResponse(responses.query_failed(statement, failure))
        await statement.done.wait()
        return JSONResponse(responses.success(None))

    async def chunk(self, request: Request) -> Response:
        """Return a chunk to any client with its key; like a presigned URL, it needs no session."""
        with self._statements.results.reading(request.path_params["id"]) as result:
            if result is None or request.path_params["index"] >= len(result.chunks):
                return refuse(404, "No such chunk")
            if not _opens(request, result):
                return refuse(403, "The chunk's key is missing or wrong")
            vouch(request)
            index = request.path_params["index"]
            chunk = result.chunks[index]
            blocks = _blocks(chunk.path.open("rb"))
        # Gzip with its header or, as clients accept too, without: each form in every long result.
        headers = {"content-length": str(chunk.compressed)}
        if index % 2 == 0:
            headers["content-encoding"] = "gzip"
        return StreamingResponse(blocks, media_type="binary/octet-stream", headers=headers)

    async def telemetry(self, _: Request) -> Response:
        return JSONResponse(responses.success("Log Received"))

    def _session(self, request: Request) -> Session:
        session = self._sessions.by_token(_token(request))
        vouch(request)
        return session


def _token(request: Request) -> str:
    found = _TOKEN.search(request.headers.get("authorization", ""))
    return found[1] if found else ""


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > MAX_BODY:
            raise HTTPException(413, "The request is too large")
    if request.headers.get("content-encoding") == "gzip":
        body = _inflate(body)
    parsed = json.loads(body or b"{}")
    return parsed if isinstance(parsed, dict) else {}


def _inflate(body: bytes) -> bytes:
    """Decompress a gzip body, which may grow a thousandfold; refuse more than `MAX_BODY`."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(body, MAX_BODY)
    except zlib.error as error:
        raise HTTPException(400, f"The request is not gzip: {error}") from None
    if not inflater.eof:
        raise HTTPException(413, "The request is too large, or cut short")
    return plain


def _binds(bindings: dict[str, Any]) -> list[Bind]:
    """Return the bind values in the order of their numbers, which start at "1"."""
    ordered = sorted(bindings.items(), key=lambda item: int(item[0]))
    return [(str(bind["type"]), bind.get("value")) for _, bind in ordered]


def _opens(request: Request, result: Result) -> bool:
    """Whether a request has the key of a result, its digest, and the name of the algorithm."""
    name = responses.CHUNK_KEY_HEADER
    key, digest = (request.headers.get(each, "") for each in (name, f"{name}-md5"))
    algorithm = request.query_params.get(name.replace("-key", "-algorithm"))
    is_digest = hmac.compare_digest(digest.encode(), result.key_digest.encode())
    return (
        hmac.compare_digest(key.encode(), result.key.encode())
        and is_digest
        and (algorithm == "AES256")
    )


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block
