"""CREATE, INSERT, UPDATE, DELETE, ALTER, DROP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import failing, one, rows, session_in, types


@pytest.fixture
def session(engine: Engine, request: pytest.FixtureRequest) -> Iterator[EngineSession]:
    """A session in a schema of the test's own."""
    session = session_in(engine)
    session.run(f'CREATE SCHEMA "{request.node.name}"')
    yield session
    session.run(f'DROP SCHEMA DEMO."{request.node.name}"')


def test_what_statements_answer(session: EngineSession) -> None:
    assert rows(session, "CREATE TABLE T (A NUMBER)") == [("Table T successfully created.",)]
    assert rows(session, "CREATE TABLE IF NOT EXISTS T (B NUMBER)") == [
        ("T already exists, statement succeeded.",)
    ]
    insert = session.run("INSERT INTO T VALUES (1), (2)")
    assert [c.name for c in insert.columns] == ["number of rows inserted"]
    assert insert.statement_type == 0x3100
    assert rows(session, "UPDATE T SET A = A + 1 WHERE A = 2") == [(1, 0)]
    assert rows(session, "DELETE FROM T WHERE A = 3") == [(1,)]
    assert rows(session, "TRUNCATE TABLE T") == [("Statement executed successfully.",)]
    assert one(session, "SELECT COUNT(*) FROM T") == 0
    assert rows(session, "DROP TABLE T") == [("T successfully dropped.",)]
    assert rows(session, "DROP TABLE IF EXISTS T") == [
        ("Drop statement executed successfully (T already dropped).",)
    ]
    with failing(2003, "Table 'T' does not exist"):
        session.run("DROP TABLE T")


def test_create_twice_and_replace(session: EngineSession) -> None:
    session.run("CREATE TABLE T (A NUMBER)")
    with failing(2002, "Object 'T' already exists"):
        session.run("CREATE TABLE T (A NUMBER)")
    session.run('CREATE OR REPLACE TABLE T (B VARCHAR(2), "b" VARCHAR)')
    assert types(session, "SELECT * FROM T") == [("TEXT", 2), ("TEXT", 16_777_216)]
    with failing(2025, "duplicate column name 'A'"):
        session.run("CREATE TABLE X (A NUMBER, a NUMBER)")
    with failing(2003):
        session.run("CREATE TABLE NOPE.PUBLIC.X (A NUMBER)")


def test_create_as_select_keeps_types(session: EngineSession) -> None:
    session.run("""CREATE TEMP TABLE T AS SELECT 1.25::NUMBER(12,2) AS N, NULL AS X,
                   '2024-01-01'::TIMESTAMP_TZ(3) AS Z, PARSE_JSON('{}') AS V, 'ab' AS S""")
    assert types(session, "SELECT * FROM T") == [
        ("FIXED", 12, 2),
        ("TEXT", 16_777_216),
        ("TIMESTAMP_TZ", 3),
        ("VARIANT",),
        ("TEXT", 2),
    ]
    assert rows(session, "SHOW TABLES LIKE 't'")[0][4] == "TEMPORARY"
    with failing(100051):
        session.run("CREATE TABLE BROKEN AS SELECT 1 / 0 AS X")
    with failing(2003):
        rows(session, "SELECT * FROM BROKEN")


def test_temporary_tables_go_with_their_session(engine: Engine, session: EngineSession) -> None:
    other = session_in(engine, str(session.schema))
    other.run("CREATE TEMPORARY TABLE PASSING AS SELECT 1 AS A")
    other.run("CREATE TABLE STAYING AS SELECT 1 AS A")
    other.close()
    assert [row[1] for row in rows(session, "SHOW TABLES")] == ["STAYING"]


def test_insert_converts_and_refuses(session: EngineSession) -> None:
    session.run("CREATE TABLE T (A NUMBER(4,1) NOT NULL, S VARCHAR(3) DEFAULT 'dft', D DATE)")
    session.run("INSERT INTO T (D, A) VALUES ('2024-01-02', '12.34')")
    session.run("INSERT INTO T SELECT 1, 2, '2024-01-03'::TIMESTAMP_NTZ")
    session.run("INSERT INTO T VALUES (7, DEFAULT, NULL)")
    assert rows(session, "SELECT A, S, D::VARCHAR FROM T ORDER BY A") == [
        (Decimal("1.0"), "2", "2024-01-03"),
        (Decimal("7.0"), "dft", None),
        (Decimal("12.3"), "dft", "2024-01-02"),
    ]
    refused = {
        100072: "INSERT INTO T (A) VALUES (NULL)",
        100078: "INSERT INTO T (A, S) VALUES (1, 'abcd')",
        100038: "INSERT INTO T (A) VALUES ('x')",
        100039: "INSERT INTO T (A) VALUES (12345)",
        100040: "INSERT INTO T (A, D) VALUES (1, 'never')",
        2020: "INSERT INTO T (A) VALUES (1, 2)",
        904: "INSERT INTO T (NOPE) VALUES (1)",
    }
    for code, sql in refused.items():
        with failing(code):
            session.run(sql)
    assert one(session, "SELECT COUNT(*) FROM T") == 3
    assert rows(session, "SHOW TABLES")[0][7] == 3


def test_views_follow_their_tables(session: EngineSession) -> None:
    session.run("CREATE TABLE T (A NUMBER)")
    session.run('CREATE VIEW V ("Twice") AS SELECT A * 2 FROM T')
    session.run("CREATE VIEW W AS SELECT * FROM V")
    session.run("INSERT INTO T VALUES (4)")
    session.run("USE SCHEMA DEMO.PUBLIC")
    path = rows(session, "SHOW VIEWS LIKE 'W' IN ACCOUNT")[0][4]
    assert one(session, f'SELECT "Twice" FROM DEMO."{path}".W') == 8
    session.run(f'DROP TABLE DEMO."{path}".T')
    with failing(2003, "Object 'T' does not exist"):
        rows(session, f'SELECT * FROM DEMO."{path}".V')
    with failing(2203):
        session.run(f'DROP TABLE DEMO."{path}".V')


def test_alter_table(session: EngineSession) -> None:
    session.run("CREATE TABLE T (A NUMBER, B NUMBER)")
    session.run("INSERT INTO T VALUES (1, 2)")
    session.run("ALTER TABLE T ADD COLUMN \"c\" VARCHAR(5) DEFAULT 'x'")
    session.run("ALTER TABLE T DROP COLUMN A")
    session.run('ALTER TABLE T RENAME COLUMN B TO "b"')
    assert rows(session, 'SELECT "b", "c" FROM T') == [(2, "x")]
    assert one(session, "SELECT * FROM T") == (2, "x")
    session.run("ALTER TABLE T ADD COLUMN D DATE")
    session.run("INSERT INTO T VALUES (3, 'y', '2024-01-01')")
    assert one(session, "SELECT COUNT(*) FROM T SAMPLE BERNOULLI (100) SEED (1)") == 2
    session.run("ALTER TABLE T RENAME TO T2")
    assert one(session, "SELECT COUNT(*) FROM T2") == 2
    with failing(2003):
        rows(session, "SELECT * FROM T")


def test_dropping_a_database_removes_its_tables(engine: Engine) -> None:
    session = session_in(engine)
    session.run("CREATE DATABASE GONE")
    assert (session.database, session.schema) == ("GONE", "PUBLIC")
    session.run("CREATE TABLE T (A NUMBER)")
    session.run("DROP DATABASE GONE")
    assert session.database is None
    with failing(2003, "Database 'GONE' does not exist"):
        rows(session, "SELECT * FROM GONE.PUBLIC.T")


def test_transactions_are_not_pretended(session: EngineSession) -> None:
    session.run("BEGIN")
    session.run("COMMIT")
    with failing(2, "ROLLBACK"):
        session.run("ROLLBACK")
    with failing(2):
        session.run("MERGE INTO T USING U ON T.A = U.A WHEN MATCHED THEN DELETE")
