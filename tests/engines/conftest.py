"""Tables of which the engines make the same file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tests.support.deliveries import bucket_client, delivered, execute, make_table, transfer
from tests.support.services.buckets import Inbox

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

PLAIN = (
    "D DATE, REGION VARCHAR, OK BOOLEAN, V VARIANT, BIG NUMBER(38,0), AMT NUMBER(12,2), F FLOAT",
    "('2024-01-03', 'eu', TRUE, NULL, 1, 0.10, 0.1)",
    "('2024-01-31', 'eu', TRUE, NULL, 99999999999999999999999999999999999, 0.20, 0.2)",
    "('2024-02-01', '', FALSE, NULL, NULL, -0.30, NULL)",
    "(NULL, ' ', NULL, NULL, NULL, NULL, NULL)",
    "(NULL, 'a,\"b\r\n\\\\ ü\U0001f600', NULL, NULL, 8, 1.00, 1e300)",
)
TIMES = (
    "D DATE, T TIME(6), NTZ TIMESTAMP_NTZ(6), LTZ TIMESTAMP_LTZ(3), TZ TIMESTAMP_TZ(6), "
    "B BINARY, S VARCHAR, N NUMBER(5,0)",
    "('2024-01-03', '23:59:59.123456', '1969-12-31 23:59:59.999999', '2024-03-31 01:30:00.123', "
    "'2024-01-03 01:02:03.000001 +05:30', NULL, 'a\\tb\\u0001\\\\\"/', 1)",
    "('0001-01-01', '00:00:00', '9999-12-31 00:00:00', NULL, '2024-01-03 00:00:00 -08:00', "
    "NULL, '', 2)",
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3)",
)


@pytest.fixture(scope="session")
def plain(sandbox: Sandbox) -> str:
    """A table of types that every format takes, but for its floats in text."""
    return make_table(sandbox, *PLAIN)


@pytest.fixture(scope="session")
def times(sandbox: Sandbox) -> str:
    """A table of types that only text formats take."""
    name = make_table(sandbox, *TIMES)
    execute(sandbox, f"UPDATE {name} SET B = TO_BINARY('00FFAB', 'HEX') WHERE N = 1")
    return name


@pytest.fixture(scope="session")
def orders(sandbox: Sandbox) -> str:
    """A table of some megabytes, every row a group."""
    name = f"ORDERS_{uuid.uuid4().hex[:8].upper()}"
    execute(
        sandbox,
        f"CREATE TABLE {name} AS SELECT * FROM ORDERS_100K WHERE O_ORDERDATE < '1992-12-01'",
    )
    return name


@pytest.fixture(scope="session")
def orders_streamed(sandbox: Sandbox, orders: str) -> pa.Table:
    """Its delivery by engine `stream`."""
    return delivered(sandbox, transfer(sandbox, orders))


@pytest.fixture
def theirs(sandbox: Sandbox) -> Iterator[Inbox]:
    """A bucket of its own."""
    client = bucket_client(sandbox)
    name = f"theirs-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    made = Inbox(name, {}, client, None)  # type: ignore[arg-type]
    yield made
    client.delete_bucket_policy(Bucket=name)
    while keys := made.keys():
        for key in keys:
            client.delete_object(Bucket=name, Key=key)
    client.delete_bucket(Bucket=name)
