"""The sandbox warehouse gives nothing without a session, and reaches nothing but its own bucket."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import snowflake.connector

from core.sandbox.launcher import Sandbox
from core.sandbox.warehouse.engine.engine import Engine
from core.sandbox.warehouse.protocol.responses import CHUNK_KEY_HEADER
from tests.trust.attacks.sandbox.raw_http import Answer, login, refused, send


def there(box: Sandbox) -> dict[str, str]:
    return {"Host": f"127.0.0.1:{box.snowflake['port']}"}


def asked(box: Sandbox, method: str, target: str, body: bytes = b"{}", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(int(box.snowflake["port"]), method, target, {**there(box), **named}, body)


@pytest.fixture(scope="module")
def session(box: Sandbox) -> Iterator[Any]:
    """A session of the one who started the sandbox."""
    with snowflake.connector.connect(**box.snowflake) as connection:
        yield connection


@pytest.fixture(scope="module")
def statement(box: Sandbox) -> str:
    """The id of a statement whose result has chunks."""
    with snowflake.connector.connect(**box.snowflake) as connection:
        cursor = connection.cursor().execute("SELECT * FROM ORDERS_100K")
        return str(cursor.sfqid)


@pytest.mark.parametrize("token", ["", 'Snowflake Token=""', 'Snowflake Token="None"'])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/session/token-request"),
        ("POST", "/session/heartbeat"),
        ("POST", "/session?delete=true"),
        ("POST", "/queries/v1/query-request?requestId=1"),
        ("POST", "/queries/v1/abort-request"),
        ("POST", "/queries/{id}/abort-request"),
        ("GET", "/queries/{id}/result"),
        ("GET", "/monitoring/queries/{id}"),
    ],
)
def test_no_route_answers_without_a_session(
    box: Sandbox, statement: str, method: str, path: str, token: str
) -> None:
    body = json.dumps({"sqlText": "SELECT * FROM LOCATIONS_595"}).encode()
    answer = asked(box, method, path.format(id=statement), body, Authorization=token)
    told = json.loads(answer.body)
    assert told["success"] is False
    assert int(told["code"]) in (390104, 390113)
    assert not (told.get("data") or {}).get("rowset")


@pytest.mark.parametrize("key", [None, "", "guessed"])
def test_a_chunk_needs_its_key(box: Sandbox, statement: str, key: str | None) -> None:
    headers = {} if key is None else {CHUNK_KEY_HEADER: key}
    refused(asked(box, "GET", f"/chunks/{statement}/0", b"", **headers), box)


def test_a_wrong_password_is_refused_and_the_right_one_gives_tokens_of_chance(box: Sandbox) -> None:
    wrong = {"ACCOUNT_NAME": "sandbox", "LOGIN_NAME": "DEMO", "PASSWORD": "guessed"}
    body = json.dumps({"data": wrong}).encode()
    answer = asked(box, "POST", "/session/v1/login-request", body)
    assert json.loads(answer.body)["code"] == "390100"
    tokens = set()
    for _ in range(3):
        data = json.loads(login(box, there(box)).body)["data"]
        tokens |= {data["token"], data["masterToken"]}
    assert len(tokens) == 6
    chance = [re.sub(r"^ver:1-hint:\w+-", "", token) for token in tokens]
    assert min(map(len, chance)) >= 43  # 32 bytes, as URL-safe base64


def test_a_request_that_inflates_without_end_is_refused(box: Sandbox) -> None:
    bomb = gzip.compress(b" " * (200 << 20), 1)
    assert len(bomb) < 1 << 20
    answer = asked(box, "POST", "/session/v1/login-request", bomb, Content_Encoding="gzip")
    assert answer.status == 413
    answer = asked(box, "POST", "/session/v1/login-request", b"no", Content_Encoding="gzip")
    assert answer.status == 400


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        'SELECT * FROM "/etc/hostname"',
        "COPY (SELECT 1) TO '{path}'",
        "ATTACH '{path}' AS other",
        "EXPORT DATABASE '{path}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "SELECT getenv('PATH')",
    ],
)
def test_no_statement_reaches_a_file(session: Any, tmp_path: Path, sql: str) -> None:
    with pytest.raises(snowflake.connector.errors.Error):
        session.cursor().execute(sql.format(path=tmp_path / "made"))
    assert list(tmp_path.iterdir()) == []


def test_the_database_itself_opens_no_other_file(tmp_path: Path) -> None:
    """Should a statement ever get past the translation, DuckDB refuses it."""
    engine = Engine(tmp_path / "database")
    try:
        for sql in (
            "FROM read_text('/etc/hostname')",
            f"COPY (SELECT 1) TO '{tmp_path / 'made'}'",
            f"ATTACH '{tmp_path / 'made'}' AS other",
            "LOAD httpfs",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error, match=r"disabled|enable_external_access|Cannot"):
                engine.execute(sql)
    finally:
        engine.close()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "address",
    [
        "s3://arn:aws:s3:us-east-1:123456789012:accesspoint:mine/x",
        "s3://evil.example:80/x",
        "s3://user@evil.example/x",
        "http://evil.example/x",
        "file:///tmp/x",
        "/tmp/x",
    ],
)
def test_no_copy_leaves_the_bucket(session: Any, address: str) -> None:
    keys = "CREDENTIALS = (AWS_KEY_ID = 'k' AWS_SECRET_KEY = 's')"
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        session.cursor().execute(f"COPY INTO '{address}' FROM (SELECT 1) {keys}")
    assert caught.value.errno in (1011, 1003, 2, 2003)
