"""What a page in a browser of the same machine can send gets nothing."""

from __future__ import annotations

import pytest

from core.sandbox.launcher import Sandbox
from tests.trust.attacks.sandbox.raw_http import (
    BROWSER,
    CONTENT,
    KEPT,
    login,
    own,
    refused,
    s3_port,
    send,
    signed,
)

SENT = ("Origin", "Referer", "Sec-Fetch-Site")  # by browsers, whatever a page wants
HOSTS = ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example", "[::1]", "localhost"]
HOSTS += ["127.0.0.1:{port}.evil.example", "evil.example@127.0.0.1:{port}", "127.0.0.1:{port},x"]


class TestPages:
    """What a page in a browser of the same machine can send."""

    @pytest.mark.parametrize("host", [*HOSTS, "evil.example:{port}"])
    def test_a_rebound_name_is_refused(self, box: Sandbox, host: str) -> None:
        port = s3_port(box)
        target = f"/{box.s3['bucket']}/{KEPT}"
        headers = signed(box.s3, "GET", target)
        wrong = signed(box.s3, "GET", target, host=host.format(port=port))
        assert send(port, "GET", target, headers).body == CONTENT
        refused(send(port, "GET", target, wrong), box)
        there = box.snowflake["port"]
        refused(login(box, {"Host": host.format(port=there)}), box)

    def test_one_host_is_needed(self, box: Sandbox) -> None:
        headers = list(signed(box.s3, "GET", "/").items())
        port, there = s3_port(box), int(box.snowflake["port"])
        nameless = [pair for pair in headers if pair[0] != "Host"]
        for wrong in (nameless, [*headers, ("Host", "evil.example")]):
            refused(send(port, "GET", "/", wrong), box)
        twice = [("Host", f"127.0.0.1:{there}")] * 2
        assert send(there, "POST", "/telemetry/send", [*twice]).status in (400, 403)
        assert send(there, "POST", "/telemetry/send", []).status in (400, 403)

    def test_the_other_loopback_name_is_accepted(self, box: Sandbox) -> None:
        port = s3_port(box)
        headers = signed(box.s3, "GET", "/", host=f"localhost:{port}")
        assert send(port, "GET", "/", headers).status == 200
        assert login(box, {"Host": f"localhost:{box.snowflake['port']}"}).status == 200

    @pytest.mark.parametrize("name", [*SENT, "Access-Control-Request-Method"])
    @pytest.mark.parametrize("value", ["http://evil.example", "null"])
    def test_what_browsers_add_is_refused(self, box: Sandbox, name: str, value: str) -> None:
        headers = {**signed(box.s3, "GET", "/"), name: value}
        refused(send(s3_port(box), "GET", "/", headers), box)
        refused(login(box, {"Host": f"127.0.0.1:{box.snowflake['port']}", name: value}), box)

    def test_nothing_is_allowed_to_other_origins(self, box: Sandbox) -> None:
        preflight = {**own(box), **BROWSER, "Access-Control-Request-Method": "PUT"}
        refused(send(s3_port(box), "OPTIONS", "/partner-inbox/k", preflight), box)
        there = {"Host": f"127.0.0.1:{box.snowflake['port']}"}
        answers = [
            send(s3_port(box), "GET", "/", signed(box.s3, "GET", "/")),
            send(s3_port(box), "OPTIONS", "/", signed(box.s3, "OPTIONS", "/")),
            send(int(box.snowflake["port"]), "POST", "/telemetry/send", there),
        ]
        assert answers[0].status == 200
        for answer in answers:
            assert not [name for name in answer.headers if name.startswith("access-control-")]
