"""Sessions and statements over the wire, as the unmodified connector sees them."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
import snowflake.connector.aio
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import DatabaseError, Error, ProgrammingError

from tests.sandbox.warehouse.protocol.scripted_engine import (
    LOGIN,
    Bind,
    Server,
    Session,
    running,
    text,
)
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("warehouse")) as server:
        yield server


@pytest.fixture
def connection(server: Server) -> Iterator[snowflake.connector.SnowflakeConnection]:
    with server.connect() as connection:
        yield connection


def post(
    server: Server, path: str, body: dict[str, Any], token: str = ""
) -> tuple[int, dict[str, Any]]:
    """A raw request, for what the connector never sends."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f'Snowflake Token="{token}"'},
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def raw_login(server: Server) -> dict[str, Any]:
    data = {
        "ACCOUNT_NAME": LOGIN["account"],
        "LOGIN_NAME": LOGIN["user"],
        "PASSWORD": LOGIN["password"],
    }
    status, answer = post(server, "/session/v1/login-request", {"data": data})
    assert status == 200
    return dict(answer["data"])


def test_a_request_that_is_not_json_is_refused_with_a_page(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/queries/v1/query-request"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(
            urllib.request.Request(
                url,
                b'{"sqlText": ',
                {"Authorization": f'Snowflake Token="{raw_login(server)["token"]}"'},
            )
        )
    with caught.value as refused:
        assert refused.code == 400
        assert refused.headers.get_content_type() == "text/html"
        assert refused.headers["connection"].lower() == "close"
        assert b"<title>Bad Request</title>" in refused.read()


class TestLogin:
    @pytest.mark.parametrize("wrong", [{"password": "guess"}, {"user": "stranger"}])
    def test_wrong_credentials_are_refused_as_snowflake_does(
        self, server: Server, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(DatabaseError, match="Incorrect username or password") as caught:
            server.connect(**wrong)
        assert caught.value.errno == 390100
        assert caught.value.sqlstate == "28000"

    def test_a_refusal_has_the_data_of_snowflakes(self, server: Server) -> None:
        data = {"ACCOUNT_NAME": LOGIN["account"], "LOGIN_NAME": LOGIN["user"], "PASSWORD": "guess"}
        status, answer = post(server, "/session/v1/login-request", {"data": data})
        assert (status, answer["success"], answer["code"]) == (200, False, "390100")
        assert answer["data"] == {
            "nextAction": "RETRY_LOGIN",
            "authnMethod": "USERNAME_PASSWORD",
            "signInOptions": {},
        }

    def test_an_unknown_account_is_forbidden(self, server: Server) -> None:
        with pytest.raises(DatabaseError) as caught:
            server.connect(account="elsewhere")
        assert caught.value.errno == 250001

    def test_user_and_account_ignore_case(self, server: Server) -> None:
        server.connect(user="DEMO", account="Sandbox").close()

    def test_the_session_starts_where_the_connection_says(self, server: Server) -> None:
        with server.connect(
            database="demo", schema="odd schema", warehouse="WH", role="analyst"
        ) as connection:
            assert connection.database == "demo"
            assert connection.schema == "odd schema"
            assert connection.warehouse == "WH"
            assert connection.role == "analyst"

    def test_a_missing_database_stays_unset(self, server: Server) -> None:
        server.script.answers["WHERE"] = lambda session, _: text(str(session.database))
        with server.connect(database="NOWHERE") as connection:
            assert connection.cursor().execute("WHERE").fetchall() == [("None",)]

    def test_a_role_not_granted_is_refused(self, server: Server) -> None:
        with pytest.raises(DatabaseError) as caught:
            server.connect(role="ACCOUNTADMIN")
        assert caught.value.errno == 390189

    def test_session_parameters_reach_the_session(self, server: Server) -> None:
        server.script.answers["TAG"] = lambda session, _: text(str(session.parameters["QUERY_TAG"]))
        with server.connect(session_parameters={"query_tag": "night run"}) as connection:
            assert connection.cursor().execute("TAG").fetchall() == [("night run",)]

    def test_parameters_are_told_to_the_client(self, server: Server) -> None:
        with server.connect(session_parameters={"TIMEZONE": "Asia/Tokyo"}) as connection:
            assert connection._session_parameters["TIMEZONE"] == "Asia/Tokyo"
            connection.cursor().execute("ALTER SESSION SET TIMEZONE='Europe/Berlin'")
            assert connection._session_parameters["TIMEZONE"] == "Europe/Berlin"


class TestTokens:
    def test_an_unknown_token_is_refused(self, server: Server) -> None:
        _, answer = post(server, "/queries/v1/query-request", {"sqlText": "X"}, "made up")
        assert (answer["success"], answer["code"]) == (False, "390104")

    def test_an_ended_session_is_refused(self, server: Server) -> None:
        token = raw_login(server)["token"]
        assert post(server, "/session?delete=true", {}, token)[1]["success"]
        _, answer = post(server, "/session/heartbeat", {}, token)
        assert (answer["success"], answer["code"]) == (False, "390111")
        assert server.script.closed.acquire(timeout=PATIENCE)

    def test_heartbeat(self, server: Server) -> None:
        assert post(server, "/session/heartbeat", {}, raw_login(server)["token"])[1]["success"]

    def test_the_connector_renews_an_expired_token(self, tmp_path: Path) -> None:
        now = [0.0]
        with running(tmp_path, clock=lambda: now[0]) as server:
            server.script.says("HELLO", lambda: text("still here"))
            with server.connect() as connection:
                now[0] += 3601
                assert connection.cursor().execute("HELLO").fetchall() == [("still here",)]

    def test_an_expired_master_token_needs_a_new_login(self, tmp_path: Path) -> None:
        now = [0.0]
        with running(tmp_path, clock=lambda: now[0]) as server:
            master = raw_login(server)["masterToken"]
            now[0] += 14_401
            _, answer = post(server, "/session/token-request", {}, master)
            assert (answer["success"], answer["code"]) == (False, "390114")


class TestRequests:
    def test_an_unknown_route_is_404_in_json(self, server: Server) -> None:
        status, answer = post(server, "/no/such/route", {})
        assert (status, answer["success"]) == (404, False)

    def test_a_repeated_request_runs_once(self, server: Server) -> None:
        server.script.says("ONCE", lambda: text("ran"))
        token = raw_login(server)["token"]
        path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
        first = post(server, path, {"sqlText": "ONCE"}, token)[1]
        again = post(server, f"{path}&retryCount=1", {"sqlText": "ONCE"}, token)[1]
        assert server.script.ran.count("ONCE") == 1
        assert first["data"]["queryId"] == again["data"]["queryId"]
        assert again["data"]["rowsetBase64"] == first["data"]["rowsetBase64"]

    def test_bind_values_arrive_in_order_with_their_types(self, server: Server) -> None:
        seen: list[Bind] = []

        def answer(_: Session, binds: Any) -> Any:
            seen.extend(binds)
            return text("ok")

        server.script.answers["BOUND"] = answer
        with server.connect(paramstyle="qmark") as connection:
            connection.cursor().execute("BOUND", [*range(1, 11), "x", None])
        assert [value for _, value in seen] == [*map(str, range(1, 11)), "x", None]
        assert seen[0][0] == "FIXED"
        assert seen[10][0] == "TEXT"


class TestFailures:
    def test_a_mistake_keeps_its_code_and_state(
        self, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        with pytest.raises(ProgrammingError, match="unexpected 'SELEKT'") as caught:
            connection.cursor().execute("SELEKT 1")
        assert (caught.value.errno, caught.value.sqlstate) == (1003, "42000")
        assert caught.value.sfqid

    def test_a_defect_of_the_engine_is_still_an_answer(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        server.script.answers["CRASH"] = lambda *_: 1 / 0  # type: ignore[assignment, return-value]
        with pytest.raises(Error, match="internal error:\\ndivision by zero") as caught:
            connection.cursor().execute("CRASH")
        assert caught.value.errno == 603

    def test_describing_a_statement_that_changes_data_does_not_run_it(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        (column,) = connection.cursor().describe("DELETE FROM T")
        assert column.name == "number of rows deleted"
        assert "DELETE FROM T" not in server.script.ran


class TestAsynchronous:
    def test_status_and_result_by_id_from_another_session(self, server: Server) -> None:
        server.script.released.clear()
        with server.connect() as one, server.connect() as other:
            cursor = one.cursor()
            cursor.execute_async("BLOCK")
            assert other.get_query_status(cursor.sfqid) == QueryStatus.RUNNING
            server.script.released.set()
            found = other.cursor()
            found.query_result(cursor.sfqid)
            assert found.fetchall() == [("released",)]
            assert other.get_query_status(cursor.sfqid) == QueryStatus.SUCCESS

    def test_results_from_sfqid_waits_for_the_end(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        server.script.says("SOON", lambda: text("done"))
        cursor = connection.cursor()
        cursor.execute_async("SOON")
        later = connection.cursor()
        later.get_results_from_sfqid(cursor.sfqid)
        assert later.fetchall() == [("done",)]

    def test_an_unknown_id_has_no_status_and_no_result(
        self, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        unknown = str(uuid.uuid4())
        assert connection.get_query_status(unknown) == QueryStatus.NO_DATA
        with pytest.raises(Error) as caught:
            connection.cursor().query_result(unknown)
        assert caught.value.errno == 709

    def test_a_long_statement_is_asked_for_again_and_again(self, tmp_path: Path) -> None:
        with running(tmp_path, poll_seconds=0.01) as server, server.connect() as connection:
            with ThreadPoolExecutor(1) as pool:
                rows = pool.submit(lambda: connection.cursor().execute("BLOCK").fetchall())
                assert server.script.started.acquire(timeout=PATIENCE)
                assert not rows.done()
                server.script.released.set()
                assert rows.result(PATIENCE) == [("released",)]
            assert server.script.ran == ["BLOCK"]


def start_blocking(server: Server, connection: snowflake.connector.SnowflakeConnection) -> Any:
    """Start a statement that runs until it is stopped; return its cursor."""
    server.script.released.clear()
    cursor = connection.cursor()
    cursor.execute_async("BLOCK")
    assert server.script.started.acquire(timeout=PATIENCE)
    return cursor


class TestStopping:
    def test_abort_interrupts_a_running_statement(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        cursor = start_blocking(server, connection)
        assert cursor.abort_query(cursor.sfqid)
        assert connection.get_query_status(cursor.sfqid) == QueryStatus.FAILED_WITH_ERROR
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().query_result(cursor.sfqid)
        assert (caught.value.errno, caught.value.sqlstate) == (604, "57014")

    async def test_cancelling_an_asyncio_task_aborts_by_request_id(self, tmp_path: Path) -> None:
        with running(tmp_path) as server:
            arguments = {**LOGIN, "host": "127.0.0.1", "port": server.port, "protocol": "http"}
            connection = snowflake.connector.aio.SnowflakeConnection(**arguments)
            await connection.connect()
            task = asyncio.create_task(connection.cursor().execute("BLOCK"))
            assert await asyncio.to_thread(server.script.started.acquire, timeout=PATIENCE)
            task.cancel()
            assert await asyncio.to_thread(server.script.interrupted.acquire, timeout=PATIENCE)
            with pytest.raises(asyncio.CancelledError):
                await task
            await connection.close()

    def test_a_finished_statement_cannot_be_aborted(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        server.script.says("QUICK", lambda: text("done"))
        cursor = connection.cursor()
        cursor.execute("QUICK")
        assert not cursor.abort_query(cursor.sfqid)

    def test_cancel_by_statement(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        cursor = start_blocking(server, connection)
        ((said,),) = (
            connection.cursor().execute(f"SELECT SYSTEM$CANCEL_QUERY('{cursor.sfqid}')").fetchall()
        )
        assert said == f"query [{cursor.sfqid}] terminated."
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().query_result(cursor.sfqid)
        assert caught.value.errno == 604

    def test_cancel_by_session(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        cursor, other = start_blocking(server, connection), server.connect()
        for session, said in ((other, "0 cancelled."), (connection, "1 cancelled.")):
            cancel = f"SELECT SYSTEM$CANCEL_ALL_QUERIES({session.session_id})"
            assert other.cursor().execute(cancel).fetchall() == [(said,)]
        other.close()
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().query_result(cursor.sfqid)
        assert caught.value.errno == 604

    def test_statement_timeout(self, server: Server) -> None:
        server.script.released.clear()
        with server.connect(session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": 1}) as connection:
            with pytest.raises(ProgrammingError, match="timeout of 1 second") as caught:
                connection.cursor().execute("BLOCK")
            assert (caught.value.errno, caught.value.sqlstate) == (630, "57014")

    def test_the_end_of_a_session_does_not_stop_its_statement(self, server: Server) -> None:
        server.script.released.clear()
        with server.connect() as one:
            cursor = one.cursor()
            cursor.execute_async("BLOCK")
        with server.connect() as other:
            assert other.get_query_status(cursor.sfqid) == QueryStatus.RUNNING
            server.script.released.set()
            found = other.cursor()
            found.query_result(cursor.sfqid)
            assert found.fetchall() == [("released",)]

    def test_the_server_stops_although_a_statement_runs(self, tmp_path: Path) -> None:
        with running(tmp_path) as server, server.connect() as connection:
            connection.cursor().execute_async("BLOCK")
            assert server.script.started.acquire(timeout=PATIENCE)


def test_statements_of_many_sessions_run_at_once_and_never_mix(server: Server) -> None:
    together = threading.Barrier(8, timeout=PATIENCE)

    def meet(session: Session, _: Any) -> Any:
        together.wait()
        return text(str(session.parameters["QUERY_TAG"]))

    server.script.answers["MEET"] = meet

    def work(number: int) -> list[tuple[str]]:
        with server.connect(session_parameters={"QUERY_TAG": str(number)}) as connection:
            return [connection.cursor().execute("MEET").fetchall()[0] for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[(str(number),)] * 5 for number in range(8)]


def test_statements_of_one_session_run_at_once(
    server: Server, connection: snowflake.connector.SnowflakeConnection
) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)

    def meet(name: str) -> Any:
        together.wait()
        return text(name)

    for name in "ABC":
        server.script.says(name, lambda name=name: meet(name))  # type: ignore[misc]
    cursors = [connection.cursor() for _ in "ABC"]
    for name, cursor in zip("ABC", cursors, strict=True):
        cursor.execute_async(name)
    for name, cursor in zip("ABC", cursors, strict=True):
        found = connection.cursor()
        found.query_result(cursor.sfqid)
        assert found.fetchall() == [(name,)]
