"""A running `amplify-transfer --web`, and its tabs without a browser."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psutil

from tests.support.programs.batch_runs import SECONDS, program


@dataclass
class Served:
    """A running `amplify-transfer --web`."""

    process: subprocess.Popen[str]
    url: str
    said: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def origin(self) -> str:
        return self.url.removesuffix(urlsplit(self.url).path)

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def token(self) -> str:
        return urlsplit(self.url).path.strip("/")

    @property
    def socket(self) -> str:
        return f"{self.url}socket?width=100&height=30"

    def children(self) -> list[psutil.Process]:
        """The processes of the tabs, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def serving(*arguments: str, command: Sequence[str] = (), **settings: Any) -> Iterator[Served]:
    """The app, served until the end; `lines` are those of its stderr after the first.

    Args:
        arguments: after `--web`.
        command: the program, if not that of this interpreter.
        settings: of the process.
    """
    with subprocess.Popen(
        [*(command or program()), "--web", "--log-format", "json", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    ) as process:
        assert process.stderr is not None
        said = json.loads(process.stderr.readline())
        served = Served(process, said["url"], said)
        # Read at once: a server whose stderr is not read would stand still, not fail.
        reader = threading.Thread(target=served.lines.extend, args=(process.stderr,), daemon=True)
        reader.start()
        try:
            yield served
        finally:
            process.terminate()
            process.wait(SECONDS)
            reader.join(SECONDS)


async def opened(served: Served, client: Any) -> Any:
    """A socket whose app has begun to draw."""
    tab = await client.ws_connect(served.socket, origin=served.origin)
    await until_drawn(tab, "New connection")
    return tab


async def until_drawn(tab: Any, text: str) -> None:
    """Read what the app draws until `text` is in it."""
    drawn = b""
    while text.encode() not in drawn:
        message = await tab.receive(SECONDS)
        assert message.type is aiohttp.WSMsgType.BINARY, message
        drawn += message.data
