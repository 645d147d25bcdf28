"""Requests that Snowflake's front end cannot read: HTTP 400 and a page, as the sandbox sends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from core.errors import TemporaryError
from core.query import Statement
from core.runtime.cancel import NEVER
from core.runtime.retry import Retry
from core.warehouse.connect import connect
from core.warehouse.statement import run
from tests.support.services.warehouse_proxy import ALWAYS, LOGIN, START, Warehouse, garbled

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    made = Warehouse(sandbox)
    with made:
        yield made


@pytest.mark.parametrize("request_", [LOGIN, f"{START}.*unreadable"], ids=["sign-in", "statement"])
def test_a_request_that_snowflake_cannot_read_is_not_repeated(
    sandbox: Sandbox, warehouse: Warehouse, request_: str
) -> None:
    warehouse.on(request_, garbled, ALWAYS)
    options = sandbox.snowflake | {"port": urlsplit(warehouse.url).port}
    with (
        pytest.raises(TemporaryError, match=r"could not read a request \(HTTP 400\)") as caught,
        closing(
            connect(options, query_tag="a test", retry=Retry(first=0.01, attempts=3))
        ) as session,
    ):
        run(session, Statement("SELECT 'unreadable' AS V"), NEVER)
    assert not caught.value.again
    assert "proxy" in caught.value.hint
    assert warehouse.seen(request_) == 1
