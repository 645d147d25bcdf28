"""AT and BEFORE: the rows of a table as they were, through the unmodified connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox

Run = Callable[..., list[Any]]


@pytest.fixture
def cursor(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[SnowflakeCursor]:
    with snowflake.connector.connect(**sandbox.snowflake) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE SCHEMA DEMO.TRAVEL")
        cursor.execute("CREATE TABLE T (A NUMBER(4,0), B VARCHAR)")
        cursor.execute("INSERT INTO T VALUES (1, 'x'), (2, 'y')")
        yield cursor
        cursor.execute("DROP SCHEMA DEMO.TRAVEL")


def ran(cursor: SnowflakeCursor, sql: str) -> str:
    """The id of a statement that is run."""
    return str(cursor.execute(sql).sfqid)


def rows(cursor: SnowflakeCursor, point: str, table: str = "T") -> list[Any]:
    return list(cursor.execute(f"SELECT * FROM {table} {point} ORDER BY A").fetchall())


def refused(cursor: SnowflakeCursor, code: int, text: str, sql: str) -> None:
    with pytest.raises(ProgrammingError, match=text) as caught:
        cursor.execute(sql)
    assert caught.value.errno == code


FIRST = [(1, "x"), (2, "y")]


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("INSERT INTO T VALUES (3, NULL)", [*FIRST, (3, None)]),
        ("INSERT INTO T SELECT A + 10, B FROM T WHERE A = 1", [*FIRST, (11, "x")]),
        ("INSERT OVERWRITE INTO T SELECT A, 'z' FROM T", [(1, "z"), (2, "z")]),
        ("UPDATE T SET A = A + 1, B = NULL WHERE B = 'y'", [(1, "x"), (3, None)]),
        ("DELETE FROM T AS t WHERE t.A = 1", [(2, "y")]),
        ("DELETE FROM T", []),
        ("TRUNCATE TABLE T", []),
        ("DELETE FROM T WHERE B IS NULL", FIRST),
    ],
)
def test_before_and_after_a_change(cursor: SnowflakeCursor, change: str, after: list[Any]) -> None:
    seen = ran(cursor, "SELECT COUNT(*) FROM T")
    changed = ran(cursor, change)
    later = ran(cursor, "INSERT INTO T VALUES (99, 'later')")
    assert rows(cursor, f"AT(STATEMENT => '{seen}')") == FIRST
    assert rows(cursor, f"BEFORE(STATEMENT => '{changed}')") == FIRST
    assert rows(cursor, "BEFORE(STATEMENT => LAST_QUERY_ID(-4))") == FIRST
    assert rows(cursor, f"AT(STATEMENT => '{changed}')") == after
    assert rows(cursor, f"BEFORE(STATEMENT => '{later}')") == after
    assert rows(cursor, "") == [*after, (99, "later")]
    assert cursor.execute("SHOW TABLES LIKE 'T'").fetchall()[0][7] == len(after) + 1


def test_moments_and_offsets(cursor: SnowflakeCursor) -> None:
    moment = "SELECT CURRENT_TIMESTAMP()::VARCHAR, SYSDATE()::VARCHAR"
    zoned, utc = cursor.execute(moment).fetchall()[0]
    cursor.execute("DELETE FROM T WHERE A = 1")
    assert rows(cursor, f"AT(TIMESTAMP => '{zoned}'::TIMESTAMP_TZ)") == FIRST
    assert rows(cursor, f"BEFORE(TIMESTAMP => '{zoned}'::TIMESTAMP_LTZ)") == FIRST
    assert rows(cursor, f"AT(TIMESTAMP => '{utc}'::TIMESTAMP)") == FIRST
    assert rows(cursor, f"AT(TIMESTAMP => '{utc}')") == FIRST
    assert rows(cursor, "AT(OFFSET => -0.0)") == FIRST[1:]
    refused(cursor, 707, "beyond the allowed time travel period or before the object creation",
            "SELECT * FROM T AT(OFFSET => -60*5)")  # fmt: skip


def test_a_name_a_join_a_view_and_a_bind(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE VIEW V AS SELECT A, B FROM T WHERE A > 1")
    seen = ran(cursor, "SELECT 1 FROM V")
    cursor.execute("UPDATE T SET B = 'new'")
    joined = """SELECT o.A, o.B, n.B FROM T AT(STATEMENT => %s) AS o
                JOIN IDENTIFIER('DEMO.TRAVEL.T') n ON o.A = n.A ORDER BY 1"""
    assert cursor.execute(joined, (seen,)).fetchall() == [(1, "x", "new"), (2, "y", "new")]
    assert rows(cursor, f"AT(STATEMENT => '{seen}')", "V") == [(2, "y")]
    assert rows(cursor, f"AT(STATEMENT => '{seen}')", "IDENTIFIER('T')") == FIRST
    refused(cursor, 2, "AT | BEFORE of INFORMATION_SCHEMA",
            f"SELECT * FROM DEMO.INFORMATION_SCHEMA.TABLES AT(STATEMENT => '{seen}')")  # fmt: skip
    refused(cursor, 2, "AT | BEFORE of other than",
            f"WITH w AS (SELECT * FROM T) SELECT * FROM w AT(STATEMENT => '{seen}')")  # fmt: skip


def test_columns_are_those_of_today(cursor: SnowflakeCursor) -> None:
    seen = ran(cursor, "SELECT * FROM T")
    cursor.execute("DELETE FROM T WHERE A = 1")
    cursor.execute("ALTER TABLE T RENAME COLUMN B TO C")
    cursor.execute("ALTER TABLE T ADD COLUMN D NUMBER(5,1) DEFAULT 7")
    assert rows(cursor, f"AT(STATEMENT => '{seen}')") == [(1, "x", 7), (2, "y", 7)]
    inserted = ran(cursor, "INSERT INTO T VALUES (3, 'z', 8)")
    cursor.execute("ALTER TABLE T DROP COLUMN C")
    assert rows(cursor, f"AT(STATEMENT => '{seen}')") == [(1, 7), (2, 7)]
    assert rows(cursor, f"BEFORE(STATEMENT => '{inserted}')") == [(2, 7)]
    cursor.execute("ALTER TABLE T RENAME TO T2")
    assert rows(cursor, f"AT(STATEMENT => '{inserted}')", "T2") == [(2, 7), (3, 8)]


def test_what_is_not_kept(cursor: SnowflakeCursor) -> None:
    seen = ran(cursor, "SELECT * FROM T")
    at = f"SELECT * FROM {{}} AT(STATEMENT => '{seen}')"
    cursor.execute("CREATE TABLE LATER (A NUMBER)")
    refused(cursor, 707, "table LATER. The requested time", at.format("LATER"))
    created = ran(cursor, "CREATE OR REPLACE TABLE T AS SELECT 5 AS A")
    refused(cursor, 707, "table T. The requested time", at.format("T"))
    refused(cursor, 707, "table T", f"SELECT * FROM T BEFORE(STATEMENT => '{created}')")
    assert rows(cursor, f"AT(STATEMENT => '{created}')") == [(5,)]
    with pytest.raises(ProgrammingError) as failed:
        cursor.execute("SELECT NOPE FROM T")
    for unknown in ("01b82abe-3203-ce4f-0000-81c105b674e2", failed.value.sfqid):
        sql = f"SELECT * FROM T AT(STATEMENT => '{unknown}')"
        refused(cursor, 709, f"Statement {unknown} not found", sql)


def test_retention(cursor: SnowflakeCursor) -> None:
    cursor.execute("CREATE TABLE NONE (A NUMBER) DATA_RETENTION_TIME_IN_DAYS = 0 COMMENT = 'x'")
    seen = ran(cursor, "SELECT * FROM NONE, T")
    at = f"SELECT * FROM {{}} AT(STATEMENT => '{seen}')"
    refused(cursor, 707, "table NONE", at.format("NONE"))
    assert cursor.execute("SHOW TABLES LIKE 'NONE'").fetchall()[0][10] == "0"
    cursor.execute(at.format("T"))
    cursor.execute("ALTER TABLE T SET DATA_RETENTION_TIME_IN_DAYS = 0")
    refused(cursor, 707, "table T", at.format("T"))
    cursor.execute("ALTER TABLE T UNSET DATA_RETENTION_TIME_IN_DAYS")
    refused(cursor, 707, "table T", at.format("T"))
    seen = ran(cursor, "INSERT INTO T VALUES (3, 'z')")
    assert rows(cursor, f"AT(STATEMENT => '{seen}')") == [*FIRST, (3, "z")]
    refused(cursor, 1008, "invalid value .91.",
            "ALTER TABLE T SET DATA_RETENTION_TIME_IN_DAYS = 91")  # fmt: skip


def test_the_oldest_copies_go(cursor: SnowflakeCursor) -> None:
    ids = [ran(cursor, f"UPDATE T SET B = '{i}'") for i in range(15)]
    assert rows(cursor, f"AT(STATEMENT => '{ids[10]}')") == [(1, "10"), (2, "10")]
    refused(cursor, 707, "table T", f"SELECT * FROM T AT(STATEMENT => '{ids[0]}')")


def test_a_select_that_runs_sees_its_snapshot(cursor: SnowflakeCursor, sandbox: Sandbox) -> None:
    """What a SELECT saw is what AT gives, however many rows are written at that time."""
    with snowflake.connector.connect(**sandbox.snowflake) as writer, writer.cursor() as other:
        pending = [
            other.execute_async(f"INSERT INTO DEMO.TRAVEL.T VALUES ({i}, 'w')") for i in range(60)
        ]
        counted = [(cursor.execute("SELECT COUNT(*), SUM(A) FROM T").fetchall(), cursor.sfqid)
                   for _ in range(15)]  # fmt: skip
        for each in pending:
            other.get_results_from_sfqid(each["queryId"])
    for found, seen in counted:
        again = f"SELECT COUNT(*), SUM(A) FROM T AT(STATEMENT => '{seen}')"
        assert cursor.execute(again).fetchall() == found
    assert cursor.execute("SELECT COUNT(*) FROM T").fetchall() == [(62,)]
