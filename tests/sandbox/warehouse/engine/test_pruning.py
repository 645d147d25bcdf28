"""The micro-partitions that a WHERE clause leaves, of a table that is stored in the order of N."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.sandbox.warehouse import partitions
from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import read, session_in

ROW_BYTES = 4 + 4 + 8 + 8 + 8 + 4 + 12
SIZE = 400  # rows of a partition
ROWS = 10 * SIZE
DAY = f"DATEADD('DAY', {3 * SIZE // 24 + 1} + {{}}, '2024-01-01'::DATE)"
START = "DATEADD('HOUR', SEQ4(), '2024-01-01'::TIMESTAMP_NTZ)"


@pytest.fixture(scope="module")
def engine(engine: Engine) -> Iterator[Engine]:
    """An engine whose partitions are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PARTITION_BYTES", SIZE * ROW_BYTES)
        fill(engine)
        yield engine


def fill(engine: Engine) -> None:
    session = session_in(engine)
    session.run(
        f"CREATE TABLE STORED AS SELECT SEQ4()::NUMBER(9,0) AS N, ({START})::DATE AS D,"
        f" ({START})::TIMESTAMP_NTZ(9) AS NTZ, ({START})::TIMESTAMP_LTZ(3) AS LTZ,"
        f" (({START})::VARCHAR || ' +05:45')::TIMESTAMP_TZ(9) AS TZ,"
        f" IFF(N < {SIZE}, NULL, N)::NUMBER(9,0) AS PART, LPAD(N::VARCHAR, 9, '0') AS T"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))"
    )


def scanned(session: EngineSession, sql: str, *binds: tuple[str, object]) -> list[int]:
    """The partitions that a query reads; they have all rows that it returns."""
    answer = session.run(sql, binds)
    found = {int(str(value)) // SIZE for batch in answer.batches for value in batch[0].to_pylist()}
    assert answer.trace is not None
    ((scan),) = answer.trace.reads
    assert found <= set(scan.chosen)
    assert scan.total == -(-ROWS // SIZE)
    return scan.chosen


ALL = list(range(-(-ROWS // SIZE)))


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (f"N >= {SIZE} AND N < {3 * SIZE}", [1, 2]),
        (f"N = {2 * SIZE}", [2]),
        (f"N <= {SIZE}", [0, 1]),
        (f"(N < 5 OR N >= {9 * SIZE}) AND T LIKE '%'", [0, *ALL[9:]]),
        (f"N >= {SIZE}::FLOAT AND N < {2 * SIZE}.5", [1, 2]),
        ("N < -1", []),
        ("PART IS NULL", [0]),
        ("PART IS NOT NULL", ALL[1:]),
        (f"PART < {2 * SIZE}", [1]),
        (f"D > {DAY.format(0)} AND D < {DAY.format(2)}", [3]),
        (f"NTZ = DATEADD('HOUR', {4 * SIZE}, '2024-01-01'::TIMESTAMP_NTZ)", [4]),
        (f"LTZ < DATEADD('HOUR', {SIZE}, '2024-01-01'::TIMESTAMP_LTZ)", [0]),
        ("TZ < TO_TIMESTAMP_TZ('2024-01-01 00:00 +00:00', 'YYYY-MM-DD HH24:MI TZH:TZM')", [0]),
    ],
)  # fmt: skip
def test_a_comparison_of_a_bare_column_prunes(
    session: EngineSession, condition: str, numbers: list[int]
) -> None:
    assert scanned(session, f"SELECT N FROM STORED WHERE {condition}") == numbers


@pytest.mark.parametrize(
    "condition",
    [
        "N + 0 < 5",
        "DATE_TRUNC('MONTH', D)::DATE < TO_DATE('2024-02-01', 'YYYY-MM-DD')",
        "D < '2024-02-01'",
        "T < '000000005'",
        "NOT N >= 5",
        "N < PART",
        "N < (SELECT 5)",
        "N < 5 OR T = 'x'",
        "5 > N",
    ],
)
def test_other_conditions_exclude_nothing(session: EngineSession, condition: str) -> None:
    answer = session.run(f"SELECT N FROM STORED WHERE {condition}")
    assert answer.trace is not None
    assert answer.trace.reads[0].chosen == ALL


def test_a_bound_value_prunes_nothing(session: EngineSession) -> None:
    assert scanned(session, "SELECT N FROM STORED WHERE N < ?", ("FIXED", "5")) == ALL


def test_what_is_not_read_by_itself_is_read_whole(session: EngineSession) -> None:
    """A sample, a join, and a query around the table."""
    for source in ("STORED SAMPLE BERNOULLI (50)", "STORED CROSS JOIN (SELECT 1 AS ONE) AS U",
                   "(SELECT * FROM STORED)"):  # fmt: skip
        assert scanned(session, f"SELECT N FROM {source} WHERE N < 5") == ALL


def test_a_table_that_has_grown(session: EngineSession) -> None:
    """Each version by its own rows, with the values that these have."""
    session.run(f"CREATE TABLE GROWN AS SELECT * FROM STORED WHERE N < {2 * SIZE}")
    assert len(read(session.run("SELECT N FROM GROWN WHERE N < 5"))) == 5
    session.run(f"INSERT INTO GROWN SELECT * FROM STORED WHERE N < {SIZE}")
    answer = session.run("SELECT N FROM GROWN WHERE N < 5")
    assert len(read(answer)) == 10
    assert answer.trace is not None
    assert answer.trace.reads[0].chosen == [0, 2]
