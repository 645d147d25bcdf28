"""What may happen to a statement: on its way, while it runs, and before its result is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import IntegrityError, SourceDataError, TemporaryError
from tests.faults.cases import SMALL, Case, Ground, Table, by
from tests.support.services.buckets import Action, Exchange, lose_answer, reset
from tests.support.services.warehouse_proxy import (
    ABORT,
    ALWAYS,
    READ,
    RENEW,
    RESULT,
    START,
    STATUS,
    cut,
    end_session,
    http,
    in_progress,
    refuse,
)

BRIEF = {"max_retry_time": 1}
VIEW = (
    "CREATE OR REPLACE VIEW {name} AS SELECT D, K, N FROM VALUES "
    + SMALL.sql.partition("FROM VALUES ")[2]
)
# Rows for minutes.
BUSY = (
    "CREATE OR REPLACE VIEW {name} AS SELECT A.O_ORDERDATE AS D, 'a' AS K, "
    "B.O_TOTALPRICE AS N FROM ORDERS_100K A CROSS JOIN ORDERS_100K B"
)


def asked(
    name: str, request: str, action: Action, *ending: Any, times: int = 1, **how: Any
) -> Case:
    """A fault of the requests about the statement that reads the table."""

    def arm(ground: Ground) -> None:
        let_it_run(ground, request)
        ground.warehouse.on(request + READ, action, times)

    return Case(name, "warehouse", arm, *ending, **how)


def let_it_run(ground: Ground, request: str) -> None:
    """The status is asked for only if the statement runs when its result is."""
    if request == STATUS:
        ground.warehouse.on(RESULT + READ, in_progress)


def changed(
    name: str,
    sql: str,
    *ending: Any,
    after: Callable[[Ground], None] = lambda _: None,
    **more: Any,
) -> Case:
    """A table that is another one when it is read than when it was looked at."""
    kind = "TABLE" if "TABLE" in sql else "VIEW"
    made = SMALL.sql.replace("CREATE", "CREATE OR REPLACE") if kind == "TABLE" else VIEW
    table = Table(f"{made} -- {name}", SMALL.expected)

    def arm(ground: Ground) -> None:
        ground.warehouse.on(START + READ, meanwhile(ground, sql.format(name=ground.names(table))))
        after(ground)

    def repaired(ground: Ground) -> None:
        run(ground, made.format(name=ground.names(table)))

    return Case(name, "warehouse", arm, *ending, table=table, repaired=repaired, **more)


def meanwhile(ground: Ground, sql: str) -> Action:
    """Have somebody else run a statement first."""

    def act(exchange: Exchange) -> None:
        run(ground, sql)
        exchange.pass_on()

    return act


def run(ground: Ground, sql: str) -> None:
    ground.witness.cursor().execute(sql)


def administrator(ground: Ground) -> None:
    """Somebody cancels the statement."""

    def act(exchange: Exchange) -> None:
        query = exchange.path.split("/")[2]
        run(ground, f"SELECT SYSTEM$CANCEL_QUERY('{query}')")
        exchange.pass_on()

    ground.warehouse.on(RESULT + READ, act)


def a_second(ground: Ground) -> dict[str, Any]:
    """The limit that an account may set for statements."""
    limit = {"STATEMENT_TIMEOUT_IN_SECONDS": 1}
    return {"connection": {**ground.through(), "session_parameters": limit}}


def unheard(ground: Ground) -> None:
    """Nothing is heard of the statement, and the first wish to stop it is refused too."""
    let_it_run(ground, STATUS)
    ground.warehouse.on(STATUS + READ, http(503), ALWAYS)
    ground.warehouse.on(ABORT + READ, http(503))


ASKED = [
    asked("start: 503 twice", START, http(503), times=2),
    asked("start: reset", START, reset),
    asked("start: answer cut", START, cut),
    asked("start: session ended (390111)", START, end_session),
    asked(
        "start: 503 without end",
        START,
        http(503),
        TemporaryError,
        "Snowflake",
        times=ALWAYS,
        options=BRIEF,
    ),
    asked("status: 503 twice", STATUS, http(503), times=2),
    asked("status: 429 with Retry-After", STATUS, http(429, {"Retry-After": "1"})),
    asked("status: reset", STATUS, reset),
    asked("status: session ended (390111)", STATUS, end_session),
    asked("status: token expired (390112)", STATUS, refuse(390112)),
    asked(
        "status: 503 without end",
        STATUS,
        http(503),
        TemporaryError,
        "Snowflake",
        times=ALWAYS,
        options=BRIEF,
    ),
    asked("result: 503 twice", RESULT, http(503), times=2),
    asked("result: reset", RESULT, reset),
    asked("result: cut in the middle", RESULT, cut),
    asked("result: session ended (390111)", RESULT, end_session),
    asked("result: token expired (390112)", RESULT, refuse(390112)),
    asked(
        "result gone (709)", RESULT, refuse(709, "02000"), TemporaryError, "no longer", times=ALWAYS
    ),
]


def token_gone(request: str) -> Callable[[Ground], None]:
    """The token has expired, and the one that renews it too."""

    def arm(ground: Ground) -> None:
        let_it_run(ground, request)
        ground.warehouse.on(request + READ, refuse(390112))
        ground.warehouse.on(RENEW, refuse(390114), ALWAYS)

    return arm


ASKED += [
    Case("start: master token expired (390114)", "warehouse", token_gone(START)),
    Case("status: master token expired (390114)", "warehouse", token_gone(STATUS)),
    Case("result: master token expired (390114)", "warehouse", token_gone(RESULT)),
    asked("start: answer lost", START, lose_answer),
]


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case.name)
def test_asked(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)


TEXT = (
    "CREATE OR REPLACE TABLE {name} AS SELECT '2024-01-03'::DATE AS D, 'a' AS K, 'x' AS N",
    "sum column altered to text",
)
BOTH = [
    changed("table dropped", "DROP TABLE {name}", SourceDataError, "does not exist"),
    changed(
        "column dropped", "ALTER TABLE {name} DROP COLUMN N", SourceDataError, "does not exist"
    ),
    changed(
        "date column altered to a number",
        "CREATE OR REPLACE TABLE {name} AS "
        "SELECT 5::NUMBER(5,0) AS D, 'a' AS K, 1.5::NUMBER(12,2) AS N",
        SourceDataError,
        "refused the statement",
    ),
    changed(
        "statement failed: division by zero",
        "CREATE OR REPLACE VIEW {name} AS SELECT '2024-01-03'::DATE AS D, 'a' AS K, "
        "(O_TOTALPRICE / 0)::NUMBER(12,2) AS N FROM ORDERS_100K",
        SourceDataError,
        "could not compute",
    ),
    changed(
        "statement cancelled by an administrator (604)",
        BUSY,
        TemporaryError,
        "cancelled at the warehouse",
        after=administrator,
    ),
    changed(
        "statement timed out (630)",
        BUSY,
        TemporaryError,
        "time limit",
        options=a_second,
        again={"connection": None},
    ),
    changed(
        "statement unheard of, the first wish to stop it refused",
        BUSY,
        TemporaryError,
        "could not be fetched",
        after=unheard,
        options=BRIEF,
    ),
]
CASES = [
    *(by(engine, case) for case in BOTH for engine in ("stream", "pushdown")),
    by("stream", changed(TEXT[1], TEXT[0], IntegrityError, "sent string")),
    by("pushdown", changed(TEXT[1], TEXT[0], SourceDataError, "not a number")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_changed(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)
