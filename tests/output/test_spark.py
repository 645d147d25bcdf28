"""What Apache Spark makes of deliveries: its column of the table in core/docs/rule.md, and months.

It needs Java and the extra `spark`, which are present in CI.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from core.output import Format, TextForm, open_writer
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import bucket_client, execute, make_table, objects, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

pytestmark = pytest.mark.lengthy

ABOVE, WIDE = 2**53 + 1, Decimal("99999999999999999999.99")  # no 64-bit float holds them
MOMENT = datetime(2024, 1, 1, 1, 2, 3, 4)
AWARE = MOMENT.replace(tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999)
SCHEMA = pa.schema(
    [
        *(("D", pa.date32()), ("K", pa.string()), ("I", pa.int64())),
        *(("A", pa.decimal128(38, 2)), ("F", pa.float64()), ("B", pa.bool_())),
        *(("X", pa.binary()), ("M", pa.timestamp("us")), ("Z", pa.timestamp("us", tz="UTC"))),
    ]
)
ROWS: list[tuple[Any, ...]] = [
    (date(2024, 1, 1), "", ABOVE, WIDE, 0.1, True, b"x", MOMENT, AWARE),
    (None,) * len(SCHEMA),
    (date(9999, 12, 1), "x", -1, Decimal("0.10"), -0.5, False, b"", LAST, AWARE),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of Spark within this machine, with UTC for its time zone and Python's."""
    pyspark = pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    from pyspark.sql import SparkSession

    own = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        patch.setenv("TZ", "UTC")
        patch.chdir(tmp_path_factory.mktemp("spark"))
        builder = SparkSession.builder.master("local[1]").config(map=own)
        session = builder.getOrCreate()
        try:
            yield session
        finally:
            session.stop()
            context = pyspark.SparkContext
            gateway, context._gateway, context._jvm = context._gateway, None, None
            gateway.shutdown()
            gateway.proc.stdin.close()  # at which the process of Java ends
            gateway.proc.wait()


def write(path: Path, kind: Format, schema: pa.Schema, rows: Any, **form: Any) -> str:
    with open_writer(path, kind, schema, text=TextForm(**form)) as writer:
        empty: Any = pl.from_arrow(schema.empty_table())
        writer.write(pl.DataFrame(rows, empty.schema, orient="row"))
    return str(path)


def rows_of(frame: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.collect()]


def test_parquet_is_exact(spark: Any, tmp_path: Path) -> None:
    frame = spark.read.parquet(write(tmp_path / "f.parquet", Format.PARQUET, SCHEMA, ROWS))
    assert dict(frame.dtypes) == {
        "D": "date", "K": "string", "I": "bigint", "A": "decimal(38,2)", "F": "double",
        "B": "boolean", "X": "binary", "M": "timestamp_ntz", "Z": "timestamp",
    }  # fmt: skip
    expected = [(*row[:-1], row[-1] and MOMENT) for row in ROWS]
    assert [(*row[:6], row[6] and bytes(row[6]), *row[7:]) for row in rows_of(frame)] == expected


def test_times_of_day_in_parquet_are_refused(spark: Any, tmp_path: Path) -> None:
    schema = pa.schema([("D", pa.date32()), ("T", pa.time64("us"))])
    path = write(tmp_path / "f.parquet", Format.PARQUET, schema, [(date(2024, 1, 1), time(1, 2))])
    with pytest.raises(Exception, match=r"(?i)TIME"):
        spark.read.parquet(path).collect()


def test_csv(spark: Any, tmp_path: Path) -> None:
    schema = pa.schema([SCHEMA.field(n) for n in range(4)])
    rows = [row[:4] for row in ROWS]
    plain = spark.read.csv(write(tmp_path / "f.csv", Format.CSV, schema, rows), header=True)
    assert [row[1] for row in rows_of(plain)] == [None, None, "x"], "empty text is NULL"
    path = write(tmp_path / "n.csv", Format.CSV, schema, rows, null=r"\N")
    types = "D DATE, K STRING, I BIGINT, A DECIMAL(38,2)"
    marked = spark.read.csv(path, header=True, schema=types, nullValue=r"\N")
    assert rows_of(marked) == rows


def test_ndjson(spark: Any, tmp_path: Path) -> None:
    schema = pa.schema([SCHEMA.field(n) for n in range(4)])
    path = write(tmp_path / "f.ndjson", Format.NDJSON, schema, [row[:4] for row in ROWS])
    (_, whole, wide), null, _ = rows_of(spark.read.json(path).select("K", "I", "A"))
    assert (whole, type(wide), wide) == (ABOVE, float, 1e20)
    assert null == (None, None, None)
    exact = rows_of(spark.read.json(path, schema="K STRING, A DECIMAL(38,2)"))
    assert exact == [("", WIDE), (None, None), ("x", Decimal("0.10"))]


def test_months_are_a_partitioned_data_set(spark: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = uuid.uuid4().hex
    name = f"{folder}/year={{year}}/month={{month}}/part.{{ext}}"
    table = make_table(sandbox, *EXAMPLE)
    try:
        transfer(sandbox, table, split_by="month", file_name=name, success_file=True, manifest=True)
        for key in objects(sandbox, f"{folder}/"):
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            bucket_client(sandbox).download_file(sandbox.s3["bucket"], key, str(path))
    finally:
        execute(sandbox, f"DROP TABLE {table}")
    frame = spark.read.parquet(str(tmp_path / folder))
    found = frame.selectExpr("year", "month", "QTY").groupBy("year", "month")
    rows = found.agg({"*": "count", "QTY": "sum"}).select("year", "month", "count(1)", "sum(QTY)")
    assert sorted(rows_of(rows), key=str) == [
        (2024, 1, 3, 23),
        (2024, 2, 1, None),
        (None, None, 1, 8),
    ]
    assert frame.where("year = 2024 AND month = 1").count() == 3
