"""What may happen while the warehouse itself writes the delivery."""

from __future__ import annotations

import contextlib
import http.client as http_client
import json
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import IntegrityError, SourceDataError, TemporaryError
from tests.faults.cases import SMALL, Case, Ground, Table
from tests.support.services.buckets import Action, Exchange, reset
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    COPY,
    RESULT,
    START,
    STATUS,
    cut,
    end_session,
    failed,
    first_rows,
    http,
    in_progress,
    refuse,
    start_another,
    tell,
    without_last,
)
from tests.support.waiting import wait_for

BOOKS = '.*"groups"'
# Snowflake puts every text into quotes.
WRITTEN = Table(SMALL.sql, b'"D","K","N"\r\n"2024-01-01","a",3.30\r\n"2024-02-01","b",\r\n')


def copying(
    name: str, request: str, action: Action, *ending: Any, times: int = 1, **how: Any
) -> Case:
    """A fault of the requests about COPY INTO."""

    def arm(ground: Ground) -> None:
        if request == STATUS:  # which is asked for only if the statement runs
            ground.warehouse.on(RESULT + COPY, in_progress)
        ground.warehouse.on(request + COPY, action, times)

    return unloading(f"COPY INTO, {name}", arm, *ending, **how)


def unloading(name: str, arm: Callable[[Ground], None], *ending: Any, **how: Any) -> Case:
    options = {"engine": "unload", "unload_credentials": True, **how.pop("options", {})}
    return Case(
        f"{name} (unload)", "warehouse", arm, *ending, table=WRITTEN, options=options, **how
    )


def ended(code: int, sqlstate: str) -> Callable[[Ground], None]:
    """COPY INTO is said to have failed, before it has written."""

    def arm(ground: Ground) -> None:
        ground.warehouse.on(START + COPY, start_another)
        ground.warehouse.on(RESULT + COPY, in_progress)
        ground.warehouse.on(STATUS + COPY, failed(code, sqlstate), ALWAYS)
        ground.warehouse.on(RESULT + COPY, refuse(code, sqlstate), ALWAYS)

    return arm


def one_row_less(told: dict[str, Any]) -> None:
    """One row less in the file than there are groups."""
    names = [column["name"] for column in told["rowtype"]]
    at = [name.lower() for name in names].index("row_count")
    for row in told["rowset"]:
        row[at] = str(int(row[at]) - 1)


def unheard_of(ground: Ground) -> None:
    """COPY INTO writes its file, and whoever waits for its end or asks for it gets no answer."""

    def refuse_once_written(exchange: Exchange) -> None:
        assert wait_for(ground.inbox.keys)
        http(503)(exchange)

    for question in (RESULT, STATUS):
        ground.warehouse.on(question + COPY, refuse_once_written, ALWAYS)


def end_unheard(exchange: Exchange) -> None:
    """COPY INTO runs to its end, and the answer to its start is lost."""
    _, _, data = exchange.forward()
    query_id = json.loads(data)["data"]["queryId"]
    with contextlib.closing(http_client.HTTPConnection(exchange.proxy.upstream)) as connection:
        said = {"Authorization": exchange.headers["Authorization"]}
        connection.request("GET", f"/queries/{query_id}/result", headers=said)
        assert json.loads(connection.getresponse().read())["success"]
    reset(exchange)


LEFT: dict[str, Any] = {
    "options": {"max_retry_time": 1},
    "objects": 1,
    "again": {"if_exists": "overwrite"},
}
CASES = [
    copying("status: 503 twice", STATUS, http(503), times=2),
    copying("status: session ended (390111)", STATUS, end_session),
    copying("result: reset", RESULT, reset),
    copying("result: cut in the middle", RESULT, cut),
    copying("start: 503", START, http(503), TemporaryError, "Snowflake"),
    # Whose the file is, nobody can tell: it stays, and is told of.
    copying("start: answer lost", START, end_unheard, TemporaryError, "look for files at", **LEFT),
    unloading(
        "COPY INTO, result and status: 503 without end",
        unheard_of,
        TemporaryError,
        "Files may remain at s3://.* query ",
        **LEFT,
    ),
    copying("a row short", RESULT, tell(one_row_less), IntegrityError, "wrote 1 rows"),
    unloading("COPY INTO failed", ended(100051, "22012"), SourceDataError, "could not compute"),
    unloading("COPY INTO cancelled (604)", ended(604, "57014"), TemporaryError, "cancelled at"),
    unloading("COPY INTO timed out (630)", ended(630, "57014"), TemporaryError, "time limit"),
    unloading(
        "books one row short",
        lambda g: g.warehouse.on(RESULT + BOOKS, first_rows(without_last), ALWAYS),
        IntegrityError,
    ),
    unloading(
        "groups gone before COPY INTO (709)",
        lambda g: g.warehouse.on(RESULT + BOOKS, refuse(709, "02000"), ALWAYS),
        TemporaryError,
        "no longer",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_unload(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)
