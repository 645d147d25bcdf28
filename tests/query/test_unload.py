"""The SQL of engine `unload`: golden files, and properties of every statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from core.connections.secrets import Secret
from core.output import TextForm
from core.planning.names import TableName
from core.planning.plan import Plan
from core.query import Statement, select_groups
from core.query.unload import (
    Files,
    Keys,
    Location,
    copy_into,
    describe_stage,
    first_groups,
    select_months,
    sum_groups,
)
from tests.support.sources import EVERY_TYPE, HOSTILE, ORDERS, plan

Golden = Callable[[str, str], None]
ID = "01b2c3d4-0000-0000-0000-000000000001"
ONE = "s3://partner-inbox/from us/it's.parquet"
INTEGRATION = Location(ONE, integration="PARTNER")
KEYS = Keys(Secret("AKIA-marker"), Secret("secret'marker\\"), Secret("token-marker"))
STAGE = TableName("DB", "S", "drop box")
CASES: dict[str, tuple[dict[str, str], dict[str, Any], Location, Files]] = {
    "parquet": (ORDERS, {}, INTEGRATION, Files("parquet", gzip=False, single=True)),
    "csv": (EVERY_TYPE, {}, INTEGRATION, Files("csv", gzip=True, single=True, overwrite=True)),
    "ndjson": (EVERY_TYPE, {}, INTEGRATION, Files("ndjson", gzip=False, single=True)),
    "csv_tabs": (
        ORDERS,
        {},
        INTEGRATION,
        Files("csv", gzip=False, single=True, text=TextForm(delimiter="\t")),
    ),
    "ndjson_texts": (
        {**ORDERS, "NO": "NUMBER(9,0)"},
        {"key_columns": "NO,O_ORDERSTATUS"},
        INTEGRATION,
        Files("ndjson", gzip=False, single=True, text=TextForm(large_numbers_as_text=True)),
    ),
    "names": (HOSTILE, {}, INTEGRATION, Files("ndjson", gzip=True, single=True)),
    "parts": (
        ORDERS,
        {},
        Location("s3://partner-inbox/in/", integration="PARTNER", kms_key_id="alias/ours"),
        Files("parquet", gzip=False, single=False, largest=16 * 1024**2),
    ),
    "stage": (
        ORDERS,
        {},
        Location(ONE, stage=(STAGE, "from us/it's.csv")),
        Files("csv", gzip=False, single=True),
    ),
    "keys": (ORDERS, {}, Location(ONE, keys=KEYS), Files("parquet", gzip=False, single=True)),
}


def group(made: Plan, **options: Any) -> Statement:
    return select_groups(made, at_rest=True, ordered=False, **options)


def copy(name: str) -> Statement:
    columns, options, location, files = CASES[name]
    made = plan(columns, **({"date_column": "day"} if columns is EVERY_TYPE else options))
    return copy_into(group(made), made, ID, location, files)


def parse_query(statement: Statement) -> exp.Select:
    """Parse the query between the parentheses of a COPY INTO."""
    text = statement.sql.split("\nFROM (\n", 1)[1].rsplit("\n)\nFILE_FORMAT", 1)[0]
    parsed = sqlglot.parse_one(text, read="snowflake")
    assert isinstance(parsed, exp.Select)
    return parsed


@pytest.mark.parametrize("name", CASES)
def test_copy_into(name: str, golden: Golden) -> None:
    statement = copy(name)
    golden(f"sql/unload_{name}.sql", statement.sql + "\n")
    assert isinstance(sqlglot.parse_one(statement.sql, read="snowflake"), exp.Copy)
    assert not statement.binds


@pytest.mark.parametrize("name", ["parquet", "csv", "stage", "parts"])
def test_the_columns_are_those_of_the_table(name: str) -> None:
    columns = CASES[name][0]
    assert parse_query(copy(name)).named_selects == list(columns)


@pytest.mark.parametrize("name", ["ndjson", "names"])
def test_a_line_is_one_column(name: str) -> None:
    assert parse_query(copy(name)).named_selects == ["line"]


def test_no_column_name_changes_the_order() -> None:
    made = plan({"key_1": "DATE", "month": "VARCHAR(9)", "total": "BOOLEAN"})
    statement = copy_into(group(made), made, ID, INTEGRATION, CASES["parquet"][3])
    order = parse_query(statement).args["order"]
    assert [column.table for column in order.find_all(exp.Column)] == ["groups"] * 3


def test_aws_keys_are_only_in_the_text_to_run() -> None:
    statement = copy("keys")
    marks = ("AKIA-marker", "secret'", "token-marker")
    assert [m in f"{statement.sql}{statement!r}{statement}" for m in marks] == [False] * 3
    assert "AWS_KEY_ID = 'AKIA-marker' AWS_SECRET_KEY = 'secret''marker\\\\'" in statement.revealed
    assert "AWS_TOKEN = 'token-marker'" in statement.revealed
    assert statement.sql.count("'**********'") == 3


def test_aws_keys_without_a_token() -> None:
    made = plan(ORDERS)
    location = Location(ONE, keys=Keys(Secret("a"), Secret("b")))
    statement = copy_into(group(made), made, ID, location, CASES["keys"][3])
    assert "TOKEN" not in statement.revealed


def test_formulas_are_looked_for_in_text_only() -> None:
    """UNICODE takes text: of a BINARY or a number there is no first character."""
    made = plan(EVERY_TYPE, date_column="day", key_columns=["txt", "ok", "t", "ntz3", "bin", "v"])
    text = TextForm(escape_formulas=True)
    files = Files("csv", gzip=False, single=True, text=text)
    query = parse_query(copy_into(group(made), made, ID, INTEGRATION, files))
    escaped = [each.alias for each in query.selects if each.find(exp.Unicode, exp.If)]
    assert escaped == ["txt", "v"]


@pytest.mark.parametrize("rounded", [False, True])
def test_sum_groups(rounded: bool, golden: Golden) -> None:
    made = plan({"D": "DATE", "WIDE": "NUMBER(38,2)", "N": "NUMBER(12,2)", "F": "FLOAT"})
    statement = sum_groups(group(made, rounded=rounded), ID)
    golden(f"sql/unload_books{'_rounded' if rounded else ''}.sql", statement.sql + "\n")
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [f.alias for f in statement.fields]


def test_select_months(golden: Golden) -> None:
    made = plan(ORDERS)
    statement = select_months(group(made), ID)
    golden("sql/unload_months.sql", statement.sql + "\n")
    assert [field.alias for field in statement.fields] == ["month"]


def test_first_groups(golden: Golden) -> None:
    made = plan(ORDERS)
    statement = first_groups(group(made), made, ID, 50)
    golden("sql/unload_head.sql", statement.sql + ";\n" + describe_stage(STAGE).sql + ";\n")
    assert [f.column.name for f in statement.fields if f.column] == list(ORDERS)
