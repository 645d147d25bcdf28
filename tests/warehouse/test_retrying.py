"""A session and its downloads through a network that fails: asked again, never twice too often."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import (
    CancelledError,
    DestinationError,
    IntegrityError,
    TemporaryError,
    TransferError,
)
from core.events import Recovered, Retrying
from core.query import Statement
from core.runtime.cancel import translate_cancellation
from core.runtime.retry import Retry
from core.warehouse.connect import connect, sign_out
from core.warehouse.results.download import Download
from core.warehouse.statement import Result, run
from tests.support.services.buckets import Action, Exchange, Proxy, hang, lose_answer, reset
from tests.support.services.warehouse_proxy import NUMBERS, Warehouse, in_progress, tell
from tests.support.waiting import AT_ONCE, PATIENCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ALWAYS = 1000
ENDLESS = Statement(
    "SELECT MAX(A.O_ORDERKEY + B.O_ORDERKEY + C.O_ORDERKEY) AS N "
    "FROM DEMO.PUBLIC.ORDERS_100K A CROSS JOIN DEMO.PUBLIC.ORDERS_100K B "
    "CROSS JOIN DEMO.PUBLIC.ORDERS_100K C"
)
CHUNK = "GET /chunks/[^/]+/1[?]"
STATUS = "GET /monitoring"
RESULT = "GET /queries/.*/result"
SUBMIT = "POST /queries/v1/query-request"
LOGIN = "POST /session/v1/login-request"


def status(code: int) -> Action:
    """Answer with a status, without asking the server."""
    return lambda exchange: exchange.answer(code, {}, b"no")


def refuse(code: str) -> Action:
    """Answer with one of Snowflake's own errors."""
    body = {"success": False, "code": code, "message": "The session is gone.", "data": None}
    return lambda exchange: exchange.answer(
        200, {"Content-Type": "application/json"}, json.dumps(body).encode()
    )


def cut(exchange: Exchange) -> None:
    """Break the connection in the middle of the answer's body."""
    _, headers, data = exchange.forward()
    exchange.send_response_only(200)
    if "Content-Encoding" in headers:
        exchange.send_header("Content-Encoding", headers["Content-Encoding"])
    exchange.send_header("Content-Length", str(len(data)))
    exchange.end_headers()
    exchange.wfile.write(data[: len(data) // 2])
    reset(exchange)


def arm(proxy: Proxy, pattern: str, action: Action, times: int = 1) -> None:
    """Set up a fault; the status is asked for only after the result was not there yet."""
    if pattern == STATUS:
        proxy.on(RESULT, in_progress)
    proxy.on(pattern, action, times)


def another_chunk(exchange: Exchange) -> None:
    """Give the rows of another chunk, which has fewer of them."""
    exchange.path = exchange.path.replace("/1?", "/0?")
    exchange.pass_on()


def running(exchange: Exchange) -> None:
    """Say of a statement that it runs."""

    def change(told: dict[str, Any]) -> None:
        for query in told["queries"]:
            query["status"] = "RUNNING"

    tell(change)(exchange)


def noting(done: threading.Event) -> Action:
    """Change nothing, and tell when it is done."""

    def act(exchange: Exchange) -> None:
        exchange.pass_on()
        done.set()

    return act


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[Proxy]:
    """A proxy before the warehouse."""
    with Proxy(f"http://127.0.0.1:{sandbox.snowflake['port']}") as made:
        yield made


class Run:
    """One session through the proxy, impatient enough for a test."""

    def __init__(self, sandbox: Sandbox, proxy: Proxy, **policy: Any) -> None:
        self.events: list[Retrying | Recovered] = []
        self.cancel = threading.Event()
        self.cancelled = 0.0
        self.retry = Retry(**{"first": 0.01, "on_event": self.note, "attempts": 4, **policy})
        self._parameters = {
            **sandbox.snowflake,
            "port": int(proxy.url.rpartition(":")[2]),
            "session_parameters": {"CLIENT_RESULT_CHUNK_SIZE": 1},
        }

    def note(self, event: Retrying | Recovered) -> None:
        self.events.append(event)

    def connect(self) -> Any:
        return connect(
            self._parameters,
            query_tag="t",
            retry=self.retry,
            cancel=self.cancel,
            chunk_megabytes=1,
        )

    def values(self) -> list[int]:
        """The numbers, read from start to end."""
        connection = self.connect()
        try:
            return self.download(run(connection, NUMBERS, self.cancel))
        finally:
            sign_out(connection)

    def download(self, result: Result) -> list[int]:
        def numbers(table: Any) -> list[int]:
            values: list[int] = table.column(0).to_pylist()
            return values

        download = Download(result, numbers, budget=2**20, workers=2, cancel=self.cancel)
        return sorted(value for _, values in download for value in values)

    def cancel_when(self, happened: threading.Event) -> None:
        """Cancel as soon as something happens."""
        happened.wait(PATIENCE)
        self.cancelled = time.monotonic()
        self.cancel.set()

    def whys(self) -> set[str]:
        return {event.why for event in self.events if isinstance(event, Retrying)}


@pytest.mark.parametrize(
    ("pattern", "action", "why"),
    [
        pytest.param(CHUNK, status(403), "403 Forbidden", id="chunk expired"),
        pytest.param(CHUNK, cut, "", id="chunk cut"),
        pytest.param(CHUNK, another_chunk, "", id="chunk with other rows"),
        pytest.param(STATUS, status(503), "503 Service Unavailable", id="poll 503"),
        pytest.param(STATUS, status(429), "429 Too Many Requests", id="poll 429"),
        pytest.param(STATUS, reset, "connection reset", id="poll reset"),
        pytest.param(RESULT, status(503), "503 Service Unavailable", id="result 503"),
        pytest.param(SUBMIT, status(503), "503 Service Unavailable", id="start 503"),
        pytest.param(SUBMIT, lose_answer, "", id="start's answer lost"),
        pytest.param(LOGIN, status(503), "503 Service Unavailable", id="sign-in 503"),
        pytest.param(LOGIN, reset, "connection reset", id="sign-in reset"),
    ],
)
def test_one_fault_is_mended_and_told(
    sandbox: Sandbox, proxy: Proxy, pattern: str, action: Action, why: str
) -> None:
    arm(proxy, pattern, action)
    own = Run(sandbox, proxy)
    assert own.values() == list(range(30_000))
    assert isinstance(own.events[-1], Recovered)
    assert not why or own.whys() == {why}


def test_urls_are_renewed_though_the_first_request_for_them_fails(
    sandbox: Sandbox, proxy: Proxy
) -> None:
    own = Run(sandbox, proxy)
    with closing(own.connect()) as connection:
        result = run(connection, NUMBERS, own.cancel)
        proxy.on(CHUNK, status(403), times=2)
        proxy.on(RESULT, status(503))
        assert own.download(result) == list(range(30_000))
    assert proxy.seen(RESULT) == 3


def test_a_renewed_list_of_other_batches_is_refused(sandbox: Sandbox, proxy: Proxy) -> None:
    """The rows of batches that were read would be missing, or there twice."""

    def move_a_row(told: dict[str, Any]) -> None:
        first, second, *_ = told["chunks"]
        first["rowCount"] += 1
        second["rowCount"] -= 1

    own = Run(sandbox, proxy)
    with closing(own.connect()) as connection:
        result = run(connection, NUMBERS, own.cancel)
        assert len(result.batches) > 2
        proxy.on(CHUNK, status(403))
        proxy.on(RESULT, tell(move_a_row), ALWAYS)
        with pytest.raises(IntegrityError, match="different batches the second time"):
            own.download(result)


def test_a_stalled_download_starts_over(sandbox: Sandbox, proxy: Proxy) -> None:
    proxy.on(CHUNK, hang)
    own = Run(sandbox, proxy, patience=1.0, attempts=30)
    assert own.values() == list(range(30_000))
    assert any("no answer in" in why for why in own.whys())


def test_wrong_rows_are_fetched_a_few_times_only(sandbox: Sandbox, proxy: Proxy) -> None:
    proxy.on(CHUNK, another_chunk, ALWAYS)
    with pytest.raises(IntegrityError, match="instead of"):
        Run(sandbox, proxy, attempts=8).values()
    assert proxy.seen(CHUNK) == 3


@pytest.mark.parametrize(
    ("pattern", "action", "error", "asked"),
    [
        pytest.param(CHUNK, status(403), TemporaryError, 4, id="chunk"),
        pytest.param(STATUS, status(503), TemporaryError, 4, id="poll"),
        pytest.param(STATUS, refuse("000630"), TemporaryError, 1, id="time limit"),
        pytest.param(LOGIN, status(503), TemporaryError, 4, id="sign-in"),
        pytest.param(LOGIN, refuse("390100"), TransferError, 1, id="wrong password"),
    ],
)
def test_a_lasting_fault_ends_the_run(
    sandbox: Sandbox,
    proxy: Proxy,
    pattern: str,
    action: Action,
    error: type[TransferError],
    asked: int,
) -> None:
    arm(proxy, pattern, action, ALWAYS)
    with pytest.raises(error):
        Run(sandbox, proxy).values()
    assert proxy.seen(pattern) == asked


@pytest.mark.parametrize("code", ["390111", "390114"])
@pytest.mark.parametrize("pattern", [SUBMIT, STATUS, RESULT])
def test_a_lost_session_is_signed_in_again(
    sandbox: Sandbox, proxy: Proxy, pattern: str, code: str
) -> None:
    """The statement goes on, and its result is read by its id."""
    arm(proxy, pattern, refuse(code))
    own = Run(sandbox, proxy)
    assert own.values() == list(range(30_000))
    assert proxy.seen(LOGIN) == 2
    assert proxy.seen(SUBMIT) == (2 if pattern == SUBMIT else 1)


def test_a_statement_takes_two_requests(sandbox: Sandbox, proxy: Proxy) -> None:
    own = Run(sandbox, proxy)
    with closing(own.connect()) as connection:
        run(connection, NUMBERS, own.cancel)
    assert (proxy.seen(SUBMIT), proxy.seen(RESULT), proxy.seen(STATUS)) == (1, 1, 0)


@pytest.mark.parametrize("action", [in_progress, reset], ids=["not kept", "broken off"])
def test_the_status_is_asked_for_where_the_result_is_not_waited_for(
    sandbox: Sandbox, warehouse: Warehouse, action: Action
) -> None:
    """Some answer at once that the statement runs, and a proxy may not keep a request long."""
    polled = threading.Event()
    warehouse.on(RESULT, action, ALWAYS)
    warehouse.on(STATUS, Exchange.pass_on, 3)
    warehouse.on(STATUS, noting(polled))
    own = Run(sandbox, warehouse)
    threading.Thread(target=own.cancel_when, args=(polled,), daemon=True).start()
    with closing(own.connect()) as connection:
        with pytest.raises(CancelledError):
            run(connection, ENDLESS, own.cancel)
        assert warehouse.seen(RESULT) == 1
        assert all_end(sandbox, warehouse)


def test_a_result_that_was_waited_for_is_asked_for_again(
    sandbox: Sandbox, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the 45 seconds that Snowflake keeps a request."""
    monkeypatch.setattr("core.warehouse.statement._HELD_SECONDS", 0.0)
    asked = threading.Event()
    warehouse.on(RESULT, in_progress, 3)
    warehouse.on(RESULT, lambda exchange: (asked.set(), exchange.pass_on())[1])
    own = Run(sandbox, warehouse)
    threading.Thread(target=own.cancel_when, args=(asked,), daemon=True).start()
    with closing(own.connect()) as connection:
        with pytest.raises(CancelledError):
            run(connection, ENDLESS, own.cancel)
        assert (warehouse.seen(RESULT), warehouse.seen(STATUS)) == (4, 3)
        assert all_end(sandbox, warehouse)


@pytest.mark.parametrize("times", [1, 5])
def test_a_statement_in_progress_is_not_one_without_rows(
    sandbox: Sandbox, proxy: Proxy, times: int
) -> None:
    """The connector reads "in progress" as a result without columns, and raises nothing."""
    own = Run(sandbox, proxy)
    proxy.on(RESULT, in_progress)
    proxy.on(STATUS, running, times - 1)
    with closing(own.connect()) as connection:
        assert own.download(run(connection, NUMBERS, own.cancel)) == list(range(30_000))
    assert proxy.seen(RESULT) == 2
    assert proxy.seen(STATUS) >= times
    assert own.events == []


def keep_answer(exchange: Exchange) -> None:
    """Let the server do it, and say so only at the end of the test."""
    answer = exchange.forward()
    exchange.proxy.hanging.set()
    exchange.proxy.release.wait()
    exchange.answer(*answer)


def all_end(sandbox: Sandbox, warehouse: Warehouse) -> bool:
    """Whether all endless statements that were started are stopped, within a time."""
    own = Run(sandbox, warehouse)
    ids = [each for each, sql in warehouse.started.items() if sql == ENDLESS.sql]
    until = time.monotonic() + PATIENCE
    with closing(own.connect()) as connection:
        while time.monotonic() < until:
            if {connection.get_query_status(each).name for each in ids} == {"FAILED_WITH_ERROR"}:
                return True
    return False


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    """A proxy that notes the statements."""
    with Warehouse(sandbox) as made:
        yield made


@pytest.mark.parametrize(
    ("repeatable", "starts", "error"),
    [
        pytest.param(True, 2, CancelledError, id="reads"),
        pytest.param(False, 1, TemporaryError, id="writes"),
    ],
)
def test_a_start_whose_answer_is_lost_leaves_nothing_running(
    sandbox: Sandbox,
    warehouse: Warehouse,
    repeatable: bool,
    starts: int,
    error: type[TransferError],
) -> None:
    warehouse.on(SUBMIT, lose_answer)
    own = Run(sandbox, warehouse)
    with closing(own.connect()) as connection, pytest.raises(error):
        run(
            connection,
            ENDLESS,
            own.cancel,
            on_start=lambda _: own.cancel.set(),
            repeatable=repeatable,
        )
    assert list(warehouse.started.values()).count(ENDLESS.sql) == starts
    assert all_end(sandbox, warehouse)


def test_a_start_is_stopped_though_its_answer_is_waited_for(
    sandbox: Sandbox, warehouse: Warehouse
) -> None:
    warehouse.on(SUBMIT, keep_answer)
    own = Run(sandbox, warehouse)
    threading.Thread(target=own.cancel_when, args=(warehouse.hanging,), daemon=True).start()
    with closing(own.connect()) as connection:
        with pytest.raises(CancelledError):
            run(connection, ENDLESS, own.cancel)
        assert all_end(sandbox, warehouse)
        warehouse.release.set()


@pytest.mark.parametrize("pattern", [LOGIN, SUBMIT, STATUS, RESULT, CHUNK])
def test_cancels_at_once_whatever_hangs(sandbox: Sandbox, proxy: Proxy, pattern: str) -> None:
    arm(proxy, pattern, hang)
    own = Run(sandbox, proxy)
    threading.Thread(target=own.cancel_when, args=(proxy.hanging,), daemon=True).start()
    with ExitStack() as ends:
        ends.callback(proxy.release.set)
        with pytest.raises(CancelledError):
            own.values()
        assert time.monotonic() - own.cancelled < AT_ONCE


def test_a_statement_that_starts_too_late_is_aborted(sandbox: Sandbox, proxy: Proxy) -> None:
    """Its start was given up before the warehouse told its id."""
    proxy.on(SUBMIT, hang)
    own = Run(sandbox, proxy)
    with closing(own.connect()) as connection:
        cancelling = threading.Thread(target=own.cancel_when, args=(proxy.hanging,))
        cancelling.start()
        with pytest.raises(CancelledError):
            run(connection, NUMBERS, own.cancel)
        aborted = threading.Event()
        proxy.on("abort-request", noting(aborted))
        proxy.release.set()
        assert aborted.wait(PATIENCE)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_while_a_statement_runs_aborts_it(
    sandbox: Sandbox, warehouse: Warehouse, error: type[BaseException]
) -> None:
    class Interrupted(threading.Event):
        def is_set(self) -> bool:
            if warehouse.seen(RESULT):
                raise error
            return False

    own = Run(sandbox, warehouse)
    with closing(own.connect()) as connection:
        with pytest.raises(error):
            run(connection, ENDLESS, Interrupted())
        assert all_end(sandbox, warehouse)


def test_an_abort_is_tried_again(sandbox: Sandbox, proxy: Proxy) -> None:
    own = Run(sandbox, proxy)
    aborted = threading.Event()
    proxy.on("abort-request", status(503))
    proxy.on("abort-request", noting(aborted))
    with closing(own.connect()) as connection:
        with pytest.raises(CancelledError):
            run(connection, NUMBERS, own.cancel, on_start=lambda _: own.cancel.set())
        assert aborted.wait(PATIENCE)


@pytest.mark.parametrize(
    ("error", "cancelled", "told"),
    [
        (IntegrityError("The books do not agree."), True, CancelledError),
        (TransferError("Unexpected."), True, CancelledError),
        (ZeroDivisionError(), True, CancelledError),
        (DestinationError("Denied."), True, DestinationError),
        (IntegrityError("The books do not agree."), False, IntegrityError),
        (ZeroDivisionError(), False, ZeroDivisionError),
    ],
)
def test_what_breaks_of_a_cancel_is_the_cancel(
    error: Exception, cancelled: bool, told: type[Exception]
) -> None:
    cancel = threading.Event()
    if cancelled:
        cancel.set()
    with pytest.raises(told), translate_cancellation(cancel):
        raise error


def test_cancels_at_once_in_a_pause(sandbox: Sandbox, proxy: Proxy) -> None:
    arm(proxy, STATUS, status(503), ALWAYS)
    own = Run(sandbox, proxy)
    stopped: list[float] = []

    def tell(_: object) -> None:
        stopped.append(time.monotonic())
        own.cancel.set()

    own.retry = Retry(first=1000.0, longest=1000.0, on_event=tell)
    with pytest.raises(CancelledError):
        own.values()
    assert time.monotonic() - stopped[0] < AT_ONCE
