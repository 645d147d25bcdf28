"""Collations: docs.snowflake.com "Collation support"; of their parts, `ci` has its effect."""

from __future__ import annotations

import pytest

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import failing, one, rows, session_in


@pytest.fixture(scope="module")
def tables(engine: Engine) -> Engine:
    session = session_in(engine)
    for sql in (
        "CREATE TABLE COLLATED (C VARCHAR(9) COLLATE 'en-ci' NOT NULL, P VARCHAR(9))",
        "INSERT INTO COLLATED VALUES ('a', 'a'), ('A', 'A'), ('b', 'b')",
    ):
        list(session.run(sql).batches)
    return engine


@pytest.fixture
def session(tables: Engine) -> EngineSession:
    return session_in(tables)


def test_a_description_and_a_result_name_the_collation(session: EngineSession) -> None:
    described = rows(session, "DESCRIBE TABLE COLLATED")
    assert [row[1] for row in described] == ["VARCHAR(9) COLLATE 'en-ci'", "VARCHAR(9)"]
    answer = session.run("SELECT C, C::VARCHAR, COLLATE(C, 'utf8'), P FROM COLLATED")
    list(answer.batches)
    assert [each.collation for each in answer.columns] == ["en-ci", "", "utf8", ""]


@pytest.mark.parametrize(
    ("expression", "groups"),
    [("C", 2), ("C::VARCHAR", 3), ("COLLATE(C, 'utf8')", 3), ("COLLATE(P, 'de-ci')", 2), ("P", 3)],
)
def test_texts_are_equal_by_their_collation(
    session: EngineSession, expression: str, groups: int
) -> None:
    assert one(session, f"SELECT COUNT(DISTINCT {expression}) FROM COLLATED") == groups
    counted = f"SELECT COUNT(*) FROM COLLATED WHERE {expression} = 'a'"
    assert one(session, counted) == (2 if groups == 2 else 1)
    assert len(rows(session, f"SELECT COUNT(*) FROM COLLATED GROUP BY {expression}")) == groups


@pytest.mark.parametrize("name", ["TRIM", "LTRIM", "RTRIM"])
def test_only_white_space_is_trimmed_from_a_collated_text(
    session: EngineSession, name: str
) -> None:
    assert one(session, f"SELECT COUNT({name}(C, ' \t')) FROM COLLATED") == 3
    assert one(session, f"SELECT COUNT({name}(C::VARCHAR, 'x')) FROM COLLATED") == 3
    with failing(2):
        rows(session, f"SELECT {name}(C, 'x') FROM COLLATED")
