"""The fields of Arrow results: which may hold NULL, and those of constants."""

from __future__ import annotations

import pyarrow as pa
import pytest

from core.sandbox.warehouse.engine.engine import Engine
from core.sandbox.warehouse.model import Column, Failure
from core.sandbox.warehouse.protocol import wire
from tests.sandbox.warehouse.queries import session_in
from tests.support.recordings import ARROW, read_arrow


def fields(engine: Engine, sql: str) -> pa.Schema:
    """The fields of the result of a query that has rows."""
    answer = session_in(engine).run(sql)
    table = pa.Table.from_batches(list(answer.batches))
    return pa.ipc.open_stream(wire.encode(answer.columns, table)).schema


@pytest.fixture(scope="module")
def tables(engine: Engine) -> Engine:
    session = session_in(engine)
    for sql in (
        "CREATE TABLE REQUIRED (A INT NOT NULL, B INT, D DATE NOT NULL, V VARCHAR(3) NOT NULL)",
        "INSERT INTO REQUIRED VALUES (1, NULL, '2024-01-05', 'x')",
    ):
        list(session.run(sql).batches)
    return engine


@pytest.mark.parametrize(
    ("select", "nullable"),
    [
        ("A, B, D, V FROM REQUIRED", [False, True, False, False]),
        ("* FROM (SELECT B, A FROM REQUIRED ORDER BY 1 LIMIT 5)", [True, False]),
        ("A, COUNT(*), COUNT(B), SUM(A), MAX(A), 5, 'x', TRUE, NULL FROM REQUIRED GROUP BY A",
         [False, False, False, True, True, False, False, False, True]),
        ("A::VARCHAR, D::TIMESTAMP, TRY_CAST(V AS INT), B::VARCHAR FROM REQUIRED",
         [False, False, True, True]),
        ("L.A, R.A FROM REQUIRED L LEFT JOIN REQUIRED R ON R.A = 7", [False, True]),
        ("L.A, R.A FROM REQUIRED L RIGHT JOIN REQUIRED R ON L.A = 7", [True, False]),
        ("L.A, R.A FROM REQUIRED L FULL JOIN REQUIRED R ON L.A = 7", [True, True]),
        ("A FROM REQUIRED L RIGHT JOIN REQUIRED R USING (A)", [False]),
        ("A, COUNT(*) FROM REQUIRED GROUP BY ROLLUP(A)", [True, False]),
        ("A, V FROM REQUIRED GROUP BY GROUPING SETS ((A), (V), ())", [True, True]),
        ("(SELECT A FROM REQUIRED WHERE A = 7) FROM REQUIRED", [True]),
        ("A FROM REQUIRED UNION ALL SELECT A FROM REQUIRED", [False]),
        ("A FROM REQUIRED UNION ALL SELECT B FROM REQUIRED", [True]),
        ("NULLIF(A, 1), IFF(A = 2, A, NULL) FROM REQUIRED", [True, True]),
    ],
)  # fmt: skip
def test_fields_that_may_be_null(tables: Engine, select: str, nullable: list[bool]) -> None:
    assert [field.nullable for field in fields(tables, f"SELECT {select}")] == nullable


@pytest.mark.parametrize(
    ("select", "types"),
    [
        ("A, COUNT(*), SUM(A), A + 1 FROM REQUIRED GROUP BY A", ["int8", *["int64"] * 3]),
        ("N FROM (SELECT COUNT(*) AS N FROM REQUIRED ORDER BY 1)", ["int64"]),
        ("A FROM (SELECT A FROM REQUIRED LIMIT 5)", ["int8"]),
        ("SUM(12345678901234567890::NUMBER(38, 2)) FROM REQUIRED", ["decimal128(38, 2)"]),
    ],
)
def test_computed_numbers_are_not_narrowed(tables: Engine, select: str, types: list[str]) -> None:
    assert [str(field.type) for field in fields(tables, f"SELECT {select}")] == types


def test_a_null_that_cannot_be_is_a_failure() -> None:
    column = Column("A", "TEXT", length=1, nullable=False)
    with pytest.raises(Failure, match="NULL in column A"):
        wire.encode([column], pa.table({"A": [None, "a"]}))


@pytest.mark.parametrize(
    ("constant", "kind", "precision"), [("1", "SB1", 1), ("-300", "SB2", 3), ("1234567", "SB4", 7)]
)
def test_a_constant_number_has_its_physical_type(
    engine: Engine, constant: str, kind: str, precision: int
) -> None:
    (field,) = fields(engine, f"SELECT {constant}")
    assert field.metadata[b"physicalType"].decode() == kind
    assert field.metadata[b"precision"].decode() == str(precision)
    assert b"byteLength" not in field.metadata


def test_a_constant_beside_a_table_is_made_by_a_warehouse(engine: Engine) -> None:
    (field,) = fields(engine, "SELECT 1 FROM TABLE(GENERATOR(ROWCOUNT => 1))")
    assert b"physicalType" not in field.metadata


if ARROW:

    @pytest.mark.parametrize(
        ("name", "sql"),
        [("select_1_gs", "SELECT 1"), ("hello_world_gs", "SELECT 'hello world'")],
    )
    def test_a_constant_is_as_recorded(engine: Engine, name: str, sql: str) -> None:
        (path,) = [each for each in ARROW if each.stem == name]
        (recorded,) = pa.ipc.open_stream(read_arrow(path)).schema
        (made,) = fields(engine, sql)
        assert made.equals(recorded, check_metadata=True)
