"""Sessions, opened on the sandbox warehouse by the real connector."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import snowflake.connector

from core.connections.secrets import Secret
from core.errors import SignInError, TemporaryError, UsageError
from core.query import Statement
from core.warehouse.connect import connect
from core.warehouse.results.read_result import read_rows
from core.warehouse.session import Session
from core.warehouse.statement import run
from tests.support.services.scripted_login import ScriptedLogin

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture
def parameters(sandbox: Sandbox) -> dict[str, Any]:
    return {**sandbox.snowflake, "password": Secret(sandbox.snowflake["password"])}


@pytest.fixture
def session(parameters: dict[str, Any]) -> Iterator[snowflake.connector.SnowflakeConnection]:
    with closing(connect(parameters, query_tag="a test", timezone="America/New_York")) as opened:
        yield opened


def value(session: snowflake.connector.SnowflakeConnection, sql: str, *binds: object) -> Any:
    """The first value of the first row."""
    (row, *_) = read_rows(run(session, Statement(sql, binds), threading.Event()))
    return next(iter(row.values()))


def test_values_are_bound_at_the_server(session: snowflake.connector.SnowflakeConnection) -> None:
    assert value(session, "SELECT :1 AS V", "it's %s") == "it's %s"
    assert value(session, "SELECT :2 AS V", "a", "b") == "b"
    assert snowflake.connector.paramstyle == "pyformat"


def test_the_time_zone_is_the_sessions(session: snowflake.connector.SnowflakeConnection) -> None:
    sql = "SELECT '2024-01-01 12:00:00 +0000'::TIMESTAMP_LTZ::TIMESTAMP_NTZ::VARCHAR AS V"
    assert value(session, sql).startswith("2024-01-01 07:00:00")


def test_no_time_zone_keeps_the_accounts(parameters: dict[str, Any]) -> None:
    sql = "SELECT '2024-07-01 12:00:00 +0000'::TIMESTAMP_LTZ::TIMESTAMP_NTZ::VARCHAR AS V"
    with closing(connect(parameters, query_tag="a test")) as own:
        assert not value(own, sql).startswith("2024-07-01 08:00:00")


def test_a_statement_ends_at_its_time_limit(parameters: dict[str, Any]) -> None:
    sql = (
        "SELECT COUNT(*) AS N FROM ORDERS_100K A CROSS JOIN ORDERS_100K B "
        "WHERE A.O_ORDERKEY > B.O_CUSTKEY"
    )
    with (
        closing(connect(parameters, query_tag="a test", statement_timeout=1)) as own,
        pytest.raises(TemporaryError, match="Snowflake error 630"),
    ):
        value(own, sql)


def test_what_a_session_is_asked_for() -> None:
    with ScriptedLogin.running() as login:
        login.code, login.text = "390100", "Incorrect username or password was specified."
        theirs = {
            "WEEK_START": 1,
            "QUERY_TAG": "theirs",
            "ROWS_PER_RESULTSET": 1000,
            "TWO_DIGIT_CENTURY_START": 1900,
        }
        own = {**login.parameters, "session_parameters": theirs}
        with pytest.raises(SignInError):
            connect(
                own,
                query_tag="ours",
                timezone="Europe/Zurich",
                warehouse="BIG",
                role="READER",
                statement_timeout=90,
            )
        ((path, body),) = login.asked
    asked = json.loads(body)["data"]
    assert "warehouse=BIG" in path
    assert "roleName=READER" in path
    wanted = {
        "ABORT_DETACHED_QUERY": "false",
        "CLIENT_RESULT_CHUNK_SIZE": "16",
        "CLIENT_SESSION_KEEP_ALIVE": "true",
        "QUERY_TAG": "ours",
        "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
        "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
        "ROWS_PER_RESULTSET": "0",
        "TIME_INPUT_FORMAT": "AUTO",
        "TWO_DIGIT_CENTURY_START": "1970",
        "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": "false",
        "STATEMENT_TIMEOUT_IN_SECONDS": "90",
        "TIMEZONE": "Europe/Zurich",
        "WEEK_START": "1",
    }
    got = {name: str(value).lower() for name, value in asked["SESSION_PARAMETERS"].items()}
    assert {name: value.lower() for name, value in wanted.items()}.items() <= got.items()
    assert asked["CLIENT_ENVIRONMENT"]["APPLICATION"] == "amplify_transfer"


def test_nothing_is_warned_of(parameters: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connect(parameters, query_tag="a test").close()


def test_a_connection_is_found_by_its_name(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{key} = {value!r}" for key, value in sandbox.snowflake.items()]
    (tmp_path / "connections.toml").write_text("\n".join(["[box]", *lines]))
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    with closing(connect("box", query_tag="a test")) as session:
        assert value(session, "SELECT CURRENT_DATABASE() AS V") == sandbox.snowflake["database"]
    with pytest.raises(UsageError, match="'bix'") as caught:
        connect("bix", query_tag="a test")
    assert "box" in caught.value.hint


def test_a_wrong_password_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(SignInError, match="password is wrong") as caught:
        connect({**parameters, "password": Secret("hidden-wrong")}, query_tag="a test")
    assert "hidden" not in str(caught.value)


def test_each_sign_in_asks_for_the_secret_anew(
    sandbox: Sandbox, tmp_path: Path, parameters: dict[str, Any]
) -> None:
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text(f"{sandbox.snowflake['password']}\n")
    told = {**parameters, "password": None, "password_file": path}
    with closing(connect(told, query_tag="a test")) as session:
        assert isinstance(session, Session)
        first = str(session.session_id)
        path.write_text("hidden-wrong")
        with pytest.raises(snowflake.connector.errors.Error):
            session.renew(first)
        path.write_text(sandbox.snowflake["password"])
        session.renew(first)
        assert str(session.session_id) != first
        assert value(session, "SELECT 1 AS V") == 1


def test_a_mapping_of_the_caller_is_left_as_it_is(parameters: dict[str, Any]) -> None:
    given = {**parameters, "session_parameters": {"TIMEZONE": "UTC"}}
    before = dict(given)
    connect(given, query_tag="a test").close()
    assert given == before
