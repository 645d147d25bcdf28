"""Who gets in at `--web`: whoever has the token in its place, and no page of another site."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.programs.served import Served
from tests.trust.attacks.web.raw_client import HEADERS, ask, head

PATHS = (
    "/{token}/",
    "/{token}/socket",
    "/{token}/download/x",
    "/static/js/textual.js",
    "/page/page.js",
    "/nothing",
)


# The token


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/?token={token}", ""),
        ("/x/?{token}", ""),
        ("/x/", "Cookie: token={token}"),
        ("/x/", "Authorization: Bearer {token}"),
        ("/x/", "Referer: {url}"),
        ("/x/", "X-Original-URL: /{token}/"),
        ("/{token}", ""),
        ("//{token}/", ""),
        ("/{token}x/", ""),
        ("/{short}/", ""),
        ("/{lower}/", ""),
    ],
)
def test_the_token_counts_in_its_place_only(served: Served, path: str, line: str) -> None:
    parts = {
        "token": served.token,
        "url": served.url,
        "short": served.token[:-1],
        "lower": served.token.swapcase(),
    }
    lines = [f"Host: 127.0.0.1:{served.port}", *filter(None, [line.format(**parts)])]
    wrong = ask(served, head(served, f"/{'x' * 22}/"))
    refused = ask(served, head(served, path.format(**parts), *lines))
    assert (refused[0], refused[2]) == (404, wrong[2])


async def test_the_token_is_given_to_nobody(served: Served, client: Any) -> None:
    async with client.get(served.url) as answer:
        assert "Set-Cookie" not in answer.headers  # cookies go to every port of a host
        assert not any(served.token in value for value in answer.headers.values())
        assert answer.headers["Referrer-Policy"] == "no-referrer"


# Pages of other sites


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["Host: evil.example"], "1.1"),
        (["Host: evil.example:{port}"], "1.1"),
        (["Host: 127.0.0.1"], "1.1"),
        (["Host: 127.0.0.1:1"], "1.1"),
        (["Host: LOCALHOST:{port}."], "1.1"),
        (["Host: localhost.:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}@evil.example"], "1.1"),
        (["Host: 127.1:{port}"], "1.1"),
        (["Host: [::1]:{port}"], "1.1"),
        (["Host:"], "1.1"),
        (["X-Forwarded-Host: 127.0.0.1:{port}"], "1.0"),
        (["Host: evil.example"], "1.0"),
        (["Host: 127.0.0.1:{port}", "Origin: null"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://evil.example"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: https://127.0.0.1:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: http://localhost:{port}"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Origin: "], "1.1"),
        (["Host: 127.0.0.1:{port}", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"], "1.1"),
        (["Host: 127.0.0.1:{port}", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], "1.1"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_pages_of_others_reach_nothing(served: Served, lines: list[str], version: str) -> None:
    filled = [line.format(port=served.port) for line in lines]
    for path in PATHS:
        request = head(served, path.format(token=served.token), *filled, version=version)
        status, headers, body = ask(served, request)
        assert (path, status, body) == (path, 403, b"This app answers its own page only.\n")
        assert not any(name.startswith("Access-Control") for name in headers)
        assert HEADERS.items() <= headers.items()
        assert "evil" not in str(headers)


def test_no_host_and_two_hosts_are_refused(served: Served) -> None:
    hosts = [f"Host: 127.0.0.1:{served.port}", "Host: evil.example"]
    for lines in (hosts, hosts[::-1], [f"X-Forwarded-Host: 127.0.0.1:{served.port}"]):
        assert ask(served, head(served, f"/{served.token}/", *lines))[0] in (400, 403)


def test_a_socket_is_opened_from_a_page_only(served: Served) -> None:
    """Browsers name the page's origin when they open one; what names none is no page."""
    lines = (
        f"Host: 127.0.0.1:{served.port}",
        *("Connection: Upgrade", "Upgrade: websocket"),
        *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
    )
    path = f"/{served.token}/socket"
    assert ask(served, head(served, path, *lines))[0] == 403
    origin = f"Origin: http://127.0.0.1:{served.port}"
    assert ask(served, head(served, path, *lines, origin))[0] == 101


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/{token}/", 200),
        ("/static/js/textual.js", 200),
        ("/static/css/xterm.css", 200),
        ("/page/page.js", 200),
        ("/static/../server.py", 404),
        ("/static/%2e%2e/server.py", 404),
        ("/page/..%2f..%2fserver.py", 404),
        ("/static/", 403),
        ("/nothing", 404),
    ],
)
def test_every_answer_has_the_headers(served: Served, path: str, status: int) -> None:
    answered, headers, _ = ask(served, head(served, path.format(token=served.token)))
    assert answered == status
    assert HEADERS.items() <= headers.items()
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
