"""What the tests of unloading share: a session, and a client of the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.warehouse.unload.unloads import Unloads

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="module")
def unload_session(sandbox: Sandbox) -> Iterator[tuple[Any, Any]]:
    """A connection to the warehouse, and a boto3 client."""
    import boto3
    import snowflake.connector

    s3 = boto3.client("s3", **{k: v for k, v in sandbox.s3.items() if k != "bucket"})
    parameters = {"TIMEZONE": "UTC"}
    with snowflake.connector.connect(**sandbox.snowflake, session_parameters=parameters) as opened:
        yield opened, s3


@pytest.fixture
def unloads(sandbox: Sandbox, unload_session: tuple[Any, Any]) -> Unloads:
    """A prefix of its own for each test."""
    return Unloads(sandbox, *unload_session)
