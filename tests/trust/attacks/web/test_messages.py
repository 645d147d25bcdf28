"""Messages on the web socket that the page does not send, and what ends a tab."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.served import Served, opened
from tests.trust.attacks.web.raw_client import check_it_serves, connect, head
from tui.web.messages import MessageError, Resized, parse, parse_table


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 10_000, "not JSON"),
        ("5", "kind"),
        ("[]", "kind"),
        ('{"a": 1}', "kind"),
        ('["exec", "id"]', "kind"),
        ('["stdin"]', "stdin"),
        ('["stdin", 5]', "stdin"),
        ('["ping", "x"]', "ping"),
        ('["ping", "1\\"]"]', "ping"),
        ('["resize"]', "resize"),
        ('["resize", 5]', "resize"),
        ('["resize", {"width": 5}]', "resize"),
        ('["resize", {"width": "x", "height": 5}]', "whole numbers"),
        ('["resize", {"width": 5.5, "height": 5}]', "whole numbers"),
        ('["resize", {"width": NaN, "height": 5}]', "whole numbers"),
        ('["resize", {"width": true, "height": null}]', "whole numbers"),
        ('["resize", {"width": {"width": [1]}, "height": 5}]', "whole numbers"),
    ],
    ids=lambda value: value[:40],
)
def test_a_message_that_is_none_has_a_reason(message: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        parse(message)


@pytest.mark.parametrize("table", ["x" * 1_601, "A\nB", "A\x1b[2J"])
def test_a_table_that_no_name_is_written_with(table: str) -> None:
    with pytest.raises(MessageError, match="name of the table"):
        parse_table({"table": table})
    assert parse_table({"table": 'D.S."Mixed Case"'}) == 'D.S."Mixed Case"'
    assert parse_table({}) == ""


def test_sizes_out_of_reason_are_bounded() -> None:
    for given, taken in ((-5, 1), (0, 1), (10**30, 1_000), (90, 90)):
        message = json.dumps(["resize", {"width": given, "height": given}])
        assert parse(message) == Resized(taken, taken)


async def test_a_message_that_is_none_ends_its_tab_only(served: Served, client: Any) -> None:
    other = await opened(served, client)
    for message, code, reason in (
        ("no JSON", 1008, "The message is not JSON."),
        ("[" * 100_000, 1008, "The message is not JSON."),
        ("5", 1008, "The kind of message is unknown."),
        (
            '["resize", {"width": "x", "height": 5}]',
            1008,
            "Width and height must be whole numbers.",
        ),
        (b"\0\xff\xfe", 1008, "Messages are text."),
        ("x" * 300_000, 1009, ""),
    ):
        tab = await client.ws_connect(served.socket, origin=served.origin)
        await (tab.send_bytes if isinstance(message, bytes) else tab.send_str)(message)
        ended = await until_closed(tab)
        assert (ended.data, ended.extra or "") == (code, reason)
        await tab.close()
        await other.send_str('["ping", "1"]')  # each time, so that it is seen to be there
        while (answer := await other.receive(SECONDS)).type is WSMsgType.BINARY:
            pass
        assert answer.data == '["pong", "1"]'
    await other.close()


async def until_closed(tab: Any) -> Any:
    """The close frame: its `data` is the code and its `extra` the reason."""
    while True:
        message = await tab._reader.read()  # `receive` answers a close without showing its reason
        if message.type is WSMsgType.CLOSE:
            return message


@pytest.mark.parametrize("size", ["x", "-1", "1e3", "9" * 5_000, "٣", ""])
async def test_a_size_in_the_address_that_is_none_gets_400(
    served: Served, client: Any, size: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"{served.url}socket", params={"width": size}, origin=served.origin)
    assert refused.value.status == 400


async def test_frames_that_are_none_close_the_connection(served: Served) -> None:
    upgrade = head(
        served,
        f"/{served.token}/socket",
        f"Host: 127.0.0.1:{served.port}",
        f"Origin: {served.origin}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    with connect(served) as one:
        one.sendall(upgrade)
        assert one.recv(12) == b"HTTP/1.1 101"
        one.sendall(bytes(range(255, 0, -1)))
        while one.recv(65_536):
            pass
    await check_it_serves(served)


async def test_an_app_that_dies_closes_its_socket(served: Served, client: Any) -> None:
    tab = await opened(served, client)
    (app,) = served.children()
    app.kill()
    ended = await asyncio.wait_for(until_closed(tab), SECONDS)
    assert (ended.data, ended.extra) == (1011, "The app has ended unexpectedly.")
