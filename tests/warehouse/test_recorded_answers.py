"""Answers recorded from the real Snowflake are read, or refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from core.errors import IntegrityError, SignInError, SourceDataError, TemporaryError
from core.query import Statement
from core.runtime.cancel import NEVER
from core.runtime.retry import Retry
from core.warehouse.connect import connect
from core.warehouse.results.download import Download
from core.warehouse.statement import run
from tests.support.recordings import ANSWERS
from tests.support.services.buckets import Action
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    LOGIN,
    RESULT,
    STATUS,
    Warehouse,
    in_progress,
)

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.sandbox.launcher import Sandbox

Body = dict[str, Any]
MARK = Statement("SELECT 'recorded' AS R")
_JSON = {"content-type": "application/json"}


def bodies(value: Any) -> Iterator[Body]:
    """Yield Snowflake's answers in a recording, however the recorder wrapped them."""
    if isinstance(value, dict) and "success" in value:
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from bodies(each)


def recorded(kind: str) -> list[Any]:
    return [
        pytest.param(path.stem, body, id=f"{path.stem}-{index}")
        for path in ANSWERS
        if path.parent.name == kind
        for index, body in enumerate(bodies(json.loads(path.read_text("utf-8"))))
        # Sign-ins and sign-outs stand among the answers to statements.
        if kind != "query" or {"rowtype", "errorCode", "queryId"} & (body["data"] or {}).keys()
    ]


def replay(body: Body) -> Action:
    return lambda exchange: exchange.answer(200, _JSON, json.dumps(body).encode())


# What is raised for the others: by the beginning of the file's name.
INCOMPLETE = {
    "connector_python_select_large": TemporaryError,  # rows that are not of the declared columns
    "grouparoo_create_table": IntegrityError,  # the connector has no rows for a DDL statement
    "grouparoo_drop_table": IntegrityError,
    "grouparoo_error_000006": SourceDataError,
    "grouparoo_select_14": TemporaryError,  # the collector cut its rows
    "grouparoo_select_all": TemporaryError,
    # The recorder removed the list of chunks.
    "req_snowflake_query_response_chunks": IntegrityError,
    "req_snowflake_s3": IntegrityError,
    # "In progress", which the connector reads as a result without columns; the status says
    # that the statement has ended.
    "req_snowflake_async": IntegrityError,
}
LOGIN_FAILURES = {
    "connector_python_invalid_token": (SignInError, "refused the programmatic access token"),
    "connector_python_jwt_generic": (SignInError, "refused the sign-in"),
    "connector_python_jwt_token": (SignInError, "key pair"),
    "connector_python_snowflake_login_failed_inv": (SignInError, "refused the OAuth token"),
    "connector_python_snowflake_login_failed": (SignInError, "OAuth token has expired"),
    # Answers to a sign-out, which hold no session.
    "connector_python_snowflake_disconnect": (TemporaryError, "cannot be reached"),
    "grouparoo_logout": (TemporaryError, "cannot be reached"),
}


def expected(table: dict[str, Any], name: str) -> Any:
    return next((value for start, value in table.items() if name.startswith(start)), None)


if ANSWERS:

    @pytest.fixture
    def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
        made = Warehouse(sandbox)
        with made:
            yield made

    def sign_in(sandbox: Sandbox, warehouse: Warehouse) -> SnowflakeConnection:
        options = sandbox.snowflake | {"port": urlsplit(warehouse.url).port}
        return connect(options, query_tag="a test", retry=Retry(first=0.01, attempts=2))

    @pytest.mark.parametrize(("name", "body"), recorded("query"))
    def test_a_recorded_result(
        sandbox: Sandbox, warehouse: Warehouse, name: str, body: Body
    ) -> None:
        data = body["data"] or {}
        warehouse.on(f"{RESULT}.*recorded", replay(body), ALWAYS)
        with closing(sign_in(sandbox, warehouse)) as session:
            if error := expected(INCOMPLETE, name):
                with pytest.raises(error):
                    read(session)
            else:
                assert read(session) == (data["total"], [each["name"] for each in data["rowtype"]])

    def read(session: SnowflakeConnection) -> tuple[int, list[str]]:
        """Return how many rows and which columns the product reads."""
        result = run(session, MARK, NEVER)
        names = [column.name for column in result.cursor.description or ()]
        tables = Download(result, lambda table: table, budget=2**25, workers=1, cancel=NEVER)
        return sum(table.num_rows for _, table in tables), names

    @pytest.mark.parametrize(("name", "body"), recorded("status"))
    def test_a_recorded_status_means_that_the_statement_runs(
        sandbox: Sandbox, warehouse: Warehouse, name: str, body: Body
    ) -> None:
        """The next status is the sandbox's own."""
        warehouse.on(f"{RESULT}.*recorded", in_progress)
        warehouse.on(f"{STATUS}.*recorded", replay(body))
        with closing(sign_in(sandbox, warehouse)) as session:
            assert read(session) == (1, ["R"])
        assert warehouse.seen(f"{STATUS}.*recorded") >= 2

    @pytest.mark.parametrize(("name", "body"), recorded("login"))
    def test_a_recorded_sign_in(
        sandbox: Sandbox, warehouse: Warehouse, name: str, body: Body
    ) -> None:
        warehouse.on(LOGIN, replay(body), ALWAYS)
        if failure := expected(LOGIN_FAILURES, name):
            with pytest.raises(failure[0], match=failure[1]):
                sign_in(sandbox, warehouse)
        else:
            sign_in(sandbox, warehouse)
        assert warehouse.seen(LOGIN)
