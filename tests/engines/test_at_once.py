"""What a transfer does at the same time, so that it takes fewer round trips."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from core import transfer_data
from core.errors import DestinationExistsError, UsageError
from core.planning.source import Source
from core.runtime.cancel import NEVER
from core.runtime.retry import Retry
from core.warehouse.catalog import find
from core.warehouse.connect import connect
from tests.support.deliveries import make_table, transfer
from tests.support.services.buckets import Action, Exchange, Proxy, lose_answer
from tests.support.services.warehouse_proxy import ALWAYS, RESULT, START, Warehouse, refuse
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

SIGN_OUT = "POST /session[?]delete"
CANCELLED = refuse(604, "57014")


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    return make_table(sandbox, "D DATE, N NUMBER(5,0)", "('2024-01-03', 1)", "('2024-01-31', 2)")


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    with Warehouse(sandbox) as made:
        yield made


@pytest.fixture
def bucket(sandbox: Sandbox) -> Iterator[Proxy]:
    with Proxy(sandbox.s3["endpoint_url"]) as made:
        yield made


def through(sandbox: Sandbox, warehouse: Warehouse, **more: Any) -> dict[str, Any]:
    return {**sandbox.snowflake, "port": urlsplit(warehouse.url).port, **more}


class Meeting:
    """Two requests: one is kept until the other has arrived."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self.met: bool | None = None

    def wait(self, exchange: Exchange) -> None:
        """Keep the request until the other arrives; without one, for as long as a test waits."""
        self.met = self._arrived.wait(PATIENCE)
        exchange.pass_on()

    def arrive(self, exchange: Exchange) -> None:
        """Let the other pass."""
        self._arrived.set()
        exchange.pass_on()


def test_what_a_transfer_does_at_once(
    sandbox: Sandbox, table: str, warehouse: Warehouse, bucket: Proxy
) -> None:
    check, leaving = Meeting(), Meeting()
    warehouse.on(f"{START}.*sample_1", check.wait)  # which is also the request for its result
    bucket.on("^(HEAD|GET) ", check.arrive, ALWAYS)
    bucket.on("^PUT ", leaving.wait)
    warehouse.on(SIGN_OUT, leaving.arrive)
    s3 = {**sandbox.s3, "endpoint_url": bucket.url}
    result = transfer_data(
        table,
        s3.pop("bucket"),
        connection=through(sandbox, warehouse),
        s3_options=s3,
        file_name=f"{uuid.uuid4().hex}.csv",
        format="csv",
    )
    assert result["row_count"] == 1
    assert (check.met, leaving.met) == (True, True)
    assert warehouse.seen(SIGN_OUT) == 1
    assert warehouse.seen("CURRENT_DATABASE") == 0


def test_a_shared_session_describes_and_lists_at_once(
    sandbox: Sandbox, table: str, warehouse: Warehouse
) -> None:
    """That of a single run has one connection, and takes one after the other."""
    listing = Meeting()
    warehouse.on(f"{RESULT}.*DESCRIBE", listing.wait)
    warehouse.on(f"{START}.*SHOW", listing.arrive)
    assert look(sandbox, table, warehouse).rows == 2
    assert listing.met


def test_the_table_is_not_read_where_the_object_exists(
    sandbox: Sandbox, table: str, warehouse: Warehouse
) -> None:
    name = f"{uuid.uuid4().hex}.parquet"
    transfer(sandbox, table, file_name=name)
    with pytest.raises(DestinationExistsError):
        transfer(sandbox, table, file_name=name, connection=through(sandbox, warehouse))
    assert warehouse.seen(f"{START}.*sample_1") == 1
    assert warehouse.seen(f'{START}.*AS "month"') == 0


@pytest.mark.parametrize("statement", ["DESCRIBE", "SHOW"])
@pytest.mark.parametrize(
    ("request_", "action"),
    [
        pytest.param(START, lose_answer, id="its start's answer is lost"),
        pytest.param(RESULT, CANCELLED, id="it is cancelled with the other"),
    ],
)
def test_two_statements_of_which_one_fails(
    sandbox: Sandbox,
    table: str,
    warehouse: Warehouse,
    statement: str,
    request_: str,
    action: Action,
) -> None:
    warehouse.on(f"{request_}.*{statement}", action)
    source = look(sandbox, table, warehouse)
    assert [column.name for column in source.columns] == ["D", "N"]
    assert source.rows == 2
    assert warehouse.seen(f"{START}.*{statement}") == 2


def look(sandbox: Sandbox, table: str, warehouse: Warehouse, **settings: Any) -> Source:
    """Describe a table through the proxy."""
    retry = Retry(first=0.01, attempts=3)
    place = through(sandbox, warehouse, **settings)
    with closing(connect(place, query_tag="t", retry=retry)) as session:
        return find(session, table, NEVER)


def test_names_of_the_settings_are_not_taken_for_those_of_the_session(
    sandbox: Sandbox, table: str, warehouse: Warehouse
) -> None:
    """Without an answer, the connector repeats the settings."""
    assert look(sandbox, table, warehouse, database="demo", schema="public").rows == 2
    assert warehouse.seen("CURRENT_DATABASE") == 0
    with pytest.raises(UsageError, match="No database or schema is selected"):
        look(sandbox, table, warehouse, database="nowhere", schema="public")
    assert warehouse.seen(f"{START}.*CURRENT_DATABASE") == 1
