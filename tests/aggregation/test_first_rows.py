"""The first rows in an outcome are those of the delivered file."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core import Request, run_transfer
from core.aggregation.first_rows import ROWS
from tests.support.deliveries import delivered, make_table, options, rows_of

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def outcome(box: Sandbox, table: str, **more: Any) -> Any:
    asked = {"table": table, "bucket": box.s3["bucket"], "file_name": "head/{run_id}.{ext}"}
    return run_transfer(Request.of(**options(box, **asked, **more)))


def test_the_first_rows_of_the_file(sandbox: Sandbox) -> None:
    done = outcome(sandbox, "ORDERS_100K")
    table = delivered(sandbox, done.result)
    assert list(done.first_rows.columns) == table.column_names
    assert len(done.first_rows.rows) == ROWS
    expected = [
        tuple(f"{v:f}" if isinstance(v, Decimal) else v and str(v) for v in row)
        for row in rows_of(table.slice(0, ROWS))
    ]
    assert list(done.first_rows.rows) == expected


def test_every_type(sandbox: Sandbox) -> None:
    done = outcome(sandbox, '"Mixed Case"')
    table = delivered(sandbox, done.result)
    shown = zip(*done.first_rows.rows, strict=True)
    for name, values in zip(done.first_rows.columns, shown, strict=True):
        nulls = table[name].slice(0, ROWS).is_null().to_pylist()
        assert [value is None for value in values] == nulls, name


def test_the_values_as_text(sandbox: Sandbox) -> None:
    table = make_table(
        sandbox,
        "D DATE, B BINARY, OK BOOLEAN, T TIME(9), N TIMESTAMP_NTZ(9), V VARCHAR, F FLOAT",
        "('9999-12-31', TO_BINARY('ab01'), TRUE, '01:02:03.000000004',"
        f" '2024-01-31 01:02:03.000000004', '{'x' * 300}', 0.1)",
    )
    (row,) = outcome(sandbox, table, date_column="D", timestamp_unit="ns").first_rows.rows
    assert row == (
        "9999-12-01", "AB01", "true", "01:02:03.000000004",
        "2024-01-31 01:02:03.000000004", "x" * 200, "0.1",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_no_rows(sandbox: Sandbox, kind: str) -> None:
    head = outcome(sandbox, make_table(sandbox, "D DATE, N NUMBER(3,0)"), format=kind).first_rows
    assert (head.columns, head.rows) == (("D", "N"), ())
