"""The sandbox's sample tables, DEMO.PUBLIC, generated with fixed seeds.

======================= ========== ===============================================================
`LOCATIONS_595`                595 places: unicode names, a text column DOB with dates such as
                                   07/23/1968, 14 fully blank rows, NULLs
`ORDERS_100K`              100,000 the columns of TPC-H's ORDERS; 2 blank rows
`SHOP_SALES`                73,040 daily sales of 2021 to 2025 by region, category and channel, with
                                   seasons and growth; 3 blank rows
`MOVIE_RATINGS_27M`     27,753,444 USERID, MOVIEID, RATING, TIMESTAMP (epoch seconds), one user
                                   after the other, 285 months from 1995-01 to 2018-09
`"Mixed Case"`                  60 quoted and unicode column names, two that differ by case only,
                                   every type, NaN, NULLs, blank rows, 0001-01-01 and 9999-12-31,
                                   TIMESTAMP_TZ around the ends of months in several offsets
`ORDERS_1998`               a view the orders of 1998
======================= ========== ===============================================================

The rows of a table are generated when it is first read; its name, types and row count exist before.
"""

from __future__ import annotations

from core.sandbox.samples import locations, messy, movies, orders, sales
from core.sandbox.samples.declare import Installer

DATABASE, SCHEMA = "DEMO", "PUBLIC"


def install(target: Installer) -> None:
    """Declare the sample tables in a new warehouse."""
    target.catalog.create_database(DATABASE, "Sample tables of the sandbox")
    for module in (locations, orders, sales, movies, messy):
        module.declare(target, (DATABASE, SCHEMA))


__all__ = ["DATABASE", "SCHEMA", "install"]
