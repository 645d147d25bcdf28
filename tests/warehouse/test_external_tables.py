"""Virtual columns, and external tables: the files of a stage, with columns computed from them."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.warehouse import catalog
from core.warehouse.connect import connect, sign_out
from tests.support.deliveries import (
    bucket_client,
    delivered,
    execute,
    make_table,
    transfer,
)

if TYPE_CHECKING:
    from core.planning.source import Source
    from core.sandbox.launcher import Sandbox

WAY = {"storage_integration": "SANDBOX_S3"}
ROWS = {"day": ["2024-01-05", "2024-01-31", "2024-02-01", None], "n": [1, 2, 4, 8]}


@pytest.fixture(scope="module")
def external(sandbox: Sandbox) -> Iterator[str]:
    """An external table over two files of the bucket."""
    folder, name = f"lake-{uuid.uuid4().hex}", f"LAKE_{uuid.uuid4().hex[:8].upper()}"
    s3, bucket = bucket_client(sandbox), sandbox.s3["bucket"]
    keys = [f"{folder}/{number}.parquet" for number in (1, 2)]
    for key in keys:
        file = io.BytesIO()
        pq.write_table(pa.table(ROWS), file)
        s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())
    execute(
        sandbox,
        f"CREATE EXTERNAL TABLE {name} (DAY DATE AS (VALUE:day::DATE), N NUMBER(9,0) AS"
        " (VALUE:n::NUMBER(9,0)), PART VARCHAR AS (RIGHT(METADATA$FILENAME, 9)))"
        f" LOCATION = @PARTNER_INBOX/{folder}/ AUTO_REFRESH = FALSE FILE_FORMAT = (TYPE = PARQUET)",
    )
    try:
        yield name
    finally:
        execute(sandbox, f"DROP EXTERNAL TABLE {name}")
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)


def find(sandbox: Sandbox, name: str) -> Source:
    """The table as the program finds it."""
    session = connect(sandbox.snowflake, query_tag="a test")
    try:
        return catalog.find(session, name, threading.Event())
    finally:
        sign_out(session)


def test_an_external_table_has_its_value_and_no_size(sandbox: Sandbox, external: str) -> None:
    found = find(sandbox, external)
    shown = [(each.name, each.type.text, each.is_virtual) for each in found.columns]
    assert shown == [
        ("VALUE", "VARIANT", False),
        ("DAY", "DATE", True),
        ("N", "NUMBER(9,0)", True),
        ("PART", "VARCHAR(16777216)", True),
    ]
    assert (found.rows, found.bytes, found.is_view) == (None, None, True)


@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_an_external_table_is_delivered(sandbox: Sandbox, external: str, engine: str) -> None:
    way = {**(WAY if engine == "unload" else {}), "engine": engine}
    result = transfer(sandbox, external, **way, drop_columns="VALUE", verify=True)
    rows = delivered(sandbox, result).to_pylist()
    found = sorted((str(row["DAY"]), row["PART"], row["N"]) for row in rows)
    assert found == sorted(
        (day, f"{part}.parquet", Decimal(total))
        for part in (1, 2)
        for day, total in (("2024-01-01", 3), ("2024-02-01", 4), ("None", 8))
    )


def test_a_table_with_a_virtual_column_is_a_table(sandbox: Sandbox) -> None:
    name = make_table(sandbox, "D DATE, I NUMBER(5,0), J NUMBER(9,0) AS (I * I)")
    execute(sandbox, f"INSERT INTO {name} VALUES ('2024-01-05', 3), ('2024-01-06', 4)")
    found = find(sandbox, name)
    assert (found.rows, found.is_view) == (2, False)
    assert [each.is_virtual for each in found.columns] == [False, False, True]
    (row,) = delivered(sandbox, transfer(sandbox, name)).to_pylist()
    assert (row["I"], row["J"]) == (7, 25)
