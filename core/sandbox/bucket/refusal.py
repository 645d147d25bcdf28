"""Error responses of the bucket server, in the form of each service's protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

JSON_TYPE = "application/x-amz-json-1.1"
QUERY_TYPE = "application/x-www-form-urlencoded"


class RefusalError(Exception):
    """An error response: `status` is an HTTP status line, `code` and the text the protocol's."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def denied(message: str = "Access Denied") -> RefusalError:
    """Return the refusal of a request that is not allowed."""
    return RefusalError("403 Forbidden", "AccessDenied", message)


def respond(
    refusal: RefusalError, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer a WSGI request with a refusal."""
    kind, text = _render(refusal, environ)
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(refusal.status, headers)
    return [body]


def _render(refusal: RefusalError, environ: Environ) -> tuple[str, str]:
    """Return the content type and text of a refusal: JSON, or XML of S3 or the query protocol."""
    kind = environ.get("CONTENT_TYPE", "")
    if kind == JSON_TYPE:
        return JSON_TYPE, json.dumps({"__type": refusal.code, "message": refusal.message})
    error = (
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<Resource>{escape(environ['PATH_INFO'])}</Resource></Error>"
    )
    if kind.startswith(QUERY_TYPE):
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'
