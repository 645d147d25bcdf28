"""Queries: names, clauses, joins, set operations, samples, cancelling. Values made by hand."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import failing, one, read, rows, session_in, types


@pytest.fixture(scope="module")
def engine(engine: Engine) -> Engine:
    session = session_in(engine)
    session.run("CREATE TABLE T (A NUMBER(4,0), B VARCHAR(5), C NUMBER(6,2))")
    session.run("INSERT INTO T VALUES (1,'x',1.50),(2,'y',2.25),(3,NULL,NULL),(NULL,'x',0.25)")
    session.run("CREATE TABLE U (B VARCHAR(5), D FLOAT)")
    session.run("INSERT INTO U VALUES ('x', 10), ('z', 30)")
    return engine


def test_order_puts_null_last_unless_descending(session: EngineSession) -> None:
    assert rows(session, "SELECT A FROM T ORDER BY A") == [(1,), (2,), (3,), (None,)]
    assert rows(session, "SELECT A FROM T ORDER BY A DESC") == [(None,), (3,), (2,), (1,)]
    assert rows(session, "SELECT A FROM T ORDER BY A NULLS FIRST LIMIT 1") == [(None,)]
    assert rows(session, "SELECT A x FROM T ORDER BY x LIMIT 1 OFFSET 2") == [(3,)]
    assert rows(session, "SELECT A FROM T ORDER BY 1 FETCH FIRST 2 ROWS ONLY") == [(1,), (2,)]


def test_group_by_position_alias_and_expression(session: EngineSession) -> None:
    expected = [("x", Decimal("1.75"), 2), ("y", Decimal("2.25"), 1), (None, None, 1)]
    sql = "SELECT B AS K, SUM(C) AS S, COUNT(*) FROM T GROUP BY {} ORDER BY 1 NULLS LAST"
    for key in ("1", "K", "B", "T.B", "ALL"):
        assert rows(session, sql.format(key)) == expected
    assert rows(session, "SELECT COUNT(*) n FROM T GROUP BY B HAVING n > 1") == [(2,)]
    with failing(979):
        rows(session, "SELECT A, SUM(C) FROM T GROUP BY B")


def test_lateral_aliases_and_qualify(session: EngineSession) -> None:
    assert one(session, "SELECT A + 1 AS n, n * 2 AS m FROM T WHERE n = 3") == (3, 6)
    sql = "SELECT A FROM T QUALIFY ROW_NUMBER() OVER (PARTITION BY B ORDER BY C DESC) = 1"
    assert sorted(rows(session, sql), key=str) == [(1,), (2,), (3,)]


def test_windows(session: EngineSession) -> None:
    sql = """SELECT A, SUM(C) OVER (ORDER BY A ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
                    LAG(A) OVER (ORDER BY A), COUNT(*) OVER () FROM T WHERE A < 3 ORDER BY A"""
    assert rows(session, sql) == [
        (1, Decimal("1.50"), None, 2),
        (2, Decimal("3.75"), 1, 2),
    ]


def test_average_over_a_window(session: EngineSession) -> None:
    sql = "SELECT A, AVG(A) OVER (ORDER BY A) FROM T WHERE A < 3 ORDER BY A"
    assert rows(session, sql) == [(1, Decimal("1.000000")), (2, Decimal("1.500000"))]


def test_joins(session: EngineSession) -> None:
    assert rows(session, "SELECT A, D FROM T JOIN U ON T.B = U.B ORDER BY A") == [
        (1, 10.0),
        (None, 10.0),
    ]
    left = "SELECT B, A, D FROM T LEFT JOIN U USING (B) WHERE A IN (1, 2) ORDER BY A"
    assert rows(session, left) == [("x", 1, 10.0), ("y", 2, None)]
    full = "SELECT B FROM T FULL OUTER JOIN U USING (B) ORDER BY B"
    assert rows(session, full) == [("x",), ("x",), ("y",), ("z",), (None,)]
    assert one(session, "SELECT COUNT(*) FROM T, U") == 8
    star = session.run("SELECT * FROM T NATURAL JOIN U")
    assert [c.name for c in star.columns] == ["A", "B", "C", "D"] or [
        c.name for c in star.columns
    ] == ["B", "A", "C", "D"]
    list(star.batches)
    with failing(2028):
        rows(session, "SELECT B FROM T JOIN U ON T.B = U.B")


def test_star(session: EngineSession) -> None:
    answer = session.run("SELECT U.*, T.* EXCLUDE (C) RENAME (A AS AA) FROM T, U")
    assert [column.name for column in answer.columns] == ["B", "D", "AA", "B"]
    assert len(read(answer)) == 8


def test_subqueries_and_common_tables(session: EngineSession) -> None:
    assert one(session, "SELECT COUNT(*) FROM T WHERE B IN (SELECT B FROM U)") == 2
    exists = "SELECT COUNT(*) FROM T WHERE EXISTS (SELECT 1 FROM U WHERE U.B = T.B)"
    assert one(session, exists) == 2
    assert one(session, "SELECT (SELECT MAX(D) FROM U)") == 30.0
    assert (
        one(session, "WITH a AS (SELECT 1 x), b(y) AS (SELECT x + 1 FROM a) SELECT y FROM b") == 2
    )
    recursive = """WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 5)
                   SELECT COUNT(*), MAX(i) FROM n"""
    assert one(session, recursive) == (5, 5)


def test_set_operations(session: EngineSession) -> None:
    union = "SELECT 1 x UNION ALL SELECT 2.5 UNION ALL SELECT 1 ORDER BY x"
    assert rows(session, union) == [(Decimal("1.0"),), (Decimal("1.0"),), (Decimal("2.5"),)]
    assert types(session, union) == [("FIXED", 2, 1)]
    assert rows(session, "SELECT 1 UNION SELECT 1") == [(1,)]
    assert rows(session, "SELECT A FROM T EXCEPT SELECT 3 ORDER BY 1") == [(1,), (2,), (None,)]
    assert rows(session, "SELECT A FROM T INTERSECT SELECT 3") == [(3,)]
    with failing(1789):
        rows(session, "SELECT 1 UNION ALL SELECT 1, 2")


def test_values_and_generator(session: EngineSession) -> None:
    sql = "SELECT COLUMN1, v.COLUMN2 FROM VALUES (1, 'a'), (2, NULL) AS v ORDER BY 1"
    assert rows(session, sql) == [(1, "a"), (2, None)]
    assert rows(session, "SELECT k FROM (VALUES (1), (2)) AS v(k) ORDER BY k DESC") == [(2,), (1,)]
    generator = "SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 3))"
    assert [int(row[0]) for row in rows(session, generator)] == [0, 1, 2]


def test_names_that_differ_by_case_and_odd_names(session: EngineSession) -> None:
    odd = [
        '"id"',
        '"ID"',
        '"Id"',
        '"a""b"',
        '"x.y"',
        '"[/b]"',
        '"größe 日本"',
        f'"{"n" * 255}"',
        '"?"',
    ]
    columns = ", ".join(f"{name} NUMBER" for name in odd)
    session.run(f'CREATE TABLE "odd ""t"".1" ({columns})')
    session.run('CREATE TABLE "ODD ""T"".1" (X NUMBER)')
    session.run(f'INSERT INTO "odd ""t"".1" VALUES ({", ".join(map(str, range(len(odd))))})')
    for index, name in enumerate(odd):
        answer = session.run(f'SELECT {name} FROM DEMO."PUBLIC"."odd ""t"".1"')
        assert answer.columns[0].name == name[1:-1].replace('""', '"')
        assert read(answer) == [(index,)]
    assert one(session, 'SELECT COUNT(*) FROM "ODD ""T"".1"') == 0
    assert one(session, 'SELECT id FROM "odd ""t"".1"') == 1
    session.run('DROP TABLE "odd ""t"".1"')
    session.run('DROP TABLE "ODD ""T"".1"')


_ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)


@settings(max_examples=60, deadline=None)
@given(names=st.lists(_ANY, min_size=1, max_size=5, unique=True), value=_ANY)
def test_any_name_and_any_text(engine: Engine, names: list[str], value: str) -> None:
    session = session_in(engine)
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    table = f"DEMO.PUBLIC.{quoted[0]}"
    text = value.replace("\\", "\\\\").replace("'", "''")
    session.run(f"CREATE OR REPLACE TABLE {table} ({', '.join(q + ' VARCHAR' for q in quoted)})")
    session.run(f"INSERT INTO {table} ({quoted[-1]}) VALUES ('{text}')")
    answer = session.run(f"SELECT {', '.join(quoted)} FROM {table} WHERE {quoted[-1]} = ?",
                         [("TEXT", value)])  # fmt: skip
    assert [column.name for column in answer.columns] == names
    assert read(answer)[0][-1] == value
    assert [row[0] for row in rows(session, f"DESCRIBE TABLE {table}")] == names
    session.run(f"DROP TABLE {table}")


def test_samples(session: EngineSession) -> None:
    seeded = "SELECT SUM(O_ORDERKEY), COUNT(*) FROM ORDERS_100K SAMPLE BERNOULLI (10) SEED (7)"
    first = one(session, seeded)
    assert 9_000 < first[1] < 11_000
    assert one(session, seeded) == first
    assert one(session, seeded.replace("(7)", "(8)")) != first
    assert one(session, "SELECT COUNT(*) FROM ORDERS_100K SAMPLE (50 ROWS)") == 50
    assert one(session, "SELECT COUNT(*) FROM ORDERS_100K SAMPLE (0)") == 0
    assert one(session, "SELECT COUNT(*) FROM ORDERS_100K SAMPLE (100)") == 100_000


@pytest.mark.parametrize(
    "source",
    [
        "ORDERS_1998 SAMPLE (5) SEED (1)",
        "ORDERS_1998 SAMPLE SYSTEM (5)",
        "(SELECT * FROM ORDERS_100K) SAMPLE BLOCK (5)",
        "ORDERS_100K SAMPLE SYSTEM (5 ROWS)",
    ],
)
def test_samples_that_are_refused(session: EngineSession, source: str) -> None:
    with failing(2):
        rows(session, f"SELECT * FROM {source}")


WIDE = ", ".join(f"NULL::VARIANT AS V{n}" for n in range(20))  # 800 bytes a row


@pytest.fixture
def wide(session: EngineSession) -> str:
    """A table of 16 micro-partitions."""
    session.run(
        f"CREATE TABLE IF NOT EXISTS WIDE AS SELECT SEQ4() AS N, {WIDE}"
        " FROM TABLE(GENERATOR(ROWCOUNT => 200000))"
    )
    return "WIDE"


@pytest.mark.parametrize(
    ("sql", "scanned"),
    [
        ("SELECT COUNT(*) FROM WIDE", 16),
        ("SELECT N FROM WIDE LIMIT 5", 1),
        ("SELECT N FROM WIDE LIMIT 20000", 2),
        ("SELECT N FROM WIDE WHERE N > 5 LIMIT 5", 16),
        ("SELECT N FROM WIDE ORDER BY N LIMIT 5", 16),
        ("SELECT MAX(N) FROM WIDE LIMIT 5", 16),
        ("SELECT N FROM WIDE SAMPLE BERNOULLI (1) LIMIT 5", 16),
        ("SELECT COUNT(*) FROM WIDE SAMPLE SYSTEM (30) SEED (1)", 5),
        ("SELECT N FROM WIDE SAMPLE SYSTEM (30) SEED (1) LIMIT 5", 1),
    ],
)
def test_partitions(session: EngineSession, wide: str, sql: str, scanned: int) -> None:
    answer = session.run(sql)
    list(answer.batches)
    assert answer.trace
    assert [(len(read.chosen), read.total) for read in answer.trace.reads] == [(scanned, 16)]


def test_blocks_are_whole(session: EngineSession, wide: str) -> None:
    sql = "SELECT N FROM WIDE SAMPLE SYSTEM (30) SEED (1)"
    answer = session.run(sql)
    numbers = sorted(row[0] for row in read(answer))
    assert answer.trace
    (found,) = answer.trace.reads
    assert numbers == [n for n in range(200_000) if n // found.size in found.chosen]
    assert sorted(row[0] for row in rows(session, sql)) == numbers


def test_binds(session: EngineSession) -> None:
    binds: list[tuple[str, Any]] = [
        ("TEXT", "it's"),
        ("FIXED", "-12.50"),
        ("REAL", "NaN"),
        ("BOOLEAN", "true"),
        ("DATE", "86400000"),
        ("TIMESTAMP_NTZ", "1000000001"),
        ("TIMESTAMP_TZ", "0 1500"),
        ("TIME", "3600000000001"),
        ("BINARY", "00ff"),
        ("TEXT", None),
    ]
    marks = ", ".join("?" for _ in binds)
    found = one(session, f"SELECT {marks}", *binds)
    assert found[:2] == ("it's", Decimal("-12.50"))
    assert found[2] != found[2]
    assert str(found[4]) == "1970-01-02"
    assert found[3] is True
    assert found[5:] == (
        "1970-01-01 00:00:01.000000001",
        ("1970-01-01 00:00:00", 60),
        "01:00:00.000000001",
        b"\x00\xff",
        None,
    )
    assert one(session, "SELECT :2, :1, :2", ("FIXED", "1"), ("TEXT", "b")) == ("b", 1, "b")
    with failing(2049):
        rows(session, "SELECT ?")


def test_array_binds_insert_many_rows(session: EngineSession) -> None:
    session.run("CREATE OR REPLACE TABLE MANY (A NUMBER, B VARCHAR)")
    insert = "INSERT INTO MANY VALUES (?, ?)"
    assert rows(session, insert, ("FIXED", ["1", "2", None]), ("TEXT", ["a", None, "c"])) == [(3,)]
    assert rows(session, "SELECT * FROM MANY ORDER BY A") == [(1, "a"), (2, None), (None, "c")]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", r"syntax error line 1 at position 6 unexpected '1'\."),
        ("SELECT 1 +", r"syntax error line 1 at position 10 unexpected '<EOF>'\."),
        ("SELECT *\nFROM T WHERE A B C", "syntax error line 2 at position 15 unexpected 'B'"),
        ("SELECT FROM T", r"unexpected 'FROM'\."),
        ("SELECT 'a", "syntax error line 1"),
        ("FOO BAR BAZ", "syntax error line 1"),
        ("nonsense", "syntax error line 1 at position 0 unexpected 'nonsense'"),
    ],
)
def test_syntax_errors(session: EngineSession, sql: str, message: str) -> None:
    with failing(1003, message) as caught:
        rows(session, sql)
    assert caught.value.sqlstate == "42000"


@pytest.mark.parametrize(
    ("code", "sql", "message"),
    [
        (2003, "SELECT * FROM NOPE", r"Object 'NOPE' does not exist or not authorized\."),
        (2003, 'SELECT * FROM "Nope"', "Object '\"Nope\"' does not exist"),
        (2003, "SELECT * FROM DEMO.PUBLIC.NOPE", r"Object 'DEMO\.PUBLIC\.NOPE' does not exist"),
        (2003, "SELECT * FROM DEMO.NOPE.T", r"Schema 'DEMO\.NOPE' does not exist"),
        (2003, "SELECT * FROM NOPE.PUBLIC.T", "Database 'NOPE' does not exist"),
        (2003, "DESCRIBE TABLE NOPE", "Table 'NOPE' does not exist"),
        (904, "SELECT NOPE FROM T", "error line 1 at position 7\ninvalid identifier 'NOPE'"),
        (904, 'SELECT A,\n "a" FROM T', "error line 2 at position 1\ninvalid identifier '\"a\"'"),
        (904, "SELECT X.A FROM T", r"invalid identifier 'X\.A'"),
        (2140, "SELECT FROBNICATE(1)", "Unknown function FROBNICATE"),
        (938, "SELECT IFF(TRUE)", "not enough arguments for function"),
        (100051, "SELECT A / 0 FROM T", "Division by zero"),
        (100038, "SELECT 'x1'::NUMBER", "Numeric value 'x1' is not recognized"),
        (100038, "SELECT '1_000'::NUMBER", "Numeric value"),
        (100039, "SELECT 1000::NUMBER(3,0)", "Numeric value '1000' is out of range"),
        (100040, "SELECT '2024-02-30'::DATE", "Date '2024-02-30' is not recognized"),
        (100035, "SELECT 'soon'::TIMESTAMP", "Timestamp 'soon' is not recognized"),
        (100037, "SELECT 'maybe'::BOOLEAN", "Boolean value 'maybe' is not recognized"),
        (100096, "SELECT TO_DATE('x', 'YYYY')", "Can't parse 'x' as date with format 'YYYY'"),
        (1008, "SELECT REGEXP_LIKE('a', '(?:a)')", "no argument for repetition operator: ?"),
        (100069, "SELECT PARSE_JSON('{')", "Error parsing JSON"),
        (709, "SELECT * FROM T AT (STATEMENT => 'x')", "Statement x not found"),
        (2040, "SELECT 1::UUID", "Unsupported data type"),
        (8, "SELECT 1; SELECT 2", "Actual statement count 2"),
        (900, "  ", "Empty SQL statement"),
    ],
)
def test_failures(session: EngineSession, code: int, sql: str, message: str) -> None:
    with failing(code, message):
        rows(session, sql)


def test_no_current_database(engine: Engine) -> None:
    session = engine.connect()
    with failing(90105):
        rows(session, "SELECT * FROM T")
    assert rows(session, "SELECT COUNT(*) FROM DEMO.PUBLIC.T") == [(4,)]


def test_long_conditions_and_unions(session: EngineSession) -> None:
    condition = " AND ".join(["A IS NULL"] * 600)
    assert one(session, f"SELECT COUNT(*) FROM T WHERE {condition}") == 1
    union = " UNION ALL ".join(["SELECT 1 AS x"] * 300)
    assert one(session, f"SELECT SUM(x) FROM ({union})") == 300


ENDLESS = """SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 100000)) a,
             TABLE(GENERATOR(ROWCOUNT => 100000)) b, TABLE(GENERATOR(ROWCOUNT => 100000)) c
             WHERE RANDOM() = 1.5"""


def test_interrupt_while_running(session: EngineSession) -> None:
    handles: list[Any] = []
    timer: list[threading.Timer] = []

    def on_start(interrupt: Any) -> None:
        handles.append(interrupt)
        timer.append(threading.Timer(0.2, interrupt))
        timer[0].start()

    with failing(604, "canceled") as caught:
        read(session.run(ENDLESS, on_start=on_start))
    assert caught.value.sqlstate == "57014"
    handles[0]()  # too late, and no harm
    assert one(session, "SELECT 1") == 1


def test_interrupt_before_the_start(session: EngineSession) -> None:
    with failing(604):
        read(session.run(ENDLESS, on_start=lambda interrupt: interrupt()))


def test_interrupt_between_batches(session: EngineSession) -> None:
    handles: list[Any] = []
    answer = session.run("SELECT * FROM ORDERS_100K", on_start=handles.append)
    next(answer.batches)
    handles[0]()
    with failing(604):
        list(answer.batches)


def test_statements_of_one_session_run_together(session: EngineSession) -> None:
    first = session.run("SELECT O_ORDERKEY FROM ORDERS_100K")
    second = session.run("SELECT O_CLERK FROM ORDERS_100K")
    next(first.batches)
    assert sum(len(batch) for batch in second.batches) == 100_000
    assert 0 < sum(len(batch) for batch in first.batches) < 100_000
