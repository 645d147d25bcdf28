"""Every statement in the golden files is Snowflake SQL to a parser that did not make it."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from tests.support.golden import GOLDEN

FILES = sorted((GOLDEN / "sql").glob("*.sql"), key=lambda path: path.name)
KINDS = (exp.Select, exp.Copy, exp.Describe, exp.Show)


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_golden_sql_parses(name: str) -> None:
    text = (GOLDEN / "sql" / name).read_text()
    statements = [each for each in sqlglot.parse(text, read="snowflake") if each is not None]
    assert statements
    for each in statements:
        assert isinstance(each, KINDS)
        assert not list(each.find_all(exp.Command)), "taken as unparsed text"


@pytest.mark.parametrize("name", [p.name for p in FILES if p.name.startswith("unload_")])
def test_an_unload_selects_from_a_result_only(name: str) -> None:
    text = (GOLDEN / "sql" / name).read_text()
    for each in sqlglot.parse(text, read="snowflake"):
        if isinstance(each, exp.Copy | exp.Select):
            (source,) = each.find_all(exp.From)
            assert source.sql("snowflake").startswith("FROM TABLE(RESULT_SCAN(")
