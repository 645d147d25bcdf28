"""Many tabs at once: a bounded number of them, and none that stays."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import WSMsgType

from tests.support.programs.batch_runs import SECONDS
from tests.support.programs.served import serving
from tests.support.waiting import AT_ONCE
from tests.trust.attacks.web.raw_client import check_it_serves, check_lines, connect, head
from tui.web.server import MOST_TABS


async def test_tabs_opened_and_closed_in_numbers_leave_nothing(own_directories: Path) -> None:
    with serving() as served:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            connecting = (client.ws_connect(served.socket, origin=served.origin) for _ in range(50))
            tabs = await asyncio.gather(*connecting)
            ended = await asyncio.gather(*map(first_message, tabs))
            refused = [message for message in ended if message.type is WSMsgType.CLOSE]
            assert len(refused) == 50 - MOST_TABS
            assert {message.data for message in refused} == {1013}
            assert all("Close one first" in message.extra for message in refused)
            assert len(served.children()) == MOST_TABS
            apps = served.children()
            for tab in tabs:  # at once, without a goodbye
                connection = tab._response.connection
                if connection and connection.transport:
                    connection.transport.abort()
            assert psutil.wait_procs(apps, SECONDS)[1] == []
        await check_it_serves(served)
        assert psutil.wait_procs(served.children(), SECONDS)[1] == []
    check_lines(served)


async def first_message(tab: Any) -> Any:
    return await asyncio.wait_for(tab._reader.read(), SECONDS)


async def test_ctrl_c_ends_all_tabs_that_may_be_open(client: Any) -> None:
    with serving() as served:
        stalled = connect(served)  # a client that asks for a large file and does not read it
        stalled.sendall(head(served, "/static/js/textual.js") * 20)
        connecting = (client.ws_connect(served.socket, origin=served.origin) for _ in range(6))
        tabs = await asyncio.gather(*connecting)
        await asyncio.gather(*map(first_message, tabs))  # they draw
        apps = served.children()
        assert len(apps) == MOST_TABS == len(tabs)
        began = time.monotonic()
        served.process.send_signal(signal.SIGINT)
        served.process.wait(SECONDS)
        alive = psutil.wait_procs(apps, AT_ONCE)[1]
        assert time.monotonic() - began < AT_ONCE
        assert alive == []
        stalled.close()
    check_lines(served)
