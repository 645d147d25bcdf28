"""The sample tables give the same delivery by every engine, from sign-in to bucket."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from tests.support.deliveries import download, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

WAYS: dict[str, dict[str, Any]] = {
    "stream": {"engine": "stream"},
    "pushdown": {"engine": "pushdown"},
    "unload": {"engine": "unload", "storage_integration": "SANDBOX_S3"},
}
# In text, Snowflake cuts floats to 15 digits: engine `unload` refuses them there.
PLACES = {"date_column": "DOB", "drop_columns": ["LATITUDE", "LONGITUDE"]}
SMALL = [("LOCATIONS_595", PLACES), ("ORDERS_100K", {})]


def files(box: Sandbox, table: str, **more: Any) -> tuple[list[bytes], set[int]]:
    """The file of each engine, and their row counts."""
    results = [transfer(box, table, **way, **more) for way in WAYS.values()]
    return [download(box, result) for result in results], {r["row_count"] for r in results}


def fields(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline="")))


@pytest.mark.parametrize(("table", "how"), SMALL)
def test_ndjson_is_the_same_to_the_byte(sandbox: Sandbox, table: str, how: dict[str, Any]) -> None:
    made, counts = files(sandbox, table, format="ndjson", **how)
    assert made[0] == made[1] == made[2]
    assert counts == {len(made[0].splitlines())}


def test_csv_has_the_same_fields(sandbox: Sandbox) -> None:
    """Snowflake quotes every text; the other engines only where they must."""
    made, counts = files(sandbox, "LOCATIONS_595", format="csv", **PLACES)
    assert made[0] == made[1]
    assert fields(made[0]) == fields(made[2])
    assert counts == {len(fields(made[0])) - 1}


def test_parquet_has_the_same_rows(sandbox: Sandbox) -> None:
    """LATITUDE and LONGITUDE are sums of floats: each engine adds in an order of its own."""
    made, counts = files(sandbox, "LOCATIONS_595", date_column="DOB")
    tables = [pq.read_table(io.BytesIO(file)) for file in made]
    assert tables[0].schema == tables[1].schema == tables[2].schema
    exact = [table.drop_columns(["LATITUDE", "LONGITUDE"]) for table in tables]
    assert exact[0].equals(exact[1])
    assert exact[0].equals(exact[2])
    for name in ("LATITUDE", "LONGITUDE"):
        streamed, *others = (table[name].to_pylist() for table in tables)
        for other in others:
            assert other == pytest.approx(streamed, rel=1e-12, abs=1e-9)
    assert counts == {tables[0].num_rows}


@pytest.mark.large
def test_ratings(sandbox: Sandbox) -> None:
    """27 million rows, to the byte."""
    made, counts = files(sandbox, "MOVIE_RATINGS_27M", format="ndjson")
    assert made[0] == made[1] == made[2]
    assert counts == {285}
