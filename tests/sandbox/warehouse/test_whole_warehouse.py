"""Server and SQL engine together: what only both can show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
import snowflake.connector
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox

ENDLESS = (
    "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000000000)) a "
    "CROSS JOIN TABLE(GENERATOR(ROWCOUNT => 1000000000)) b"
)
MANY = 8_000_000
MEGABYTE = 1 << 20


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[snowflake.connector.SnowflakeConnection]:
    with snowflake.connector.connect(**sandbox.snowflake) as connection:
        yield connection


def test_abort_stops_the_database(connection: snowflake.connector.SnowflakeConnection) -> None:
    cursor = connection.cursor()
    cursor.execute_async(ENDLESS)
    assert connection.get_query_status(cursor.sfqid) == QueryStatus.RUNNING
    assert cursor.abort_query(cursor.sfqid)
    with pytest.raises(ProgrammingError) as caught:
        connection.cursor().query_result(cursor.sfqid)
    assert (caught.value.errno, caught.value.sqlstate) == (604, "57014")


def test_a_timeout_stops_the_database(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    cursor = connection.cursor()
    cursor.execute("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute(ENDLESS)
    assert (caught.value.errno, caught.value.sqlstate) == (630, "57014")
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_chunks_of_one_result_differ_in_width_and_agree_in_sum(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    rows = 100_000
    cursor = connection.cursor()
    cursor.execute("CREATE OR REPLACE SCHEMA WIDTHS")
    cursor.execute(
        "CREATE TABLE WIDTHS AS SELECT SEQ4() AS N, (N / 100)::NUMBER(12, 2) AS D "
        f"FROM TABLE(GENERATOR(ROWCOUNT => {rows}))"
    )
    cursor.execute("SELECT N, D FROM WIDTHS ORDER BY N")
    tables = [batch.to_arrow(number_to_decimal=True) for batch in cursor.get_result_batches()]
    assert {part.schema.field("N").type for part in tables} == {pa.int16(), pa.int32()}
    assert sum(sum(part["N"].to_pylist()) for part in tables) == rows * (rows - 1) // 2
    total = sum((sum(part["D"].to_pylist()) for part in tables), Decimal(0))
    assert total == Decimal(rows * (rows - 1) // 2) / 100


def test_sessions_at_work_at_once_keep_their_own_tables(sandbox: Sandbox) -> None:
    def work(number: int) -> bool:
        with snowflake.connector.connect(**sandbox.snowflake) as connection:
            cursor = connection.cursor()
            cursor.execute(f"CREATE OR REPLACE SCHEMA AT_ONCE_{number}")
            cursor.execute(f"CREATE TABLE T AS SELECT {number} AS N")
            found = [cursor.execute("SELECT N FROM T").fetchall() for _ in range(5)]
            cursor.execute(f"DROP SCHEMA AT_ONCE_{number}")
            return found == [[(number,)]] * 5

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(6)))


@pytest.mark.lengthy
def test_a_large_result_does_not_pass_through_memory() -> None:
    with Sandbox() as box, snowflake.connector.connect(**box.snowflake) as connection:
        server = listener(int(box.snowflake["port"]))
        cursor = connection.cursor()
        cursor.execute("SELECT 1, 2.5, 'x'").fetchall()
        before = peak(server)
        cursor.execute(
            "SELECT SEQ8() AS A, SEQ8() * 1000003 AS B, UNIFORM(1, 1000, RANDOM()) AS C, "
            f"SEQ8()::VARCHAR AS D FROM TABLE(GENERATOR(ROWCOUNT => {MANY}))"
        )
        assert cursor.rowcount == MANY
        shipped = sum(batch.uncompressed_size or 0 for batch in cursor.get_result_batches())
        assert shipped > 150 * MEGABYTE
        assert peak(server) - before < 140 * MEGABYTE


@pytest.mark.lengthy
def test_a_large_result_is_scanned_chunk_by_chunk(
    sandbox: Sandbox, connection: snowflake.connector.SnowflakeConnection
) -> None:
    rows = 1_500_000
    cursor = connection.cursor().execute(
        f"SELECT SEQ4() AS I, SHA2(I::TEXT) AS S FROM TABLE(GENERATOR(ROWCOUNT => {rows}))"
    )
    server = listener(sandbox.snowflake["port"])
    before = peak(server)
    cursor.execute(
        f"SELECT COUNT(*), SUM(I), SUM(LENGTH(S)) FROM TABLE(RESULT_SCAN('{cursor.sfqid}'))"
    )
    assert cursor.fetchone() == (rows, rows * (rows - 1) // 2, rows * 64)
    assert peak(server) - before < 60 * MEGABYTE


def listener(port: int) -> psutil.Process:
    """The process that listens on a port."""
    for process in psutil.Process().children(recursive=True):
        if any(found.laddr.port == port for found in process.net_connections("tcp4")):
            return process
    raise AssertionError(f"nobody listens on {port}")


def peak(process: psutil.Process) -> int:
    """The most memory that a process has held so far, in bytes (Linux: proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    if found is None:
        pytest.skip("the kernel does not tell the peak here")
    return int(found[1]) * 1024


@pytest.mark.parametrize(("style", "marks"), [("qmark", "?, ?"), ("numeric", ":1, :2")])
def test_values_are_bound_in_both_styles(sandbox: Sandbox, style: str, marks: str) -> None:
    with snowflake.connector.connect(**sandbox.snowflake, paramstyle=style) as connection:
        rows = connection.cursor().execute(f"SELECT {marks}", [41, "it's"]).fetchall()
        assert rows == [(41, "it's")]


def test_executemany_inserts_all_rows_in_one_statement(sandbox: Sandbox) -> None:
    with snowflake.connector.connect(**sandbox.snowflake, paramstyle="qmark") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE TABLE MANY_BINDS (N NUMBER(9, 0), T VARCHAR)")
        cursor.executemany("INSERT INTO MANY_BINDS VALUES (?, ?)", [(n, None) for n in range(500)])
        assert cursor.rowcount == 500
        counts = "SELECT COUNT(*), SUM(N), COUNT(T) FROM MANY_BINDS"
        assert cursor.execute(counts).fetchall() == [(500, 124_750, 0)]
        cursor.execute("DROP TABLE MANY_BINDS")
