"""The list of tables: what matches, in which order, and quickly."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult
from textual.widgets import Static

from core.planning.names import TableName
from core.planning.source import ColumnType, SourceColumn
from core.warehouse.catalog import Entry
from tests.tui.app_hosts import until
from tui.workbench.messages import DatabaseOpened, SearchAsked, TableOpened, TablePicked
from tui.workbench.tables.catalog import ORDERS, Branch, Catalog, Heading, Leaf, Row
from tui.workbench.tables.lines import TableLines
from tui.workbench.tables.pane import TablesPane


def entry(database: str, schema: str, table: str) -> Entry:
    return Entry(TableName(database, schema, table), "TABLE", 1, 2)


def texts(catalog: Catalog, needle: str = "") -> list[str]:
    return list(map(text_of, catalog.view(needle).rows))


def text_of(row: Row) -> str:
    """A line in short: what is open has a minus before it, what is closed a plus."""
    match row:
        case Heading(text=text):
            return f"# {text}"
        case Branch():
            return f"{'-' if row.is_open else '+'} {row.schema or row.database}"
        case Leaf():
            return f". {row.column.name if row.column else row.text}"
        case _:
            return row.name.table


def tables_of(catalog: Catalog, needle: str = "") -> list[str]:
    return [text for text in texts(catalog, needle) if text[0] not in "#-+."]


def two_databases() -> Catalog:
    catalog = Catalog()
    catalog.add_databases(["SALES", "HR"])
    catalog.add_tables("SALES", [entry("SALES", "PUBLIC", "ORDERS")], complete=False)
    catalog.add_tables("SALES", [entry("SALES", "RAW", "ORDERS_OLD")], complete=False)
    catalog.add_tables("SALES", [entry("SALES", "PUBLIC", "ITEMS")], complete=True)
    return catalog


def test_tables_stand_below_their_schema_whatever_the_pages() -> None:
    assert texts(two_databases()) == [
        *("- SALES", "- PUBLIC", "ORDERS", "ITEMS"),
        *("- RAW", "ORDERS_OLD", "+ HR"),
    ]


def test_every_word_must_occur_in_any_case() -> None:
    view = two_databases().view("ord raw")
    assert (view.matching, view.total) == (1, 3)
    assert texts(two_databases(), "ord raw") == ["- SALES", "- RAW", "ORDERS_OLD"]
    assert texts(two_databases(), "nothing") == []


def test_a_database_is_listed_once() -> None:
    catalog = two_databases()
    assert [text for text in texts(catalog) if text[0] == "+"] == ["+ HR"]
    assert not catalog.is_listed("HR")
    assert catalog.ask("HR")
    assert not catalog.ask("HR")
    assert catalog.view().rows[-1] == Branch("HR", note="…")
    catalog.add_tables("HR", [], complete=True)
    assert catalog.view().rows[-1] == Branch("HR", note="no tables")


def test_what_is_closed_hides_what_it_holds_but_not_from_a_search() -> None:
    catalog = two_databases()
    catalog.open_branch(Branch("SALES", "PUBLIC"), is_open=False)
    assert texts(catalog) == ["- SALES", "+ PUBLIC", "- RAW", "ORDERS_OLD", "+ HR"]
    catalog.open_branch(Branch("SALES"), is_open=False)
    assert texts(catalog) == ["+ SALES", "+ HR"]
    assert tables_of(catalog, "o") == ["ORDERS", "ORDERS_OLD"]
    catalog.open_branch(Branch("SALES"), is_open=True)
    assert texts(catalog) == ["- SALES", "+ PUBLIC", "- RAW", "ORDERS_OLD", "+ HR"]


def test_a_table_opens_down_to_its_columns() -> None:
    catalog = two_databases()
    name = TableName("SALES", "RAW", "ORDERS_OLD")
    assert catalog.open_table(name, is_open=True)
    assert texts(catalog)[-3:] == ["ORDERS_OLD", ". …", "+ HR"]
    columns = [SourceColumn(each, ColumnType.parse("DATE")) for each in ("D", "E")]
    catalog.add_columns(name, columns)
    assert texts(catalog, "old")[-3:] == ["ORDERS_OLD", ". D", ". E"]
    catalog.open_table(name, is_open=False)
    assert texts(catalog)[-2:] == ["ORDERS_OLD", "+ HR"]
    assert not catalog.open_table(name, is_open=True)  # they are known
    gone = TableName("SALES", "PUBLIC", "ITEMS")
    catalog.open_table(gone, is_open=True)
    catalog.add_columns(gone, ())
    assert ". no columns" in texts(catalog)


def test_a_search_looks_up_words_for_databases_that_are_not_listed() -> None:
    catalog = two_databases()
    assert catalog.find_unsearched("hr.public.staff of a Company") == ["company", "staff", "of"]
    staff = entry("HR", "PUBLIC", "STAFF")
    catalog.add_found("staff", [staff, entry("SALES", "RAW", "STAFF_OLD")])
    assert catalog.find_unsearched("staff_2") == []  # the search for `staff` has found them
    assert catalog.find_unsearched("taff") == ["taff"]
    assert texts(catalog, "staff") == ["- HR", "- PUBLIC", "STAFF"]
    catalog.add_found("taff", [staff])
    assert tables_of(catalog, "staff") == ["STAFF"]
    assert texts(catalog)[-1] == "+ HR"
    assert catalog.view().total == 3  # of what is listed
    catalog.ask("HR")  # lists it: what was found is replaced
    assert tables_of(catalog, "staff") == []
    catalog.add_tables("HR", [staff], complete=True)
    assert tables_of(catalog, "staff") == ["STAFF"]
    assert catalog.find_unsearched("anything") == []  # all are listed


def test_the_largest_come_first_and_unknown_ones_last() -> None:
    catalog = Catalog()
    sizes = {"A": (5, 30), "B": (None, None), "C": (50, 20), "D": (7, 10)}
    entries = [Entry(TableName("X", "P", n), "TABLE", *figures) for n, figures in sizes.items()]
    catalog.add_tables("X", entries, complete=True)
    orders = {}
    for order in ORDERS:
        catalog.order = order
        orders[order] = "".join(tables_of(catalog))
        assert "".join(tables_of(catalog, "x.p")) == orders[order]
    assert orders == {"name": "ABCD", "rows": "CDAB", "size": "ACDB"}


class Tree(App[None]):
    """The pane by itself; it keeps what it asks for, and what was copied."""

    CSS = "TablesPane { width: 40; height: 20; border: round white; }"

    def __init__(self) -> None:
        super().__init__()
        self.pane = TablesPane()
        self.asked: list[object] = []
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    @on(DatabaseOpened)
    @on(TableOpened)
    @on(TablePicked)
    @on(SearchAsked)
    def _keep(self, message: DatabaseOpened | TableOpened | TablePicked | SearchAsked) -> None:
        match message:
            case DatabaseOpened(database=what) | TableOpened(name=what) | SearchAsked(words=what):
                self.asked.append(what)
            case TablePicked(name=name):
                self.asked.append(f"pick {name}")

    @property
    def under_cursor(self) -> str:
        row = self.pane.query_one(TableLines).current
        return text_of(row) if row is not None else ""


async def test_the_full_name_is_shown_where_it_is_cut_and_is_copied() -> None:
    long = "ORDERS_OF_ALL_CUSTOMERS_IN_2024_1"
    app = Tree()
    async with app.run_test(size=(80, 22)) as pilot:
        app.pane.add_tables("X", [entry("X", "P", long), entry("X", "P", "SHORT")], complete=True)
        app.pane.query_one(TableLines).focus()
        await until(pilot, lambda: str(app.pane.border_subtitle) == long)
        await pilot.press("c")
        assert app.copied == [f"X.P.{long}"]
        await pilot.press("down")
        await until(pilot, lambda: str(app.pane.border_subtitle) == "2 tables")
        await pilot.press("n")
        await until(pilot, lambda: "by rows" in str(app.pane.border_subtitle))
        longer = f"{long}_AND_OF_THEIR_SUBSIDIARIES"
        app.pane.add_tables("Y", [entry("Y", "P", longer)], complete=True)
        await pilot.press("end")
        below = app.pane.query_one("#full-name", Static)
        await until(pilot, lambda: below.display and str(below.content) == longer)
        await pilot.press("up")
        await until(pilot, lambda: not below.display)


async def test_the_keys_open_and_close_the_tree_and_pass_over_what_is_open() -> None:
    app = Tree()
    async with app.run_test(size=(80, 22)) as pilot:
        pane = app.pane
        pane.add_databases(["SALES", "HR"])
        pane.add_tables("SALES", [entry("SALES", "RAW", n) for n in ("A", "B")], complete=True)
        pane.go()
        await pilot.pause()
        assert app.under_cursor == "A"  # as before there was a tree: no key to reach it
        await pilot.press("right")
        name = TableName("SALES", "RAW", "A")
        assert app.asked == [name]
        pane.add_columns(name, [SourceColumn("D", ColumnType.parse("DATE"))])
        await pilot.press("right", "c", "enter")
        assert (app.under_cursor, app.copied) == (". D", ["D"])
        assert app.asked[1:] == [f"pick {name}"]
        await pilot.press("left")
        assert app.under_cursor == "A"
        await pilot.press("left", "down")  # its columns are closed
        assert app.under_cursor == "B"
        await pilot.press("down")
        assert app.under_cursor == "+ HR"
        await pilot.press("space")
        assert app.asked[2:] == ["HR"]
        pane.ask("HR")
        pane.add_tables("HR", [entry("HR", "P", "STAFF")], complete=True)
        await pilot.press("down")
        assert app.under_cursor == "STAFF"
        await pilot.press("left", "left")
        assert app.under_cursor == "+ P"
        await pilot.press("left", "left", "enter")  # enter opens it again, which lists nothing
        assert app.under_cursor == "- HR"
        assert app.asked[3:] == []
        await pilot.press("home")
        assert app.under_cursor == "A"
        pane.mark(TableName("SALES", "RAW", "B"))  # it is above now, and opens only below
        pane.add_tables("HR", [], complete=True)
        await pilot.press("home", "right")
        assert app.under_cursor == "B"
        assert app.asked[3:] == []
        await pilot.press("down")
        assert app.under_cursor == "A"


async def test_what_is_typed_is_searched_in_all_databases_once_nobody_types() -> None:
    app = Tree()
    async with app.run_test(size=(80, 22)) as pilot:
        pane = app.pane
        pane.add_databases(["SALES", "HR"])
        pane.add_tables("SALES", [entry("SALES", "RAW", "A")], complete=True)
        await pilot.press(*"staff", "enter")
        assert "searching" in str(pane.border_subtitle)
        await until(pilot, lambda: app.asked)
        assert app.asked == [["staff"]]
        pane.add_found("staff", [entry("HR", "P", "STAFF_1")], last=True)
        await until(pilot, lambda: app.asked[1:] == ["pick HR.P.STAFF_1"])  # enter has waited
        assert "1 of 1 table" in str(pane.border_subtitle)


def test_the_tables_used_last_come_first() -> None:
    catalog = two_databases()
    catalog.note_use(TableName("SALES", "PUBLIC", "ITEMS"))
    catalog.note_use(TableName("SALES", "RAW", "ORDERS_OLD"))
    catalog.note_use(TableName("GONE", "GONE", "GONE"))
    assert texts(catalog)[:3] == ["# Recent", "ORDERS_OLD", "ITEMS"]
    assert texts(catalog, "items") == ["- SALES", "- PUBLIC", "ITEMS"]


def test_a_table_used_last_may_be_in_a_database_that_is_not_listed() -> None:
    catalog = two_databases()
    catalog.note_use(TableName("HR", "PUBLIC", "STAFF"))
    assert texts(catalog)[:2] == ["# Recent", "STAFF"]
    catalog.add_tables("HR", [], complete=True)
    assert texts(catalog)[0] == "- SALES"  # it is not there any more


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
    assert len(catalog.view().rows) == 100_011
    view = catalog.view("le_09999")
    assert view.matching == 10
    assert len(view.rows) == 12


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


def test_the_name_of_a_column_comes_before_its_type() -> None:
    column = SourceColumn("BALANCE", ColumnType.parse("NUMBER(18,2)"))
    leaf = Leaf(TableName("A", "B", "T"), column)
    lines = TableLines(id="table-list")
    for width, line in ((34, "BALANCE NUMBER(18,2)"), (22, "BALANCE NUMBER"), (16, "BALANCE")):
        shown = "".join(piece.text for piece in lines.pieces(leaf, width))
        assert shown.split() == line.split()
        assert len(shown) <= width
