"""Sums of every size and type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.oracle import EXACT
from tests.parity.tables import Column, Table

JAN, FEB = date(2024, 1, 31), date(2024, 2, 29)


def scaled(number: int, scale: int) -> Decimal:
    """`number` with its last `scale` digits behind the point."""
    return Decimal(number).scaleb(-scale, EXACT)


def summed(kind: str, *values: Any, months: int = 1) -> Table:
    """The values in one month, or in several by turns."""
    days = tuple(date(2024, 1 + n % months, 28) for n in range(len(values)))
    columns = (Column("D", "DATE", days), Column("X", kind, values))
    return Table(columns, "D", (), ("X",))


def test_sums_of_every_scale(parity: Bench) -> None:
    half = (None, 5 * 10**37 - 1, -(5 * 10**37), 1, None)
    sums = tuple(
        Column(f"S{scale}", f"NUMBER(38,{scale})", tuple(v and scaled(v, scale) for v in half))
        for scale in range(38)
    )
    columns = (Column("D", "DATE", (JAN, JAN, JAN, FEB, FEB)), *sums)
    check(parity, Table(columns, "D", (), tuple(c.name for c in sums)))


NINES = 10**38 - 1
SUMS: dict[str, Table] = {
    "nothing": summed("NUMBER(5,0)", None, None),
    "beyond_64_bits": summed("NUMBER(18,0)", *[10**18 - 1] * 20, *[1 - 10**18] * 3, months=2),
    "widest": summed("NUMBER(38,0)", NINES, None, -NINES, -NINES, None, months=3),
    "grand_total_overflows": summed("NUMBER(38,2)", *[scaled(NINES, 2)] * 3, months=3),
    "grand_total_overflows_below": summed("NUMBER(38,0)", *[-NINES] * 4, months=4),
    "group_overflows": summed("NUMBER(38,0)", NINES, 1),
    "group_overflows_below": summed("NUMBER(38,37)", *[scaled(-NINES, 37)] * 2),
    "group_overflows_far": summed("NUMBER(38,0)", *[NINES] * 300),
    # On the way there it may be more than 38 digits: an error would do, a wrong number would not.
    "overflows_on_the_way": summed("NUMBER(38,0)", *[6 * 10**37] * 2, *[-6 * 10**37] * 2),
    "floats": summed("FLOAT", 0.1, 0.2, 0.3, 1e16, -1e16, None),
    "tiny_floats": summed("FLOAT", 5e-324, 5e-324, 1e-310),
    "nan": summed("FLOAT", float("nan"), 1.0, 2.0, None, months=2),
    "infinities": summed(
        "FLOAT", float("inf"), float("-inf"), 1.0, float("inf"), 2.0, None, months=3
    ),
    "beyond_floats": summed("FLOAT", 1.7e308, 1.7e308),
    "opposite_infinities": summed("FLOAT", float("inf"), float("-inf")),
    "negative_zero": summed("FLOAT", -0.0, -0.0),
    "decfloat": summed("DECFLOAT", 1.5, -0.25, 1e30, None, months=2),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums(parity: Bench, name: str) -> None:
    check(parity, SUMS[name])
