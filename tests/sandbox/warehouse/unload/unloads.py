"""Unload from the sandbox warehouse, and look at what has come of it."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox

Row = tuple[Any, ...]
PARQUET = "FILE_FORMAT = (TYPE = PARQUET) SINGLE = TRUE HEADER = TRUE"
PLAIN_CSV = "TYPE = CSV COMPRESSION = NONE"


class Unloads:
    """A session that unloads below a prefix of its own, and sees what has come of it."""

    def __init__(
        self, sandbox: Sandbox, connection: snowflake.connector.SnowflakeConnection, s3: Any
    ) -> None:
        self.bucket = sandbox.s3["bucket"]
        self.s3 = s3
        self.prefix = f"{uuid4()}/"
        self.integration = sandbox.unload["storage_integration"]
        self.stage = sandbox.unload["stage"]
        self.connection = connection
        self.cursor = connection.cursor()

    def run(self, sql: str) -> list[Row]:
        return self.cursor.execute(sql).fetchall()  # type: ignore[no-any-return]

    def statement(self, path: str, query: str, options: str) -> str:
        access = f"STORAGE_INTEGRATION = {self.integration}"
        return f"COPY INTO '{self.url(path)}' FROM ({query}) {access} {options}"

    def copy(self, path: str, query: str, options: str) -> list[Row]:
        return self.run(self.statement(path, query, options))

    def url(self, path: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{path}"

    def read(self, path: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=self.prefix + path)["Body"].read()  # type: ignore[no-any-return]

    def parquet(self, path: str) -> pa.Table:
        return pq.read_table(io.BytesIO(self.read(path)))

    def text(self, path: str) -> str:
        return self.read(path).decode()

    def names(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents", [])
        return [each["Key"].removeprefix(self.prefix) for each in found]

    def uploads(self) -> list[str]:
        """Keys of unfinished multipart uploads."""
        found = self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return [each["Key"] for each in found if each["Key"].startswith(self.prefix)]

    def refuses(self, sql: str, code: int, message: str) -> None:
        """The statement fails so, and has written nothing."""
        with pytest.raises(ProgrammingError) as caught:
            self.run(sql)
        assert caught.value.errno == code, caught.value
        assert message in str(caught.value)
        assert self.names() == []


def rows_of(count: int, columns: str = "SEQ4() AS N") -> str:
    return f"SELECT {columns} FROM TABLE(GENERATOR(ROWCOUNT => {count}))"
