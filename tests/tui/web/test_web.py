"""`--web`: who may reach the app, how it ends, and a whole journey in Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import psutil
import pytest
from aiohttp import WSServerHandshakeError

from core.records.history import read_history
from tests.support.programs.batch_runs import SECONDS, place, run
from tests.support.programs.served import Served, opened, serving
from tests.support.services.buckets import Proxy, hang
from tests.support.waiting import AT_ONCE, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from core.sandbox.launcher import Sandbox

# xterm.js draws on a canvas and keeps the text to itself: this catches the terminal as it is made.
CATCH_TERMINAL = """
Object.defineProperty(Object.prototype, "_core", {
  configurable: true,
  set(core) {
    Object.defineProperty(this, "_core", {value: core, writable: true, configurable: true});
    if (this.loadAddon) window.terminal = this;
  },
});
"""
READ_TERMINAL = """() => window.terminal ? Array.from({length: terminal.rows}, (_, row) =>
  terminal.buffer.active.getLine(row)?.translateToString(true)).join("\\n") : ''"""

# Whether the default of each key was prevented: of F5 it would be a reload, of ctrl+p printing.
SEE_DEFAULTS = """() => {
  window.prevented = {};
  addEventListener("keydown", (event) => setTimeout(() => {
    if (event.key !== "Control") prevented[event.key] = event.defaultPrevented;
  }), true);
}"""
WOULD_LEAVE = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"  # without a question


@pytest.fixture(scope="module")
def served(own_directories: Path) -> Iterator[Served]:
    """The app without a connection: it asks for one."""
    with serving() as one:
        yield one


@pytest.fixture
async def client() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


def test_it_says_where_it_is_and_why_only_there(served: Served) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", served.url)
    assert "loopback only" in served.said["message"]
    assert "acts with your credentials" in served.said["message"]


def test_it_listens_on_loopback_only(served: Served) -> None:
    listening = [
        each.laddr.ip
        for each in psutil.Process(served.process.pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


async def test_its_page_needs_no_other_host(served: Served, client: Any) -> None:
    async with client.get(served.url) as answer:
        assert answer.status == 200
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        if address.startswith("/"):
            async with client.get(served.origin + address) as part:
                assert part.status == 200, address
        else:
            assert address == "data:,"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),  # a name of theirs that points to 127.0.0.1
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
async def test_pages_of_others_are_refused(
    served: Served, client: Any, headers: dict[str, str], status: int
) -> None:
    async with client.get(served.url, headers=headers) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ],
)
async def test_sockets_of_others_are_refused(
    served: Served, client: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(served.socket, headers=headers)
    assert refused.value.status == 403
    assert served.children() == []


async def test_without_the_token_there_is_nothing(served: Served, client: Any) -> None:
    wrong = f"{served.origin}/{'x' * 22}/"
    for url in (f"{served.origin}/", wrong, f"{served.origin}/download/x"):
        async with client.get(url) as answer:
            assert answer.status == 404
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(f"{wrong}socket", origin=served.origin)
    assert refused.value.status == 404


async def test_a_closed_tab_ends_its_app_and_no_other(served: Served, client: Any) -> None:
    staying, closing = await opened(served, client), await opened(served, client)
    apps = served.children()
    assert len(apps) == 2
    await closing.close()
    assert wait_for(lambda: not all(map(psutil.Process.is_running, apps)))
    alive = [app for app in apps if app.is_running()]
    assert len(alive) == 1
    await staying.send_json(["stdin", "\x11"])  # ctrl+q: the app ends, and with it the socket
    while (await staying.receive(SECONDS)).type is aiohttp.WSMsgType.BINARY:
        pass
    assert psutil.wait_procs(alive, AT_ONCE)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_signal_ends_it_and_its_apps(client: Any, number: signal.Signals) -> None:
    with serving() as served:
        await opened(served, client)
        apps = served.children()
        assert len(apps) == 1
        began = time.monotonic()
        served.process.send_signal(number)
        code = served.process.wait(SECONDS)
        alive = psutil.wait_procs(apps, AT_ONCE)[1]
        assert time.monotonic() - began < AT_ONCE
        assert alive == []
        assert code == (-number if number is signal.SIGKILL else 0)


async def test_an_app_that_does_not_answer_is_killed(client: Any) -> None:
    with serving() as served:
        await opened(served, client)
        (app,) = served.children()
        app.suspend()
        began = time.monotonic()
        served.process.terminate()
        served.process.wait(SECONDS)
        assert time.monotonic() - began < AT_ONCE
        assert psutil.wait_procs([app], AT_ONCE)[1] == []


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("--web", "--port", str(taken.getsockname()[1]))
    assert (ended.code, ended.out) == (9, "")
    assert "Choose another --port" in ended.err


@pytest.mark.parametrize("other", ["--batch", "--dry-run"])
def test_it_is_the_app(other: str) -> None:
    ended = run("--web", other)
    assert (ended.code, ended.out) == (2, "")
    assert "--web" in ended.err


def test_without_its_extra_it_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['textual_serve'] = None\n"
        "from tui.web.run import run\n"
        "sys.exit(run({}, demo=False, port=None, json=False))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 2
    assert "pip install 'amplify-transfer[web]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of the system's Chromium."""
    from playwright.sync_api import sync_playwright

    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert binary, "these tests need Chromium: apt-get install chromium"
    # Chromium's own sandbox does not work for root, which CI is.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=arguments)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_init_script(CATCH_TERMINAL)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(SECONDS * 1_000)
        yield context.new_page()
        browser.close()


def wait_until_shown(page: Page, text: str) -> None:
    """Wait until the terminal shows `text`."""
    page.wait_for_function(f"text => ({READ_TERMINAL})().includes(text)", arg=text)


@pytest.mark.browser
def test_the_journey_from_a_table_to_the_downloaded_result(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    with serving("--demo") as served:
        page.goto(served.url)
        wait_until_shown(page, "LOCATIONS_595")
        page.keyboard.press("/")
        wait_until_shown(page, "/ Filter")
        page.keyboard.type("LOCATIONS")
        wait_until_shown(page, "1 of 6 tables")
        page.keyboard.press("Enter")
        wait_until_shown(page, "EXACT · all 595 rows")  # so few rows that the sample is the table
        assert "595 rows in  →  581 rows out" in page.evaluate(READ_TERMINAL)
        page.keyboard.press("F5")
        wait_until_shown(page, "Send anyway")  # its keys keep most rows apart
        page.keyboard.press("a")
        wait_until_shown(page, "✓ Delivered")
        with page.expect_download() as download:
            page.keyboard.press("s")
        result = json.loads(Path(download.value.path()).read_text())
        assert list(result) == ["file_name", "row_count", "timestamp"]
        assert result["row_count"] == 581
        assert download.value.suggested_filename == f"{result['file_name']}.result.json"
        page.keyboard.press("j")
        copied = "navigator.clipboard.readText()"
        assert wait_for(lambda: page.evaluate(copied))  # here, as a promise is truthy
        assert json.loads(page.evaluate(copied)) == result
        page.keyboard.press("Escape")
        page.keyboard.press("F10")
        page.get_by_text("amplify-transfer has ended in this tab").wait_for()
        assert all(url.startswith(f"{served.origin}/") for url in asked)
        page.get_by_text("Start again").click()
        wait_until_shown(page, "LOCATIONS_595")


@pytest.fixture
def sending(sandbox: Sandbox, tmp_path: Path) -> Iterator[Sending]:
    """The app, served on the sandbox; the uploads of its transfers hang until they are released."""
    own = uuid.uuid4().hex
    with Proxy(sandbox.s3["endpoint_url"]) as proxy:
        proxy.on(f"^PUT /[^?]*{own}", hang)
        env = {
            **os.environ,
            **place(sandbox, f"s3://{sandbox.s3['bucket']}/{own}/"),
            "AMPLIFY_ENDPOINT_URL": proxy.url,
            "AMPLIFY_STATE_DIR": str(tmp_path),
        }
        with serving(env=env) as served:
            yield Sending(served, proxy)


class Sending(NamedTuple):
    """The served app, and the proxy at which its uploads hang."""

    served: Served
    proxy: Proxy

    def open_table(self, page: Page) -> None:
        """Select the small table by its name."""
        page.goto(self.served.url)
        wait_until_shown(page, "LOCATIONS_595")
        page.keyboard.press("/")
        wait_until_shown(page, "/ Filter")
        page.keyboard.type("LOCATIONS")
        wait_until_shown(page, "1 of ")
        page.keyboard.press("Enter")
        wait_until_shown(page, "EXACT · all 595 rows")

    def send(self, page: Page) -> None:
        """Run the transfer, up to its upload, which hangs."""
        page.keyboard.press("F5")
        wait_until_shown(page, "Send anyway")  # its keys keep most rows apart
        page.keyboard.press("a")
        assert self.proxy.hanging.wait(SECONDS)
        wait_until_shown(page, "─ Sending")


@pytest.mark.browser
def test_leaving_the_page_asks_while_a_transfer_runs(page: Page, sending: Sending) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    sending.open_table(page)
    page.mouse.click(1278, 798)  # beside the terminal's cells
    page.evaluate(SEE_DEFAULTS)
    page.keyboard.press("Control+p")
    wait_until_shown(page, "Search for commands")
    page.keyboard.press("Escape")
    sending.send(page)
    assert page.evaluate("prevented").items() >= {"p": True, "F5": True, "Escape": True}.items()
    assert wait_for(lambda: not page.evaluate(WOULD_LEAVE))
    with page.expect_event("dialog"):
        page.evaluate("setTimeout(() => location.reload())")
    assert asked == ["beforeunload"]
    assert "─ Sending" in page.evaluate(READ_TERMINAL)  # the page and its transfer are there

    sending.proxy.clear()
    wait_until_shown(page, "✓ Delivered")
    assert wait_for(lambda: page.evaluate(WOULD_LEAVE))
    page.reload()
    wait_until_shown(page, "EXACT · all 595 rows")
    assert asked == ["beforeunload"]  # nothing is lost now


@pytest.mark.browser
def test_the_address_is_that_of_the_table(page: Page, sending: Sending) -> None:
    sending.open_table(page)
    page.wait_for_function("location.hash.endsWith('.LOCATIONS_595')")
    assert page.title() == f"{page.evaluate('location.hash')[1:]} · amplify-transfer"
    bookmark = page.url
    page.reload()
    wait_until_shown(page, "EXACT · all 595 rows")
    assert page.url == bookmark
    page.goto("about:blank")
    page.goto(bookmark)
    wait_until_shown(page, "EXACT · all 595 rows")


@pytest.mark.browser
def test_closing_the_tab_stops_its_transfer(
    page: Page, sending: Sending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path))
    sending.open_table(page)
    sending.send(page)
    (app,) = (each for each in sending.served.children() if "tui.web.child" in each.cmdline())
    page.close()
    assert psutil.wait_procs([app], AT_ONCE)[1] == []
    (run,) = read_history()
    assert run.outcome == "cancelled"
