"""Every statement equals its golden file, and sqlglot parses it as Snowflake SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from core import query
from core.planning.names import TableName
from core.planning.plan import make_plan
from core.query import Statement
from core.query.grouped import SAFE_DIGITS
from core.query.literals import over_literals, select_month_of_each
from core.query.statement import qualify
from tests.support.sources import EVERY_TYPE, HOSTILE, ORDERS, plan, request, source

Golden = Callable[[str, str], None]
TEXT_DATES = {"DOB": "VARCHAR(20)", "AREA": "NUMBER(12,2)"}
EPOCHS = {"TS": "NUMBER(18,0)", "AMOUNT": "NUMBER(12,2)"}
PLANS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "orders": (ORDERS, {}),
    "every_type": (EVERY_TYPE, {"date_column": "day"}),
    "hostile": (HOSTILE, {}),
    "text_date": (TEXT_DATES, {"date_column": "DOB", "date_format": "%m/%d/%Y"}),
    "text_time": (TEXT_DATES, {"date_column": "DOB", "date_format": "%Y-%m-%d %H:%M:%S"}),
    "text_offset": (TEXT_DATES, {"date_column": "DOB", "date_format": "%Y-%m-%dT%H:%M:%S%:z"}),
    "epoch_seconds": (EPOCHS, {"date_column": "TS", "date_format": "epoch_s"}),
    "epoch_nanoseconds": (EPOCHS, {"date_column": "TS", "date_format": "epoch_ns"}),
    "epoch_fraction": (EPOCHS, {"date_column": "AMOUNT", "date_format": "epoch_s"}),
    "month_tz": (EVERY_TYPE, {"date_column": "tz", "key_columns": "none"}),
    "month_ltz": (EVERY_TYPE, {"date_column": "ltz", "key_columns": "none"}),
    "never_blank": ({"D": "DATE NOT NULL", "N": "NUMBER(3,0)"}, {}),
}


FEBRUARY = {"since": "2024-02", "until": "2024-02"}
KEPT = {**FEBRUARY, "undated": "keep"}
EPOCH = {"date_column": "TS", "date_format": "epoch_ms"}
DIGITS = {"date_column": "TS", "date_format": "%Y%m%d"}
TEXT = {"date_column": "DOB", "date_format": "%m/%d/%Y"}
ZONED = {"key_columns": "none", "sum_columns": "n"}
WINDOWS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "date": (ORDERS, FEBRUARY),
    "date_undated": (ORDERS, KEPT),
    "date_since": (ORDERS, {"since": "2024-02"}),
    "date_until": (ORDERS, {"until": "2024-02"}),
    "date_no_end": (ORDERS, {"until": "9999-12"}),
    "ntz": (EVERY_TYPE, {**ZONED, "date_column": "ntz9", **FEBRUARY}),
    "tz": (EVERY_TYPE, {**ZONED, "date_column": "tz", **FEBRUARY}),
    "tz_all": (EVERY_TYPE, {**ZONED, "date_column": "tz", "since": "0001-01", "until": "9999-12"}),
    "ltz": (EVERY_TYPE, {**ZONED, "date_column": "ltz", **KEPT}),
    "text": (TEXT_DATES, {**TEXT, **FEBRUARY}),
    "text_null": (TEXT_DATES, {**TEXT, **FEBRUARY, "on_bad_date": "null"}),
    "text_undated": (TEXT_DATES, {**TEXT, **KEPT}),
    "epoch": (EPOCHS, {**EPOCH, **FEBRUARY}),
    "epoch_null": (EPOCHS, {**EPOCH, "since": "2024-02", "on_bad_date": "null"}),
    "epoch_undated": (EPOCHS, {**EPOCH, "until": "2024-02", "undated": "keep"}),
    "digits": (EPOCHS, {**DIGITS, **FEBRUARY}),
    "digits_null": (EPOCHS, {**DIGITS, **FEBRUARY, "on_bad_date": "null"}),
    "digits_undated": (EPOCHS, {**DIGITS, **KEPT, "on_bad_date": "null"}),
    "hostile": (HOSTILE, KEPT),
}


def render(statement: Statement) -> str:
    binds = "".join(f"-- :{n} = {value!r}\n" for n, value in enumerate(statement.binds, 1))
    return f"{statement.sql}\n{binds}"


@pytest.mark.parametrize("name", PLANS)
def test_select_rows(name: str, golden: Golden) -> None:
    columns, options = PLANS[name]
    statement = query.select_rows(plan(columns, **options))
    golden(f"sql/rows_{name}.sql", render(statement))
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [field.alias for field in statement.fields]
    assert len(list(parsed.find_all(exp.Table))) == 1


def find_where(sql: str) -> str:
    """The WHERE clause of the innermost query, without indentation."""
    (where,) = sqlglot.parse_one(sql, read="snowflake").find_all(exp.Where)
    return where.sql("snowflake")


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str, golden: Golden) -> None:
    columns, options = WINDOWS[name]
    made = plan(columns, **options)
    rows = query.select_rows(made)
    golden(f"sql/window_{name}.sql", render(rows))
    statements = [
        query.select_groups(made),
        query.select_figures(made, read_by="the-id"),
        query.select_months(made, exact=True),
        query.select_months(made, exact=False),
    ]
    assert {find_where(each.sql) for each in (rows, *statements)} == {find_where(rows.sql)}


@pytest.mark.parametrize("name", ["date", "text", "epoch", "digits", "digits_null"])
def test_a_window_with_gaps(name: str, golden: Golden) -> None:
    columns, options = WINDOWS[name]
    made = plan(columns, **{**options, "since": "2024-01", "until": "2024-04"})
    assert made.window is not None
    months = [date(2024, 1, 1), date(2024, 3, 1), date(2024, 4, 1)]
    gapped = replace(made, window=made.window.restrict(months))
    golden(f"sql/window_gaps_{name}.sql", render(query.select_rows(gapped)))
    left_out = "OR TS >= 20240300" if name == "digits" else "NOT "
    assert left_out in find_where(query.select_figures(gapped, read_by=None).sql).replace('"', "")


def test_a_window_is_a_condition_on_the_sampled_rows(golden: Golden) -> None:
    made = make_plan(source(ORDERS, rows=27_753_444), {}, request(**FEBRUARY))
    golden("sql/window_months_sample.sql", render(query.select_months(made, exact=False)))
    view = make_plan(source(ORDERS, is_view=True), {}, request(**FEBRUARY))
    golden("sql/window_months_view.sql", render(query.select_months(view, exact=False)))
    verified = query.select_figures(made, read_by="the-id")
    golden("sql/window_figures.sql", render(verified))
    golden("sql/window_groups.sql", render(query.select_groups(made)))


def test_a_window_without_undated_rows_needs_no_check_of_blank_ones() -> None:
    """So columns that are not delivered are not read."""
    columns = {name: kind.removesuffix(" NOT NULL") for name, kind in ORDERS.items()}
    sql = query.select_rows(plan(columns, **FEBRUARY, key_columns="none")).sql
    assert "O_ORDERSTATUS" not in sql
    assert "O_ORDERSTATUS" in query.select_rows(plan(columns, **KEPT, key_columns="none")).sql


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("small", {"rows": 595}),
        ("medium", {"rows": 2_775_344, "bytes": 60_000_000}),
        ("large", {"rows": 27_753_444, "bytes": 600_000_000}),
        ("view", {"is_view": True}),
    ],
)
def test_select_sample(name: str, options: dict[str, Any], golden: Golden) -> None:
    table = source(EVERY_TYPE, **options)
    statement = query.select_sample(table, query.pick_sample_columns(table))
    golden(f"sql/sample_{name}.sql", render(statement))
    sqlglot.parse_one(statement.sql, read="snowflake")


@pytest.mark.parametrize(("width", "rows"), [(100, 5_000), (500, 1_000), (5_000, 200)])
def test_fewer_rows_of_a_wide_table(width: int, rows: int) -> None:
    table = source({f"C{n}": "DATE" for n in range(width)}, rows=10**6, bytes=10**7)
    for columns in (table.columns, table.columns[:1]):
        sql = query.select_sample(table, columns).sql
        assert sql.endswith(f" SAMPLE BERNOULLI ({rows / 10**4:.6f}) SEED (1)\nLIMIT {rows}")


def test_a_table_of_wide_rows_is_sampled_by_blocks() -> None:
    """A block of 16 MB has fewer rows than a quarter of the sample."""
    table = source({"D": "DATE"}, rows=5_000, bytes=10**9)
    sql = query.select_sample(table, table.columns).sql
    assert sql.count(" SAMPLE SYSTEM (1.66666667) SEED (") == 4
    assert sql.count(" LIMIT 41)") == 4


def test_catalog_statements(golden: Golden) -> None:
    name = TableName("DB", 'my "schema"', "100%_it's\\")
    statements = [
        query.CURRENT_PLACE,
        query.describe(name),
        query.show_objects(name),
        query.show_page(name.database, name.schema, None, 100),
        query.show_page(name.database, name.schema, "it's", 100),
        query.show_databases(None, 100),
        query.show_databases("it's", 100),
        query.show_schemas(name.database, None, 100),
        query.show_schemas(name.database, "it's", 100),
        query.search_objects(name.table, 100),
    ]
    golden("sql/catalog.sql", "".join(statement.sql + ";\n" for statement in statements))


def test_equal_values_are_bound_once() -> None:
    statement = query.select_rows(plan({"D": "DATE", "A": "VARCHAR(1)", "B": "VARCHAR(1)"}))
    assert statement.binds == (query.WHITE_SPACE,)
    assert statement.sql.count(":1") == 2


def test_white_space_is_that_of_unicode() -> None:
    """str.isspace() also accepts four control characters that have not the White_Space property."""
    python = {chr(n) for n in range(0x110000) if chr(n).isspace()}
    assert set(query.WHITE_SPACE) == python - {"\x1c", "\x1d", "\x1e", "\x1f"}


MONTHS = ("orders", "every_type", "text_date", "epoch_fraction", "month_tz", "never_blank")


@pytest.mark.parametrize("name", MONTHS)
@pytest.mark.parametrize("exact", [False, True])
def test_select_months(name: str, exact: bool, golden: Golden) -> None:
    columns, options = PLANS[name]
    made = plan(columns, **options)
    statement = query.select_months(made, exact=exact)
    golden(f"sql/months_{name}_{'exact' if exact else 'sample'}.sql", render(statement))
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [field.alias for field in statement.fields]
    rows = query.select_rows(made)
    assert all(field.sql in statement.sql for field in rows.fields if field.alias != "bad")
    assert statement.binds == rows.binds


def test_the_first_groups_are_those_of_the_delivery(golden: Golden) -> None:
    """The statement is that of a transfer, with a limit and, for a large table, a sample."""
    small = make_plan(source(ORDERS, rows=10), {}, request(**FEBRUARY))
    statement = query.select_first_groups(small, 3)
    assert statement.sql == f"{query.select_groups(small).sql}\nLIMIT 4"
    assert statement.fields == query.select_groups(small).fields
    huge = source(ORDERS, rows=27_753_444, bytes=10**9)
    large = make_plan(huge, {}, request(**FEBRUARY))
    golden("sql/first_groups_sample.sql", render(query.select_first_groups(large, 3)))
    beginning = query.select_first_groups(large, 3, beginning=True).sql
    assert "SAMPLE" not in beginning
    assert f"LIMIT {query.PREVIEW_ROWS}\n" in beginning


@pytest.mark.parametrize(
    ("rows", "size", "sampled"),
    [
        (100_000, 10**8, ""),
        (100_001, 10**8, "SAMPLE BERNOULLI (99.999000)"),
        (100_000, 10**9, "SAMPLE SYSTEM (1.66666667)"),
        (27_753_444, 10**9, "SAMPLE SYSTEM (1.66666667)"),
    ],
)
def test_months_of_a_large_table_are_sampled(rows: int, size: int, sampled: str) -> None:
    columns, options = PLANS["orders"]
    made = make_plan(source(columns, rows=rows, bytes=size), {}, request(**options))
    sql = query.select_months(made, exact=False).sql
    assert sampled in sql
    assert ("SAMPLE" in sql) is bool(sampled)
    assert query.reads_all(made) is not bool(sampled)
    assert "SAMPLE" not in query.select_months(made, exact=True).sql


@pytest.mark.parametrize(
    ("columns", "options", "first"),
    [
        (ORDERS, {}, False),
        (ORDERS, FEBRUARY, True),
        (ORDERS, {"since": "2024-02", "until": "2024-03"}, False),
        (ORDERS, {"since": "2024-02"}, False),
        (TEXT_DATES, {**TEXT, **FEBRUARY}, False),
        (EPOCHS, {**EPOCH, **FEBRUARY}, True),
        (EPOCHS, {**DIGITS, **KEPT, "on_bad_date": "null"}, False),
    ],
)
def test_a_preview_reads_the_first_rows_of_one_month_that_snowflake_finds(
    columns: dict[str, str], options: dict[str, Any], first: bool
) -> None:
    assert query.reads_window_first(plan(columns, **options)) is first
    view = make_plan(source(columns, is_view=True), {}, request(**options))
    assert query.reads_window_first(view) is False


def test_names_with_line_breaks_are_kept() -> None:
    made = plan({"a\nb\u2028c": "DATE"})
    for exact in (False, True):
        assert '"a\nb\u2028c"' in query.select_months(made, exact=exact).sql


def test_only_the_widest_sums_are_rounded() -> None:
    made = plan({"D": "DATE", "WIDE": "NUMBER(38,2)", "N": "NUMBER(12,2)", "F": "FLOAT"})
    fields = query.select_months(made, exact=True, rounded=True).fields
    sums = {f.column.name: f.sql for f in fields if f.is_sum and f.column}
    assert [name for name, sql in sums.items() if "::FLOAT" in sql] == ["WIDE"]
    plain = query.select_months(made, exact=True).sql
    assert "::FLOAT" not in plain


@pytest.mark.parametrize("name", PLANS)
def test_select_groups(name: str, golden: Golden) -> None:
    columns, options = PLANS[name]
    made = plan(columns, **options)
    statement = query.select_groups(made)
    golden(f"sql/groups_{name}.sql", render(statement))
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [field.alias for field in statement.fields]
    assert [f.alias for f in statement.fields][:2] == ["total", "month"]


@pytest.mark.parametrize("ways", [{"at_rest": True, "ordered": False}, {"rounded": True}])
def test_select_groups_with_options(ways: dict[str, bool], golden: Golden) -> None:
    columns, options = PLANS["every_type"]
    statement = query.select_groups(plan(columns, **options), **ways)
    golden(f"sql/groups_{next(iter(ways))}.sql", render(statement))
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [field.alias for field in statement.fields]


def test_keys_are_grouped_exactly() -> None:
    made = plan({"D": "DATE", "T": "VARCHAR(9) COLLATE 'en-ci'", "Z": "TIMESTAMP_TZ(3)"})
    sql = query.select_groups(made).sql
    assert """COLLATE("T", 'utf8') AS "key_1",\n  CONVERT_TIMEZONE('UTC', "Z") AS "key_2",""" in sql


def test_only_the_widest_totals_are_rounded() -> None:
    made = plan({"D": "DATE", "WIDE": "NUMBER(38,2)", "N": "NUMBER(12,2)"})
    sums = {f.alias: f.sql for f in query.select_groups(made, rounded=True).fields}
    assert (sums["sum_1"], sums["total_1"]) == ('"group_sum_1"', 'SUM("group_sum_1"::FLOAT)')
    assert sums["sum_2"] == 'SUM("group_sum_2")'
    assert "total_2" not in sums


@pytest.mark.parametrize("name", ["text_date", "epoch_fraction"])
def test_select_bad_dates(name: str, golden: Golden) -> None:
    columns, options = PLANS[name]
    statement = query.select_bad_dates(plan(columns, **options), 5)
    golden(f"sql/bad_{name}.sql", render(statement))
    sqlglot.parse_one(statement.sql, read="snowflake")


@pytest.mark.parametrize("name", MONTHS)
def test_select_figures(name: str, golden: Golden) -> None:
    columns, options = PLANS[name]
    made = plan(columns, **options)
    statement = query.select_figures(made, read_by="01b2c3d4-0000-1111-0000-000000000001")
    golden(f"sql/figures_{name}.sql", render(statement))
    parsed = sqlglot.parse_one(statement.sql, read="snowflake")
    assert parsed.named_selects == [field.alias for field in statement.fields]
    assert query.select_figures(made, read_by=None).sql == statement.sql.replace(
        " AT(STATEMENT => '01b2c3d4-0000-1111-0000-000000000001')", ""
    )


def test_rounded_figures_have_sums_of_absolute_values() -> None:
    made = plan({"D": "DATE", "WIDE": "NUMBER(38,2)", "N": "NUMBER(12,2)", "F": "FLOAT"})
    exact = query.select_figures(made, read_by=None)
    assert [f.alias for f in exact.fields if f.alias.startswith("abs_")] == ["abs_3"]
    rounded = query.select_figures(made, read_by=None, rounded=True)
    assert [f.alias for f in rounded.fields if f.alias.startswith("abs_")] == ["abs_1", "abs_3"]
    assert 'SUM("sum_1"::FLOAT)' in rounded.sql


@pytest.mark.parametrize(("digits", "is_float"), [(SAFE_DIGITS, False), (SAFE_DIGITS + 1, True)])
def test_figures_are_rounded_above_a_width(digits: int, is_float: bool) -> None:
    made = plan({"D": "DATE", "N": f"NUMBER({digits},0)"})
    statement = query.select_figures(made, read_by=None, rounded=True)
    assert any(field.alias == "abs_1" for field in statement.fields) == is_float


def test_no_bad_date_can_be_selected_of_dates() -> None:
    with pytest.raises(ValueError, match="always valid"):
        query.select_bad_dates(plan({"D": "DATE", "N": "NUMBER(3,0)"}), 5)


def test_literal_rows_stand_for_the_table_that_is_read_once() -> None:
    made = plan({"D": "DATE", "N": "NUMBER(3,0)"})
    read = query.select_rows(made)
    name = qualify(made.source.name)
    assert read.sql.count(name) == 1
    over = over_literals(read, made.source, [["2024-01-31", "7"], [None, None]])
    assert name not in over.sql
    assert "VALUES ('2024-01-31', '7'), (NULL, NULL)" in over.sql
    for times in (0, 2):
        with pytest.raises(ValueError, match="several times, or not at all"):
            over_literals(replace(read, sql=name * times), made.source, [])


def test_months_of_several_plans_side_by_side() -> None:
    columns = {"D": "DATE", "E": "DATE", "K": "TEXT"}
    plans = [plan(columns, date_column=name) for name in ("D", "E")]
    months = select_month_of_each(plans).fields
    assert [field.alias for field in months] == ["month_1", "month_2"]
    assert [field.sql for field in months] == [query.select_rows(p).fields[0].sql for p in plans]
