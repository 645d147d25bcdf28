"""Sums of floats: the same rows give the same file, in whatever order their batches come."""

from __future__ import annotations

import io
import math
import uuid
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.support.deliveries import download, execute, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ROWS = 300_000
PRICE = "(MOD(SEQ4() * 7919, 100003) / 100)::FLOAT"  # hundredths, which no float holds exactly


@pytest.mark.lengthy
def test_six_files_of_300_000_prices_are_the_same(sandbox: Sandbox) -> None:
    table = f"PRICES_{uuid.uuid4().hex[:12].upper()}"
    execute(
        sandbox,
        f"CREATE TABLE {table} AS SELECT DATEADD('DAY', MOD(SEQ4(), 300), '2024-01-01'::DATE) AS D,"
        f" {PRICE} AS PRICE FROM TABLE(GENERATOR(ROWCOUNT => {ROWS}))",
    )
    try:
        files = {download(sandbox, transfer(sandbox, table, engine="stream")) for _ in range(6)}
        prices = execute(sandbox, f"SELECT PRICE FROM {table} WHERE D < '2024-02-01'::DATE")
    finally:
        execute(sandbox, f"DROP TABLE {table}")
    (file,) = files
    sums = pq.read_table(io.BytesIO(file))["PRICE"].to_pylist()
    assert len(sums) == 10
    assert sums[0] == math.fsum(price for (price,) in prices)
