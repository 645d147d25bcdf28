"""Blank rows, hard names, and tables of every shape."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.tables import Column, Table, dated

JAN, FEB = date(2024, 1, 31), date(2024, 2, 29)


SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)


def test_blank_rows(parity: Bench) -> None:
    """Blank texts of every kind; what only looks blank; and a value in a dropped column."""
    looks = ("\u200b", "\x1c", "\u180e", "\u2060", "\ufeff", "x")
    texts = [*SPACES, SPACES, "", None, None, *looks, None, None, None, None, None, None]
    rest = len(texts) - 6
    variants = (
        ["null", None] * (rest // 2) + [None] * (rest % 2) + ["{}", "[]", '""', "0", None, None]
    )
    columns = (
        Column("D", "DATE", (None,) * len(texts)),
        Column("T", "VARCHAR", tuple(texts)),
        Column("V", "VARIANT", tuple(variants)),
        Column("F", "FLOAT", (None,) * (len(texts) - 2) + (float("nan"), None)),
        Column("GONE", "BOOLEAN", (None,) * (len(texts) - 1) + (False,)),
        Column("N", "NUMBER(3,0)", (None,) * len(texts)),
    )
    assert len(variants) == len(texts)
    check(parity, Table(columns, "D", ("T", "V"), ("N", "F")))
    check(parity, Table(columns, "D", (), ("N",)), "csv")


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("form", ["parquet", "json", "ndjson", "csv"])
def test_no_rows(parity: Bench, rows: int, form: str) -> None:
    columns = (
        Column("D", "DATE", (None,) * rows),
        Column("T", "VARCHAR", (" ", "", "\u3000")[:rows]),
        Column("AMT", "NUMBER(12,2)", (None,) * rows),
    )
    check(parity, Table(columns, "D", ("T",), ("AMT",)), form)


NAMES = (
    'say "x"', "a.b", "two words", "it's", "Größe", "😀", "SELECT", "c; DROP TABLE x --", "100%",
    ":1",
    "back\\slash", "month", "key_1", "sum_1", "rows", "total", "blank", "bad", "groups", "line",
    "X", "x",
    "comma,", "tab\t", "[/b]", "{a}", "group_sum_1", "blank_row", "bad_date", "magnitude_1",
)  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "csv", "ndjson"])
def test_names(parity: Bench, form: str) -> None:
    """Names that look like SQL, like text formats, and like the aliases of the statements."""
    names = NAMES if format != "csv" else tuple(n for n in NAMES if '"' not in n)
    keys, sums = names[::2], names[1::2]
    columns = [Column("D", "DATE", (JAN, JAN, FEB))]
    for n, name in enumerate(names):
        values = ("a", "a", None) if name in keys else (n, n + 1, None)
        columns.append(Column(name, "VARCHAR" if name in keys else "NUMBER(9,0)", values))
    check(parity, Table(tuple(columns), "D", keys, sums), form)


def test_names_of_months(parity: Bench) -> None:
    for name in ('"', "month", "key_1"):
        check(parity, dated("DATE", JAN, FEB, name=name), "ndjson")


@pytest.mark.parametrize("name", ['we.ird "name"', "😀 x'; --", "lower"])
def test_names_of_tables(parity: Bench, name: str) -> None:
    check(parity, dated("DATE", JAN, FEB), "csv", name=name)


def shape(rows: int, groups: int, **more: Any) -> Table:
    """`rows` rows in `groups` groups."""
    number = [n % groups for n in range(rows)]
    columns = (
        Column("K", "VARCHAR", tuple(f"k{n:04}" for n in number)),
        Column("GONE", "VARIANT", ('{"a":1}',) * rows),
        Column("AMT", "NUMBER(12,2)", tuple(Decimal(n).scaleb(-2) for n in range(rows))),
        Column("D", "DATE", tuple(date(2020 + n % 5, 1 + n % 12, 1 + n % 28) for n in number)),
        Column("B", "BOOLEAN", tuple(n % 2 == 0 for n in number)),
    )
    return Table(columns, **{"month": "D", "keys": ("K", "B"), "sums": ("AMT",), **more})


SHAPES: dict[str, Table] = {
    "one_row": shape(1, 1),
    "one_group": shape(300, 1),
    "all_distinct": shape(300, 300),
    "view": shape(40, 7, view=True),
    "no_keys": shape(300, 60, keys=()),
    "no_sums": shape(300, 60, sums=()),
    "month_only": shape(300, 60, keys=(), sums=()),
    "number_key": shape(300, 60, keys=("AMT",), sums=()),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(parity: Bench, name: str) -> None:
    formats = ("parquet", "csv", "ndjson", "json")
    check(parity, SHAPES[name], formats[list(SHAPES).index(name) % 4])


@pytest.mark.parametrize("form", ["parquet", "json", "ndjson", "csv"])
def test_names_of_its_own(parity: Bench, form: str) -> None:
    """The month, a key and a sum are renamed, two of them to names of the table and the result."""
    columns = (
        Column("N", "NUMBER(3,0)", (1, 2, 4)),
        Column("D", "DATE", (JAN, JAN, FEB)),
        Column('say "x"', "VARCHAR", ("a", "a", "b")),
    )
    names = {"D": "sum_1", "N": "D", 'say "x"': "Größe, 1"}
    check(parity, Table(columns, "D", ('say "x"',), ("N",), options={"rename": names}), form)
