"""RESULT_SCAN: earlier results as tables, through the unmodified connector."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import snowflake.connector
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox

Connection = snowflake.connector.SnowflakeConnection

TYPES = """
SELECT SEQ4() AS I, I % 7 = 0 AS NONE,
  IFF(NONE, NULL, (I - 5) * 3)::NUMBER(5, 0) AS N5, IFF(NONE, NULL, I / 8)::NUMBER(12, 2) AS "n 12",
  IFF(NONE, NULL, '-123456789012345678901234567890.12345678'::NUMBER(38, 8) + I) AS N38,
  IFF(I % 2 = 0, 1, '98765432109876543210987654321098765432'::NUMBER(38, 0)) AS N380,
  IFF(NONE, NULL, I / 3)::FLOAT AS F, IFF(I = 3, 'NaN'::FLOAT, '-inf'::FLOAT) AS NAN,
  IFF(NONE, NULL, 'ü ' || I) AS S, IFF(NONE, NULL, TO_BINARY('00FF', 'HEX')) AS B,
  I % 2 = 0 AS BOOL,
  IFF(NONE, NULL, '1969-12-31'::DATE - I) AS D,
  IFF(NONE, NULL, '23:59:59.987654321'::TIME(9)) AS T9, '01:02:03'::TIME(0) AS T0,
  IFF(NONE, NULL, DATEADD('second', -I, '1970-01-01 00:00:00.5'::TIMESTAMP_NTZ(3))) AS Z3,
  IFF(NONE, NULL, '1969-12-31 23:59:59.123456789'::TIMESTAMP_NTZ(9)) AS Z9,
  '9999-12-31 23:59:59.9999999'::TIMESTAMP_NTZ(7) AS Z7, '0001-01-01'::TIMESTAMP_NTZ(0) AS Z0,
  '1965-06-07 08:09:10.1234567'::TIMESTAMP_NTZ(7) AS Z7B,
  IFF(NONE, NULL, '2024-03-31 01:30:00.000001 +05:30'::TIMESTAMP_LTZ(6)) AS L6,
  IFF(NONE, NULL, '1950-03-31 01:30:00.123456789 -08:00'::TIMESTAMP_TZ(9)) AS O9,
  IFF(NONE, NULL, '1950-03-31 01:30:00.123 +14:00'::TIMESTAMP_TZ(3)) AS O3,
  IFF(NONE, NULL, PARSE_JSON('{"a": [1, null]}')) AS V, PARSE_JSON('null') AS JNULL,
  [1, 'x'] AS A, {'k': 1} AS O
FROM TABLE(GENERATOR(ROWCOUNT => {rows})) ORDER BY I"""


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[Connection]:
    with snowflake.connector.connect(**sandbox.snowflake) as connection:
        yield connection


@pytest.fixture
def cursor(connection: Connection) -> SnowflakeCursor:
    return connection.cursor()


@pytest.mark.parametrize("wire", ["ARROW", "JSON"])
def test_every_type_comes_back_as_it_was(cursor: SnowflakeCursor, wire: str) -> None:
    cursor.execute(f"ALTER SESSION SET PYTHON_CONNECTOR_QUERY_RESULT_FORMAT = '{wire}'")
    cursor.execute(TYPES.replace("{rows}", "1500"))
    described, first = cursor.description, [str(row) for row in cursor.fetchall()]
    cursor.execute(f"SELECT * FROM TABLE(RESULT_SCAN('{cursor.sfqid}')) ORDER BY I")
    assert cursor.description == described
    assert [str(row) for row in cursor.fetchall()] == first
    cursor.execute("SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) ORDER BY I")
    assert [str(row) for row in cursor.fetchall()] == first


def test_a_result_is_a_table_like_any_other(cursor: SnowflakeCursor) -> None:
    cursor.execute(
        "SELECT COLUMN1 AS K, COLUMN2 AS \"v\" FROM VALUES ('a', 1.5), ('b', 2), ('a', 3)"
    )
    scan = "TABLE(RESULT_SCAN(%s))"
    query = f"""WITH w AS (SELECT K, SUM("v") AS S FROM {scan} AS r GROUP BY K)
                SELECT w.K, S, COUNT(*) FROM w JOIN {scan} AS t ON t.K = w.K
                WHERE S > (SELECT MIN("v") FROM {scan}) GROUP BY ALL ORDER BY 1"""
    first = cursor.sfqid
    cursor.execute(query, (first, first, first))
    assert cursor.fetchall() == [("a", Decimal("4.5"), 2), ("b", Decimal("2.0"), 1)]
    cursor.execute("CREATE OR REPLACE TEMPORARY TABLE SCANNED AS SELECT * FROM " + scan, (first,))
    assert cursor.execute('SELECT SUM("v") FROM SCANNED').fetchone() == (Decimal("6.5"),)


def test_an_empty_result_and_what_show_and_dml_answer(cursor: SnowflakeCursor) -> None:
    cursor.execute("SELECT 1 AS A WHERE FALSE")
    assert cursor.execute("SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))").fetchall() == []
    cursor.execute("SHOW TABLES LIKE 'ORDERS_100K'")
    named = 'SELECT "name", "rows" + 1 FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) WHERE "rows" > 5'
    assert cursor.execute(named).fetchall() == [("ORDERS_100K", 100_001)]
    cursor.execute("CREATE OR REPLACE TEMPORARY TABLE COUNTED AS SELECT 1 AS A")
    cursor.execute("DELETE FROM COUNTED")
    counted = 'SELECT "number of rows deleted" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))'
    assert cursor.execute(counted).fetchone() == (1,)


def test_query_ids_of_the_session(cursor: SnowflakeCursor) -> None:
    ids = [cursor.execute(f"SELECT {i}").sfqid for i in range(3)]
    found = cursor.execute("SELECT LAST_QUERY_ID(), LAST_QUERY_ID(-2), LAST_QUERY_ID(1)").fetchone()
    assert found == (ids[2], ids[1], ids[0])
    assert cursor.execute("SELECT LAST_QUERY_ID(99)").fetchone() == (None,)


def failing(cursor: SnowflakeCursor, code: int, text: str, sql: str) -> None:
    with pytest.raises(ProgrammingError, match=text) as caught:
        cursor.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == (code, "02000")


def test_a_result_that_is_not_there(connection: Connection, cursor: SnowflakeCursor) -> None:
    scan = "SELECT * FROM TABLE(RESULT_SCAN('{}'))"
    unknown = "01b82abe-3203-ce4f-0000-81c105b674e2"
    failing(cursor, 709, f"Statement {unknown} not found", scan.format(unknown))
    failing(cursor, 709, "not found", scan.format("'' OR 1=1"))
    with pytest.raises(ProgrammingError) as caught:
        cursor.execute("SELECT 1 / 0")
    failing(cursor, 710, "failed and has no result", scan.format(caught.value.sfqid))
    endless = connection.cursor()
    endless.execute_async("SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000000000)) a, "
                          "TABLE(GENERATOR(ROWCOUNT => 1000000000)) b")  # fmt: skip
    failing(cursor, 710, "has not completed", scan.format(endless.sfqid))
    assert endless.abort_query(str(endless.sfqid))
