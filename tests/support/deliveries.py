"""Transfers against the sandbox, and what they left behind."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import snowflake.connector

from core import transfer_data

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def connect(box: Sandbox) -> Any:
    """A session as anyone opens one, with the unmodified connector."""
    return snowflake.connector.connect(
        **box.snowflake, enable_server_session_keep_alive_auto_detection=False
    )


def execute(box: Sandbox, *statements: str) -> list[Any]:
    """Run statements in the sandbox warehouse; the rows of the last."""
    with connect(box) as connection:
        for statement in statements:
            cursor = connection.cursor().execute(statement)
        return list(cursor.fetchall())


def make_table(box: Sandbox, columns: str, *rows: str) -> str:
    """A new table with `columns` and `rows`, both as SQL; returns its name."""
    name = f"T_{uuid.uuid4().hex[:12].upper()}"
    statements = [f"CREATE TABLE {name} ({columns})"]
    if rows:
        statements.append(f"INSERT INTO {name} SELECT * FROM VALUES {', '.join(rows)}")
    execute(box, *statements)
    return name


def options(box: Sandbox, **more: Any) -> dict[str, Any]:
    """The options that send a transfer through the sandbox."""
    s3 = {name: value for name, value in box.s3.items() if name != "bucket"}
    return {"connection": box.snowflake, "s3_options": s3, **more}


def transfer(box: Sandbox, table: str, **more: Any) -> dict[str, Any]:
    """Transfer `table` under a key of its own."""
    name = {"file_name": f"{uuid.uuid4().hex}/{{table}}.{{ext}}"} if "file_name" not in more else {}
    return transfer_data(table, box.s3["bucket"], **options(box, **name, **more))


def bucket_client(box: Sandbox) -> Any:
    """A boto3 client for the sandbox bucket."""
    return boto3.client("s3", **{name: v for name, v in box.s3.items() if name != "bucket"})


def download(box: Sandbox, result: dict[str, Any]) -> bytes:
    """The delivered object."""
    answer = bucket_client(box).get_object(Bucket=box.s3["bucket"], Key=result["file_name"])
    return bytes(answer["Body"].read())


def delivered(box: Sandbox, result: dict[str, Any]) -> pa.Table:
    """The delivered parquet file, its rows counted against the result."""
    table = pq.read_table(io.BytesIO(download(box, result)))
    assert table.num_rows == result["row_count"]
    return table


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table, in its order."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def raw_rows(box: Sandbox, table: str) -> pa.Table:
    """Every row of a table of the sandbox, batch by batch, in exact types."""
    with connect(box) as connection:
        cursor = connection.cursor().execute(f"SELECT * FROM {table}")
        parts = [b.to_arrow(number_to_decimal=True) for b in cursor.get_result_batches() or []]
    return pa.concat_tables([p for p in parts if p.num_rows], promote_options="permissive")


def oracle(sql: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a query written by hand, computed by DuckDB."""
    with duckdb.connect() as engine:
        for name, table in tables.items():
            engine.register(name, table)
        return engine.sql(sql).fetchall()


def objects(box: Sandbox, prefix: str = "") -> Sequence[str]:
    """The keys in the bucket, and its unfinished uploads."""
    client, bucket = bucket_client(box), box.s3["bucket"]
    listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    unfinished = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return [item["Key"] for item in [*listed, *unfinished]]
