"""ORDERS_100K: TPC-H's ORDERS (specification 2.18, 4.2.3) at scale 0.067, with two blank rows."""

from __future__ import annotations

from core.sandbox.samples.declare import Installer, Where, table
from core.sandbox.warehouse.catalog.catalog import Table, TableColumn
from core.sandbox.warehouse.types import SqlType, number, text

NAME = "ORDERS_100K"
ROWS = 100_000
_BLANK = (31_337, 77_777)
_COLUMNS = (
    ("O_ORDERKEY", "NUMBER(38,0)"),
    ("O_CUSTKEY", "NUMBER(38,0)"),
    ("O_ORDERSTATUS", "VARCHAR(1)"),
    ("O_TOTALPRICE", "NUMBER(12,2)"),
    ("O_ORDERDATE", "DATE"),
    ("O_ORDERPRIORITY", "VARCHAR(15)"),
    ("O_CLERK", "VARCHAR(15)"),
    ("O_SHIPPRIORITY", "NUMBER(38,0)"),
    ("O_COMMENT", "VARCHAR(79)"),
)
_PRIORITIES = ("1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW")
_WORDS = [
    "furiously",
    "quickly",
    "carefully",
    "blithely",
    "slyly",
    "final",
    "regular",
    "express",
    "special",
    "pending",
    "ironic",
    "bold",
    "even",
    "silent",
    "daring",
    "packages",
    "requests",
    "accounts",
    "deposits",
    "foxes",
    "ideas",
    "theodolites",
    "pinto",
    "beans",
    "instructions",
    "dependencies",
    "excuses",
    "platelets",
    "asymptotes",
    "courts",
    "dolphins",
    "multipliers",
    "sauternes",
    "warthogs",
    "frets",
    "dinos",
    "attainments",
    "somas",
    "patterns",
    "forges",
    "braids",
    "frays",
    "warhorses",
    "dugouts",
    "notornis",
    "epitaphs",
    "pearls",
    "tithes",
    "waters",
    "orbits",
    "gifts",
    "sheaves",
    "depths",
    "sentiments",
    "decoys",
    "realms",
    "pains",
    "grouches",
    "escapades",
    "hockey",
    "players",
]
_DAYS = 2406  # 1992-01-01 to 1998-08-02
_STATUS_DAYS = (1200, 1320)  # delivered before mid-April 1995, open from mid-August on


def _pick(options: tuple[str, ...] | list[str], salt: int) -> str:
    listed = ", ".join(f"'{each}'" for each in options)
    return f"([{listed}])[1 + (hash(i, {salt}) % {len(options)})::INTEGER]"


def _select() -> str:
    day = f"(hash(i, 1) % {_DAYS})::INTEGER"
    words = " || ' ' || ".join(_pick(_WORDS, 20 + k) for k in range(7))
    values = (
        "(i // 8 * 32 + i % 8 + 1)",  # TPC-H uses 8 of 32 keys
        "(hash(i, 2) % 9999 // 2 * 3 + hash(i, 2) % 2 + 1)",  # a third of customers has no orders
        f"CASE WHEN {day} < {_STATUS_DAYS[0]} THEN 'F' WHEN {day} < {_STATUS_DAYS[1]} THEN 'P'"
        " ELSE 'O' END",
        "(85000 + hash(i, 3) % 55400000)::DECIMAL(12,0) * 0.01::DECIMAL(3,2)",
        f"DATE '1992-01-01' + {day}",
        _pick(_PRIORITIES, 4),
        "'Clerk#' || lpad((1 + hash(i, 5) % 1000)::VARCHAR, 9, '0')",
        "0",
        f"left({words}, 79)",
    )
    blank = f"i IN {_BLANK}"
    listed = ", ".join(f"CASE WHEN NOT ({blank}) THEN {each} END" for each in values)
    return f"SELECT {listed} FROM range({ROWS}) AS r(i)"


def declare(target: Installer, where: Where) -> None:
    """Declare the table and the view over it."""
    table(target, where, NAME, _COLUMNS, ROWS, _select, "TPC-H orders")
    columns = (
        TableColumn("O_ORDERKEY", number(38), "c0"),
        TableColumn("O_ORDERSTATUS", text(1), "c1"),
        TableColumn("O_TOTALPRICE", number(12, 2), "c2"),
        TableColumn("O_ORDERDATE", SqlType("DATE"), "c3"),
    )
    query = (
        "SELECT O_ORDERKEY, O_ORDERSTATUS, O_TOTALPRICE, O_ORDERDATE FROM ORDERS_100K"
        " WHERE O_ORDERDATE >= '1998-01-01'"
    )
    view = Table((*where, "ORDERS_1998"), columns, "", query, comment="The orders of 1998",
                 context=where)  # fmt: skip
    target.catalog.add(view)
