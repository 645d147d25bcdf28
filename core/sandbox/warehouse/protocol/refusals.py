"""Answers to requests that fail outside of a statement, by HTTP status."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.protocol import responses

# A request that cannot be read is refused by the front end, with a page for people (recorded:
# HTTP 400 with these headers and 14,620 bytes, the connection closed).
_HEADERS = {
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "deny",
    "connection": "Close",
}
_PAGE = """<!DOCTYPE html>
<html lang="en-US">
<head>
<title>Bad Request</title>
</head>
<body>
<h1>Bad Request</h1>
<p>The server cannot read this request.</p>
</body>
</html>
"""


def refuse(status: int, message: str) -> Response:
    """Return an answer with an HTTP status: a page for 400, else JSON with the message."""
    if status == HTTPStatus.BAD_REQUEST:
        return HTMLResponse(_PAGE, status, _HEADERS)
    body = {"data": None, "code": str(status), "message": message, "success": False}
    return JSONResponse(body, status_code=status)


async def _on_failure(_: Request, failure: Exception) -> Response:
    return JSONResponse(responses.describe_failure(cast(Failure, failure)))


async def _on_http_error(_: Request, error: Exception) -> Response:
    refused = cast(HTTPException, error)
    return refuse(refused.status_code, refused.detail)


async def _on_bad_json(_: Request, error: Exception) -> Response:
    return refuse(HTTPStatus.BAD_REQUEST, f"The request is not JSON: {error}")


ON_ERRORS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    Failure: _on_failure,
    HTTPException: _on_http_error,
    json.JSONDecodeError: _on_bad_json,
}
