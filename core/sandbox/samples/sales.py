"""SHOP_SALES: five years of a chain of shops, with seasons, growth and three blank rows.

All figures are computed in whole numbers, so that they are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.sandbox.samples.declare import Installer, Where, literal, table

NAME = "SHOP_SALES"
DAYS = 1826  # 2021-01-01 to 2025-12-31
ROWS = DAYS * 4 * 5 * 2  # regions, categories, channels
_BLANK = (20_210, 40_420, 60_630)
_COLUMNS = (
    ("SOLD_ON", "DATE"),
    ("REGION", "VARCHAR(10)"),
    ("CATEGORY", "VARCHAR(12)"),
    ("CHANNEL", "VARCHAR(8)"),
    ("ORDERS", "NUMBER(9,0)"),
    ("UNITS", "NUMBER(9,0)"),
    ("REVENUE", "NUMBER(12,2)"),
    ("REFUNDS", "NUMBER(12,2)"),
)
# Each with its share of the units, in percent.
_REGIONS = {"North": 31, "South": 27, "East": 18, "West": 24}
_CHANNELS = ("shop", "online")
# Units a day at the beginning, cents a unit, and the seasons: percent of that, by month.
_CATEGORIES = {
    "Books": (190, 1_790, (88, 84, 86, 88, 86, 84, 92, 90, 98, 104, 124, 176)),
    "Garden": (150, 2_450, (22, 38, 96, 168, 214, 188, 148, 122, 92, 60, 28, 24)),
    "Kitchen": (110, 3_990, (96, 90, 92, 94, 96, 88, 80, 82, 94, 102, 122, 164)),
    "Sports": (130, 3_290, (138, 112, 102, 108, 116, 118, 104, 96, 92, 78, 72, 64)),
    "Toys": (120, 2_190, (62, 58, 66, 78, 72, 74, 78, 74, 82, 102, 178, 276)),
}
# Percent of the first year at its beginning and at the end of each; a shop grows less than the web.
_GROWTH = {"shop": (100, 106, 112, 121, 126, 134), "online": (34, 58, 71, 92, 118, 149)}
_WEEKDAYS = {"shop": (20, 84, 88, 92, 98, 128, 190), "online": (128, 104, 98, 96, 94, 86, 94)}
_REFUNDED = {"shop": 3, "online": 9}  # percent of the units


def _pick(index: str, values: Iterable[object]) -> str:
    """Return the value at an index, from 0 on, as DuckDB's SQL."""
    return f"([{', '.join(map(literal, values))}])[1 + {index}]"


def _by_channel(index: str, values: Mapping[str, Iterable[int]]) -> str:
    cases = (f"WHEN {n} THEN {_pick(index, values[name])}" for n, name in enumerate(_CHANNELS))
    return f"(CASE channel {' '.join(cases)} END)"


def _select() -> str:
    categories = list(_CATEGORIES.values())
    cases = (f"WHEN {n} THEN {_pick('month', each[2])}" for n, each in enumerate(categories))
    season = f"(CASE category {' '.join(cases)} END)"
    grown = (
        f"({_by_channel('year', _GROWTH)} * (12 - month)"
        f" + {_by_channel('year + 1', _GROWTH)} * month)"
    )
    units = (
        f"{_pick('category', [each[0] for each in categories])} * {season} * {grown}"
        f" * {_pick('region', list(_REGIONS.values()))} * {_by_channel('weekday', _WEEKDAYS)}"
        f" * (88 + (hash(i, 1) % 25)::BIGINT) // (12 * {100**5})"
    )
    refunded = f"{_pick('channel', list(_REFUNDED.values()))} + (hash(i, 2) % 3)::BIGINT"
    values = (
        "day",
        _pick("region", list(_REGIONS)),
        _pick("category", list(_CATEGORIES)),
        _pick("channel", list(_CHANNELS)),
        "units * 10 // (13 + (hash(i, 3) % 7)::BIGINT)",
        "units",
        "(units * cents)::DECIMAL(12,0) * 0.01::DECIMAL(3,2)",
        f"(units * ({refunded}) // 100 * cents)::DECIMAL(12,0) * 0.01::DECIMAL(3,2)",
    )
    listed = ", ".join(f"CASE WHEN i NOT IN {_BLANK} THEN {each} END" for each in values)
    each_day = f"DATE '2021-01-01' + (i // {ROWS // DAYS})::INTEGER"
    return f"""SELECT {listed} FROM (
        SELECT *, {units} AS units, {_pick("category", [each[1] for each in categories])} AS cents
        FROM (SELECT i, {each_day} AS day, year({each_day}) - 2021 AS year,
            month({each_day}) - 1 AS month, dayofweek({each_day}) AS weekday,
            i // {len(_CATEGORIES) * len(_CHANNELS)} % {len(_REGIONS)} AS region,
            i // {len(_CHANNELS)} % {len(_CATEGORIES)} AS category, i % {len(_CHANNELS)} AS channel
            FROM range({ROWS}) AS r(i)))"""


def declare(target: Installer, where: Where) -> None:
    """Declare the table."""
    table(target, where, NAME, _COLUMNS, ROWS, _select, "Sales of each day")
