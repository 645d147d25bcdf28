"""What the app looks at before a transfer, over a session of the sandbox."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.aggregation.first_rows import FirstRows
from core.errors import CancelledError, SourceDataError, TransferError, UsageError
from core.planning.names import TableName
from core.preview.browser import Explorer, Look
from core.preview.month_preview import Months, refine_grain
from core.request.request import Request
from core.transfer import run_transfer
from core.warehouse import catalog
from tests.support import deliveries
from tests.support.deliveries import (
    delivered,
    execute,
    make_table,
    oracle,
    raw_rows,
    rows_of,
    transfer,
)
from tests.support.sources import request
from tests.support.waiting import AT_ONCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
LARGE = 400_000
BLANK = "(NULL, NULL, NULL)"


@pytest.fixture(scope="module")
def explorer(sandbox: Sandbox) -> Iterator[Explorer]:
    with Explorer.open(sandbox.snowflake) as opened:
        yield opened


@pytest.fixture(scope="module")
def large(sandbox: Sandbox) -> str:
    """A table with ten months: U is unique, H is there twice and C four hundred times."""
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE LARGE AS SELECT"
        " DATEADD('MONTH', SEQ4() % 10, '2024-01-15'::DATE) AS D, SEQ4() AS U,"
        f" SEQ4() % {LARGE // 2} AS H, SEQ4() % 1000 AS C, 1 AS N"
        f" FROM TABLE(GENERATOR(ROWCOUNT => {LARGE}))",
    )
    return "LARGE"


def preview(explorer: Explorer, table: str, exact: bool = False, **options: Any) -> Months:
    look = explorer.look(table, NEVER)
    return explorer.preview(explorer.plan(look, request(**options)), NEVER, exact=exact)


class TestCatalog:
    def test_where_the_session_is(self, explorer: Explorer) -> None:
        assert explorer.place == ("DEMO", "PUBLIC")

    def test_nowhere(self, sandbox: Sandbox) -> None:
        place = {k: v for k, v in sandbox.snowflake.items() if k not in ("database", "schema")}
        with Explorer.open(place) as opened:
            assert opened.place == (None, None)
            assert opened.look("DEMO.PUBLIC.ORDERS_1998", NEVER).source.is_view
            with pytest.raises(UsageError, match="No database or schema"):
                opened.look("ORDERS_1998", NEVER)

    def test_databases_and_schemas(self, explorer: Explorer) -> None:
        assert "DEMO" in explorer.databases(NEVER)
        schemas = explorer.schemas("DEMO", NEVER)
        assert "PUBLIC" in schemas
        assert "INFORMATION_SCHEMA" not in schemas

    def test_tables_and_views(self, explorer: Explorer) -> None:
        pages = list(explorer.tables("DEMO", "PUBLIC", NEVER))
        found = {str(entry.name): entry for page in pages for entry in page}
        orders, view = found["DEMO.PUBLIC.ORDERS_100K"], found["DEMO.PUBLIC.ORDERS_1998"]
        assert (orders.kind, orders.rows) == ("TABLE", 100_000)
        assert orders.bytes
        assert (view.kind, view.rows, view.bytes) == ("VIEW", None, None)
        assert 'DEMO.PUBLIC."Mixed Case"' in found

    def test_all_schemas(self, explorer: Explorer, sandbox: Sandbox) -> None:
        execute(sandbox, "CREATE SCHEMA IF NOT EXISTS DEMO.OTHER")
        execute(sandbox, "CREATE OR REPLACE TABLE DEMO.OTHER.ORDERS_100K (D DATE)")
        try:
            entries = [e for page in explorer.tables("DEMO", None, NEVER) for e in page]
        finally:
            execute(sandbox, "DROP SCHEMA DEMO.OTHER")
        schemas = [e.name.schema for e in entries if e.name.table == "ORDERS_100K"]
        assert sorted(schemas) == ["OTHER", "PUBLIC"]

    def test_pages(
        self, explorer: Explorer, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Names that begin with one another, and more of them than a page holds."""
        monkeypatch.setattr(catalog, "_FIRST_PAGE", 2)
        monkeypatch.setattr(catalog, "_PAGE", 3)
        names = ["A", "AA", "AAA", "B%", "B_", "it's", 'q"q', "z\\"]
        execute(
            sandbox,
            "CREATE OR REPLACE SCHEMA DEMO.PAGES",
            *(
                f'CREATE TABLE DEMO.PAGES."{n.replace(chr(34), chr(34) * 2)}" (D DATE)'
                for n in names
            ),
        )
        try:
            pages = list(explorer.tables("DEMO", "PAGES", NEVER))
        finally:
            execute(sandbox, "DROP SCHEMA DEMO.PAGES")
        assert [e.name.table for page in pages for e in page] == sorted(names)
        assert [len(page) for page in pages] == [2, 3, 3]

    def test_a_search_covers_every_database_and_reads_wildcards_as_letters(
        self, explorer: Explorer, sandbox: Sandbox
    ) -> None:
        database = f"FOUND_{uuid.uuid4().hex[:8].upper()}"
        execute(
            sandbox,
            f"CREATE DATABASE {database}",
            f"CREATE SCHEMA {database}.RAW",
            f"CREATE TABLE {database}.RAW.FAR_ORDERS_1 (D DATE, N NUMBER(9,2) NOT NULL)",
            f"CREATE TABLE {database}.RAW.FARXORDERSX1 (D DATE)",
        )
        name = TableName(database, "RAW", "FAR_ORDERS_1")
        try:
            found = explorer.search("far_orders_", NEVER)
            columns = explorer.columns(name, NEVER)
            nowhere = explorer.search("tables_priv", NEVER)
        finally:
            execute(sandbox, f"DROP DATABASE {database}")
        assert [(each.name, each.kind) for each in found] == [(name, "TABLE")]
        assert [(each.name, each.type.text, each.nullable) for each in columns] == [
            ("D", "DATE", True),
            ("N", "NUMBER(9,2)", False),
        ]
        assert nowhere == []
        with pytest.raises(SourceDataError):
            explorer.columns(name, NEVER)

    def test_a_schema_that_is_not_there(self, explorer: Explorer) -> None:
        with pytest.raises(SourceDataError):
            list(explorer.tables("DEMO", "NOWHERE", NEVER))
        with pytest.raises(SourceDataError):
            explorer.schemas("NOWHERE", NEVER)


class TestLook:
    def test_orders(self, explorer: Explorer) -> None:
        look = explorer.look(TableName("DEMO", "PUBLIC", "ORDERS_100K"), NEVER)
        facts = {fact.name: fact for fact in look.facts}
        assert list(facts) == [column.name for column in look.source.columns]
        assert look.rows == 5_000
        assert sorted(facts["O_ORDERSTATUS"].values) == ["F", "O", "P"]
        assert facts["O_ORDERKEY"].identifier == "name ends in KEY"
        assert not facts["O_TOTALPRICE"].identifier
        assert all(len(text) <= 40 for fact in look.facts for text in fact.values)

    def test_every_type_has_its_facts(self, explorer: Explorer) -> None:
        look = explorer.look('"Mixed Case"', NEVER)
        assert look.rows == 60
        for fact in look.facts:
            assert fact.values, fact.name
            assert 0 < fact.nulls < 1, fact.name
            assert all(text.isprintable() and text.strip() == text for text in fact.values)
        assert "SELECT" in {fact.name for fact in look.facts}

    def test_nulls(self, explorer: Explorer, sandbox: Sandbox) -> None:
        table = make_table(sandbox, "D DATE, N NUMBER(3,0), V VARCHAR", "('2024-01-01', 1, 'a')",
                           "(NULL, NULL, ' ')", "(NULL, NULL, 'a')", "(NULL, 2, NULL)")  # fmt: skip
        facts = explorer.look(table, NEVER).facts
        assert [fact.nulls for fact in facts] == [0.75, 0.5, 0.25]
        assert [fact.values for fact in facts] == [("2024-01-01",), ("1", "2"), ("a",)]

    def test_an_empty_table(self, explorer: Explorer, sandbox: Sandbox) -> None:
        look = explorer.look(make_table(sandbox, "D DATE, B BOOLEAN"), NEVER)
        assert look.rows == 0
        assert [(fact.values, fact.nulls) for fact in look.facts] == [((), 0.0)] * 2

    def test_no_such_table(self, explorer: Explorer) -> None:
        with pytest.raises(SourceDataError, match="does not exist") as caught:
            explorer.look("ORDERS_100", NEVER)
        assert "ORDERS_100K" in caught.value.hint
        with pytest.raises(UsageError):
            explorer.look("a.b.c.d", NEVER)

    def test_the_plan_is_that_of_a_run(self, explorer: Explorer, sandbox: Sandbox) -> None:
        from core import plan_transfer

        for table in ("ORDERS_100K", "LOCATIONS_595", '"Mixed Case"', "ORDERS_1998"):
            options = {"table": table, "bucket": "partner", "connection": sandbox.snowflake}
            look = explorer.look(table, NEVER)
            asked = Request.of(**options)
            plan = explorer.plan(look, asked)
            months = explorer.preview(plan, NEVER, exact=False)
            assert refine_grain(plan, months) == plan_transfer(asked).plan


class TestFirstRows:
    @pytest.mark.parametrize(
        ("table", "options"),
        [
            ('"Mixed Case"', {}),
            ("LOCATIONS_595", {"date_column": "DOB", "key_columns": "none"}),
            ("LOCATIONS_595", {"date_column": "DOB", "since": "1990-01", "until": "1990-12"}),
        ],
    )
    def test_they_are_those_of_the_file(
        self, explorer: Explorer, sandbox: Sandbox, table: str, options: dict[str, Any]
    ) -> None:
        place = deliveries.options(sandbox, bucket=sandbox.s3["bucket"])
        name = f"{uuid.uuid4().hex}/f.{{ext}}"
        asked = request(table=table, file_name=name, **place, **options)
        plan = explorer.plan(explorer.look(table, NEVER), asked)
        ahead = explorer.first_rows(plan, NEVER, rows=3)
        outcome = run_transfer(asked)
        assert ahead.columns == outcome.first_rows.columns
        assert ahead.rows == outcome.first_rows.rows[:3]
        assert len(ahead.rows) == 3

    def test_of_a_large_table_they_are_those_of_a_sample(
        self, explorer: Explorer, large: str
    ) -> None:
        plan = explorer.plan(explorer.look(large, NEVER), request(key_columns="C"))
        ahead = explorer.first_rows(plan, NEVER, rows=3)
        assert ahead.columns == tuple(column.name for column in plan.delivered)
        assert len(ahead.rows) == 3
        assert {row[0] for row in ahead.rows} == {"2024-01-01"}

    def test_of_a_table_without_rows_there_are_none(
        self, explorer: Explorer, sandbox: Sandbox
    ) -> None:
        table = make_table(sandbox, "D DATE, N NUMBER(3,0)")
        plan = explorer.plan(explorer.look(table, NEVER), request())
        ahead = explorer.first_rows(plan, NEVER, rows=3)
        assert ahead == FirstRows(("D", "N"), ())


class TestPreview:
    @pytest.mark.parametrize("exact", [False, True])
    def test_months_are_those_of_the_delivery(
        self, explorer: Explorer, sandbox: Sandbox, exact: bool
    ) -> None:
        months = preview(explorer, "ORDERS_100K", exact, drop_columns=["O_ORDERKEY"])
        table = raw_rows(sandbox, "ORDERS_100K")
        expected = oracle(
            "SELECT date_trunc('month', O_ORDERDATE)::DATE AS m, count(*), sum(O_CUSTKEY),"
            " sum(O_TOTALPRICE), sum(O_SHIPPRIORITY) FROM t WHERE O_ORDERKEY IS NOT NULL"
            " GROUP BY m ORDER BY m",
            t=table,
        )
        assert [(m.month, m.rows, *m.sums) for m in months.months] == expected
        assert all(isinstance(total, Decimal) for m in months.months for total in m.sums)
        assert (months.rows_seen, months.blank_rows, months.bad_dates) == (100_000, 2, 0)
        assert not months.sampled

    def test_expected_rows_are_counted_or_estimated(
        self, explorer: Explorer, sandbox: Sandbox
    ) -> None:
        options = {"key_columns": "O_ORDERSTATUS,O_CLERK", "sum_columns": "O_TOTALPRICE"}
        rows = transfer(sandbox, "ORDERS_100K", **options)["row_count"]
        counted = preview(explorer, "ORDERS_100K", **options)
        assert counted.expected_rows == rows
        estimated = preview(explorer, "ORDERS_100K", exact=True, **options).expected_rows
        assert estimated == pytest.approx(rows, rel=0.1)

    def test_without_keys_there_are_as_many_rows_as_months(self, explorer: Explorer) -> None:
        for exact in (False, True):
            months = preview(explorer, "ORDERS_100K", exact, key_columns="none")
            assert months.expected_rows == len(months.months) == 80

    def test_a_sample_of_a_large_table(self, explorer: Explorer, large: str) -> None:
        months = preview(explorer, large, key_columns="none")
        assert months.sampled
        assert months.rows_seen == pytest.approx(100_000, rel=0.1)
        assert (len(months.months), months.expected_rows) == (10, 10)
        exact = preview(explorer, large, exact=True, key_columns="none")
        assert not exact.sampled
        assert (exact.rows_seen, exact.expected_rows) == (LARGE, 10)
        assert sum(month.rows for month in exact.months) == LARGE

    @pytest.mark.parametrize(("keys", "groups"), [("U", LARGE), ("H", LARGE // 2), ("C", 1_000)])
    def test_groups_are_estimated_from_a_sample(
        self, explorer: Explorer, large: str, keys: str, groups: int
    ) -> None:
        months = preview(explorer, large, key_columns=keys, sum_columns="N")
        assert months.expected_rows == pytest.approx(groups, rel=0.15)

    def test_views_are_looked_at_from_their_beginning(
        self, explorer: Explorer, sandbox: Sandbox, large: str
    ) -> None:
        small = preview(explorer, "ORDERS_1998")
        assert not small.sampled
        assert small.expected_rows is not None
        execute(sandbox, f"CREATE OR REPLACE VIEW LARGE_VIEW AS SELECT * FROM {large}")
        seen = preview(explorer, "LARGE_VIEW", sum_columns="N")
        execute(sandbox, "DROP VIEW LARGE_VIEW")
        assert seen.sampled
        assert (seen.rows_seen, seen.expected_rows) == (100_000, None)

    @pytest.mark.parametrize("exact", [False, True])
    def test_blank_rows_and_bad_dates(
        self, explorer: Explorer, sandbox: Sandbox, exact: bool
    ) -> None:
        table = make_table(
            sandbox,
            "D VARCHAR, N NUMBER(5,2), K VARCHAR",
            *(f"('2024-01-{day:02}', 0.10, 'a')" for day in range(1, 29)),
            *("('n/a', 1, 'a')", "(NULL, 2, 'a')", "(' ', NULL, '')", BLANK, BLANK),
        )
        months = preview(explorer, table, exact)
        (january, none) = months.months
        assert (str(january.month), january.rows, january.sums) == (
            "2024-01-01", 28, (Decimal("2.80"),),
        )  # fmt: skip
        assert (none.month, none.rows, none.sums) == (None, 2, (Decimal("3.00"),))
        assert (months.rows_seen, months.blank_rows, months.bad_dates) == (33, 3, 1)
        assert months.expected_rows == 2

    @pytest.mark.parametrize("exact", [False, True])
    def test_a_month_of_only_nulls_sums_to_none(
        self, explorer: Explorer, sandbox: Sandbox, exact: bool
    ) -> None:
        table = make_table(sandbox, "D DATE, N NUMBER(5,2), F FLOAT", "('2024-01-01', NULL, NULL)")
        (month,) = preview(explorer, table, exact).months
        assert month.sums == (None, None)

    @pytest.mark.parametrize("exact", [False, True])
    def test_a_table_without_rows(self, explorer: Explorer, sandbox: Sandbox, exact: bool) -> None:
        months = preview(explorer, make_table(sandbox, "D DATE, N NUMBER(5,2)"), exact)
        assert (months.months, months.rows_seen, months.expected_rows) == ((), 0, 0)

    @pytest.mark.parametrize("exact", [False, True])
    def test_sums_beyond_38_digits_become_floats(
        self, explorer: Explorer, sandbox: Sandbox, exact: bool
    ) -> None:
        row = f"('2024-01-01', {10**37 * 9}, 1.50)"
        table = make_table(sandbox, "D DATE, W NUMBER(38,0), N NUMBER(5,2)", row, row)
        (month,) = preview(explorer, table, exact).months
        assert month.sums == (pytest.approx(1.8e38), Decimal("3.00"))
        assert isinstance(month.sums[0], float)

    @pytest.mark.parametrize("exact", [False, True])
    @pytest.mark.parametrize("column", ['say "when"', "WHEN_NTZ", "when ltz", "when tz"])
    def test_hard_names_and_values(self, explorer: Explorer, exact: bool, column: str) -> None:
        months = preview(explorer, '"Mixed Case"', exact, date_column=column)
        assert (months.rows_seen, months.blank_rows) == (60, 3)
        assert sum(month.rows for month in months.months) == 57

    def test_months_agree_with_a_delivery(self, explorer: Explorer, sandbox: Sandbox) -> None:
        options = {"date_column": "when tz", "key_columns": "none", "sum_columns": "price.net"}
        rows = rows_of(delivered(sandbox, transfer(sandbox, '"Mixed Case"', **options)))
        months = preview(explorer, '"Mixed Case"', exact=True, **options).months
        assert [(*month.sums, month.month) for month in months] == rows


class TestPrivileges:
    def test_only_what_the_role_may_see(self, sandbox: Sandbox) -> None:
        execute(sandbox, "CREATE ROLE IF NOT EXISTS NOBODY")
        with Explorer.open(sandbox.snowflake, role="NOBODY") as opened:
            assert opened.databases(NEVER) == []
            with pytest.raises(TransferError) as caught:
                opened.look("DEMO.PUBLIC.ORDERS_100K", NEVER)
        assert caught.value.exit_code in (3, 4)


class TestCancelling:
    def test_before(self, explorer: Explorer) -> None:
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(CancelledError):
            explorer.look("ORDERS_100K", cancel)

    def test_a_running_preview(self, explorer: Explorer, sandbox: Sandbox) -> None:
        execute(
            sandbox,
            "CREATE OR REPLACE VIEW ENDLESS AS SELECT A.O_ORDERDATE AS D, B.O_CUSTKEY AS N"
            " FROM ORDERS_100K A CROSS JOIN ORDERS_100K B",
        )
        try:
            look = explorer.look("ENDLESS", NEVER)
            made = explorer.plan(look, request())
            cancel = threading.Event()
            timer = threading.Timer(0.3, cancel.set)
            timer.start()
            started = time.monotonic()
            with pytest.raises(CancelledError):
                explorer.preview(made, cancel, exact=True)
            assert time.monotonic() - started < AT_ONCE
        finally:
            execute(sandbox, "DROP VIEW ENDLESS")
        assert explorer.databases(NEVER)

    def test_a_closed_session_says_so(self, sandbox: Sandbox) -> None:
        with Explorer.open(sandbox.snowflake) as opened:
            pass
        with pytest.raises(TransferError):
            opened.databases(NEVER)


def test_looks_compare_by_value(explorer: Explorer) -> None:
    first, second = (explorer.look("LOCATIONS_595", NEVER) for _ in range(2))
    assert isinstance(first, Look)
    assert first == second
