"""The list of tables: what matches, in which order, and quickly."""

from __future__ import annotations

from textual.app import App, ComposeResult

from core.planning.names import TableName
from core.warehouse.catalog import Entry
from tests.tui.app_hosts import until
from tui.workbench.tables.catalog import ORDERS, Catalog, Heading
from tui.workbench.tables.pane import TableLines, TablesPane


def entry(database: str, schema: str, table: str) -> Entry:
    return Entry(TableName(database, schema, table), "TABLE", 1, 2)


def texts(catalog: Catalog, needle: str = "") -> list[str]:
    return [
        f"# {row.text}" if isinstance(row, Heading) else row.name.table
        for row in catalog.view(needle).rows
    ]


def two_databases() -> Catalog:
    catalog = Catalog()
    catalog.add_databases(["SALES", "HR"])
    catalog.add_tables("SALES", [entry("SALES", "PUBLIC", "ORDERS")], complete=False)
    catalog.add_tables("SALES", [entry("SALES", "RAW", "ORDERS_OLD")], complete=False)
    catalog.add_tables("SALES", [entry("SALES", "PUBLIC", "ITEMS")], complete=True)
    return catalog


def test_tables_stand_below_their_schema_whatever_the_pages() -> None:
    assert texts(two_databases()) == [
        *("# SALES.PUBLIC", "ORDERS", "ITEMS"),
        *("# SALES.RAW", "ORDERS_OLD", "# HR"),
    ]


def test_every_word_must_occur_in_any_case() -> None:
    view = two_databases().view("ord raw")
    assert (view.matching, view.total) == (1, 3)
    assert texts(two_databases(), "ord raw") == ["# SALES.RAW", "ORDERS_OLD"]
    assert texts(two_databases(), "nothing") == []


def test_a_database_is_listed_once() -> None:
    catalog = two_databases()
    unlisted = [row for row in catalog.view().rows if isinstance(row, Heading) and row.database]
    assert [row.database for row in unlisted] == ["HR"]
    assert catalog.ask("HR")
    assert not catalog.ask("HR")
    catalog.add_tables("HR", [], complete=True)
    assert catalog.view().rows[-1] == Heading("HR", "no tables")


def test_the_largest_come_first_and_unknown_ones_last() -> None:
    catalog = Catalog()
    sizes = {"A": (5, 30), "B": (None, None), "C": (50, 20), "D": (7, 10)}
    entries = [Entry(TableName("X", "P", n), "TABLE", *figures) for n, figures in sizes.items()]
    catalog.add_tables("X", entries, complete=True)
    orders = {}
    for order in ORDERS:
        catalog.order = order
        orders[order] = "".join(texts(catalog)[1:])
        assert "".join(texts(catalog, "x.p")[1:]) == orders[order]
    assert orders == {"name": "ABCD", "rows": "CDAB", "size": "ACDB"}


async def test_the_full_name_is_copied_and_the_order_is_shown() -> None:
    long = "ORDERS_OF_ALL_CUSTOMERS_IN_2024"

    class Few(App[None]):
        CSS = "TablesPane { width: 40; border: round white; }"

        def compose(self) -> ComposeResult:
            self.pane = TablesPane()
            yield self.pane

    app = Few()
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.add_databases(["X"])
        app.pane.add_tables("X", [entry("X", "P", long), entry("X", "P", "SHORT")], complete=True)
        app.pane.query_one(TableLines).focus()
        await pilot.pause()
        await pilot.press("c")
        assert copied == [f"X.P.{long}"]
        await pilot.press("n")
        await until(pilot, lambda: "by rows" in str(app.pane.border_subtitle))


def test_the_tables_used_last_come_first() -> None:
    catalog = two_databases()
    catalog.note_use(TableName("SALES", "PUBLIC", "ITEMS"))
    catalog.note_use(TableName("SALES", "RAW", "ORDERS_OLD"))
    catalog.note_use(TableName("GONE", "GONE", "GONE"))
    assert texts(catalog)[:3] == ["# Recent", "ORDERS_OLD", "ITEMS"]
    assert texts(catalog, "items") == ["# SALES.PUBLIC", "ITEMS"]


def test_a_hundred_thousand_tables() -> None:
    catalog = Catalog()
    pages = [
        [
            entry("BIG", f"S{page}", f"TABLE_{n:06}")
            for n in range(page * 10_000, page * 10_000 + 10_000)
        ]
        for page in range(10)
    ]
    for page in pages:
        catalog.add_tables("BIG", page, complete=page is pages[-1])
    assert len(catalog.view().rows) == 100_010
    view = catalog.view("le_09999")
    assert view.matching == 10
    assert len(view.rows) == 11


async def test_the_list_follows_the_filter_over_a_hundred_thousand_tables() -> None:
    pane = TablesPane()

    class Stage(App[None]):
        def compose(self) -> ComposeResult:
            yield pane

    async with Stage().run_test() as pilot:
        for page in range(10):
            names = [f"TABLE_{page * 10_000 + n:06}" for n in range(10_000)]
            tables = [entry("BIG", f"S{page}", name) for name in names]
            pane.add_tables("BIG", tables, complete=page == 9)
        await pilot.press(*"le_09999")
        await until(pilot, lambda: "10 of 100,000 tables" in str(pane.border_subtitle))
        await pilot.press("down", "enter")
        assert pane.query_one(TableLines).current == entry("BIG", "S9", "TABLE_099991")
