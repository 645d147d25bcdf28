"""What may happen before there is a session: on the way to the warehouse, and at its door."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import SignInError, TemporaryError, TransferError
from tests.faults.cases import Case, Ground
from tests.faults.wire import Weather, Wire
from tests.support.services.buckets import Proxy, hang, lose_answer, reset
from tests.support.services.warehouse_proxy import ALWAYS, LOGIN, closed_port, http, refuse

BRIEF = {"max_retry_time": 1}
UNREACHABLE = "cannot be reached"


def door(name: str, arm: Callable[[Proxy], None], *ending: Any, **more: Any) -> Case:
    """A fault of the sign-in."""
    return Case(f"sign-in {name}", "warehouse", lambda g: arm(g.warehouse), *ending, **more)


def way(name: str, error: type[TransferError], words: str, **changes: Any) -> Case:
    """A connection that leads nowhere; the next run takes the right one."""

    def options(ground: Ground) -> dict[str, Any]:
        return {**BRIEF, "connection": {**ground.through(), **changes}}

    return Case(
        name,
        "warehouse",
        lambda _: None,
        error,
        words,
        options=options,
        again={"connection": None},
    )


def impatient(ground: Ground) -> dict[str, Any]:
    return {**BRIEF, "connection": {**ground.through(), "login_timeout": 2}}


CASES = [
    door(
        "refused (390100)",
        lambda w: w.on(LOGIN, refuse(390100, "28000"), ALWAYS),
        SignInError,
        "user name or the password is wrong",
    ),
    door("503 twice", lambda w: w.on(LOGIN, http(503), 2)),
    door("429 with Retry-After", lambda w: w.on(LOGIN, http(429, {"Retry-After": "1"}))),
    door("reset", lambda w: w.on(LOGIN, reset)),
    door("answer lost", lambda w: w.on(LOGIN, lose_answer)),
    door(
        "503 without end",
        lambda w: w.on(LOGIN, http(503), ALWAYS),
        TemporaryError,
        UNREACHABLE,
        options=BRIEF,
    ),
    door(
        "unanswered",
        lambda w: w.on(LOGIN, hang, ALWAYS),
        TemporaryError,
        "did not answer|cannot be reached",
        options=impatient,
        again={"connection": None},
    ),
    way("host unknown (DNS)", TemporaryError, UNREACHABLE, host="no-such-host.invalid"),
    way("https to a plain port", TemporaryError, "secure connection", protocol="https"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sign_in(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)


def test_connection_refused(outcome: Callable[[Case], None]) -> None:
    with closed_port() as port:
        outcome(way("connection refused", TemporaryError, UNREACHABLE, port=port))


def test_certificate_of_nobody(
    outcome: Callable[[Case], None], ground: Ground, certificate: Any
) -> None:
    with Proxy(f"http://{ground.warehouse.upstream}", tls=certificate[1]) as secure:
        port = int(secure.url.rpartition(":")[2])
        outcome(
            way(
                "self-signed certificate",
                TemporaryError,
                "its issuer is unknown",
                protocol="https",
                port=port,
            )
        )


def test_no_connection_lives(outcome: Callable[[Case], None], ground: Ground) -> None:
    with Wire(*address(ground)) as wire:
        wire.weather = Weather(refuse=True)
        outcome(way("every connection reset", TemporaryError, UNREACHABLE, port=wire.port))
        assert wire.opened


def address(ground: Ground) -> tuple[str, int]:
    """Where the warehouse's proxy listens."""
    host, port = ground.warehouse.url.removeprefix("http://").split(":")
    return socket.gethostbyname(host), int(port)
