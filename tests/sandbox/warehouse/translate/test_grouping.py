"""GROUPING SETS, ROLLUP, CUBE and GROUPING. Values made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import failing, one, rows, session_in, types


@pytest.fixture(scope="module")
def session(engine: Engine) -> EngineSession:
    session = session_in(engine)
    session.run("CREATE TABLE T (A VARCHAR(3), B NUMBER(4,0), C NUMBER(6,2))")
    session.run("INSERT INTO T VALUES ('x',1,1.50),('x',2,2.25),(NULL,1,0.25),('y',1,NULL)")
    return session


def test_a_total_beside_the_groups(session: EngineSession) -> None:
    sql = """SELECT GROUPING(A) = 1 AS TOTAL, A, SUM(C), COUNT(*) AS N FROM T
             GROUP BY GROUPING SETS ((A), ()) HAVING TOTAL OR SUM(C) IS NOT NULL
             ORDER BY TOTAL DESC, A NULLS LAST"""
    assert rows(session, sql) == [
        (True, None, Decimal("4.00"), 4),
        (False, "x", Decimal("3.75"), 2),
        (False, None, Decimal("0.25"), 1),
    ]
    assert types(session, sql) == [("BOOLEAN",), ("TEXT", 3), ("FIXED", 18, 2), ("FIXED", 18, 0)]


def test_a_total_of_no_rows_is_one_row(session: EngineSession) -> None:
    sql = "SELECT A, SUM(C), COUNT(*) FROM T WHERE FALSE GROUP BY {}"
    assert rows(session, sql.format("GROUPING SETS ((A, B), ())")) == [(None, None, 0)]
    assert rows(session, sql.format("GROUPING SETS ((A), (A, B))")) == []


def test_sets_over_the_columns_of_a_subquery(session: EngineSession) -> None:
    sql = """SELECT "k", B, SUM("c") FROM (SELECT LOWER(A) AS "k", B, C * 2 AS "c" FROM T)
             GROUP BY GROUPING SETS (("k", B), "k", 2, ()) ORDER BY GROUPING("k", B), 1, 2"""
    found = rows(session, sql)
    assert found[:2] == [("x", 1, Decimal("3.00")), ("x", 2, Decimal("4.50"))]
    assert found[-1] == (None, None, Decimal("8.00"))
    assert len(found) == 4 + 3 + 2 + 1


def test_rollup_and_cube(session: EngineSession) -> None:
    sql = "SELECT GROUPING_ID(A, B) AS G, COUNT(*) FROM T GROUP BY {} ORDER BY G"
    assert [g for g, _ in rows(session, sql.format("ROLLUP (A, B)"))] == [0] * 4 + [1] * 3 + [3]
    assert [g for g, _ in rows(session, sql.format("CUBE (A, B)"))] == (
        [0] * 4 + [1] * 3 + [2] * 2 + [3]
    )
    assert len(rows(session, sql.format("A, ROLLUP (B)"))) == 4 + 3


def test_moments_are_rolled_up_too(session: EngineSession) -> None:
    sql = """SELECT Z, N, L, T, COUNT(*) FROM (SELECT
               COLUMN1::TIMESTAMP_TZ AS Z, COLUMN1::TIMESTAMP_NTZ(9) AS N,
               COLUMN1::TIMESTAMP_LTZ(3) AS L, COLUMN2::TIME AS T
               FROM VALUES ('2024-01-01 01:00:00.000000007 +01:00', '10:00:00.5'),
                           ('2024-01-01 02:00:00.000000007 +02:00', '10:00:00.5'))
             GROUP BY GROUPING SETS ((Z, T), (N), (L), ()) ORDER BY 5 DESC, N, T"""
    zoned = [row for row in rows(session, sql) if row[0] is not None]
    assert [(text, count) for (text, _), *_, count in zoned] == [
        ("2024-01-01 00:00:00.000000007", 2)
    ]
    assert rows(session, sql)[-1][:2] == (None, "2024-01-01 02:00:00.000000007")
    total = "SELECT COUNT(*), COUNT(Z) FROM (" + sql + ") WHERE Z IS NULL AND N IS NULL"
    assert one(session, total) == (2, 0)


def test_grouping_of_what_is_no_key(session: EngineSession) -> None:
    for sql in (
        "SELECT GROUPING(B) FROM T GROUP BY A",
        "SELECT GROUPING(A) FROM T",
        "SELECT B FROM T GROUP BY GROUPING SETS ((A), ())",
    ):
        with failing(979):
            rows(session, sql)
