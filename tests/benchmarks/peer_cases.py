"""The cases of other tools; see `tests.benchmarks.peers`. Each imports its tool by itself."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

_KEY = "benchmark/peers.parquet"
_GROUPS = """
    SELECT DATE_TRUNC('MONTH', SOLD_ON) AS SOLD_ON, REGION, PRODUCT, SUM(UNITS) AS UNITS,
           SUM(AMOUNT) AS AMOUNT
    FROM {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def run_adbc(setup: dict[str, Any]) -> int:
    """Read every row by ADBC, group them with polars, and upload the file."""
    import adbc_driver_snowflake.dbapi as adbc
    import boto3
    import polars as pl

    at = setup["snowflake"]
    options = {
        "username": at["user"],
        "password": at["password"],
        "adbc.snowflake.sql.account": at["account"],
        "adbc.snowflake.sql.uri.protocol": at["protocol"],
        "adbc.snowflake.sql.uri.host": at["host"],
        "adbc.snowflake.sql.uri.port": str(at["port"]),
    }
    with adbc.connect(db_kwargs=options) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {setup['table']}")
        frame = pl.DataFrame(cursor.fetch_arrow_table())
    keys = ["SOLD_ON", "REGION", "PRODUCT"]
    months = (
        frame.with_columns(pl.col("SOLD_ON").dt.truncate("1mo"))
        .group_by(keys)
        .agg(pl.col("UNITS", "AMOUNT").sum())
        .sort(keys)
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "months.parquet")
        months.write_parquet(path)
        bucket = setup["s3"].pop("bucket")
        boto3.client("s3", **setup["s3"]).upload_file(str(path), bucket, _KEY)
    return months.height


def run_dlt(setup: dict[str, Any]) -> int:
    """Have Snowflake group the rows, and dlt write the batches of the result."""
    import dlt
    import snowflake.connector

    statement, rows = _GROUPS.format(setup["table"]), 0

    @dlt.resource(name="months")
    def months() -> Any:
        nonlocal rows
        with snowflake.connector.connect(**setup["snowflake"]) as connection:
            for batch in connection.cursor().execute(statement).get_result_batches():
                table = batch.to_arrow(number_to_decimal=True)
                rows += table.num_rows
                yield table

    s3 = setup["s3"]
    destination = dlt.destinations.filesystem(
        bucket_url=f"s3://{s3['bucket']}/benchmark",
        credentials={
            "aws_access_key_id": s3["aws_access_key_id"],
            "aws_secret_access_key": s3["aws_secret_access_key"],
            "region_name": s3["region_name"],
            "endpoint_url": s3["endpoint_url"],
        },
    )
    with tempfile.TemporaryDirectory() as directory:
        pipeline = dlt.pipeline(
            "benchmark", pipelines_dir=directory, destination=destination, dataset_name="peers"
        )
        pipeline.run(months, loader_file_format="parquet")
    return rows


def run_sling(setup: dict[str, Any]) -> None:
    """Have Snowflake group the rows, and sling write the file."""
    from sling.bin import SLING_BIN  # newer versions of it download their program

    at, s3 = setup["snowflake"], setup["s3"]
    url = f"snowflake://{at['user']}:{at['password']}@{at['host']}:{at['port']}/DEMO/PUBLIC"
    store = {
        "type": "s3",
        "bucket": s3["bucket"],
        "access_key_id": s3["aws_access_key_id"],
        "secret_access_key": s3["aws_secret_access_key"],
        "region": s3["region_name"],
        "endpoint": s3["endpoint_url"],
    }
    environment = {
        **os.environ,
        "FROM": f"{url}?account={at['account']}&protocol={at['protocol']}",
        "STORE": json.dumps(store),
    }
    command = [
        SLING_BIN,
        "run",
        "--src-conn",
        "FROM",
        "--src-stream",
        _GROUPS.format(setup["table"]),
    ]
    command += ["--tgt-conn", "STORE", "--tgt-object", f"s3://{s3['bucket']}/{_KEY}"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
