"""The list of a result's batches: little memory, and all that is needed to fetch them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import LocalResourceError
from core.query import Statement
from core.remedy import Remedy
from core.runtime.cancel import NEVER
from core.runtime.memory_budget import Budget
from core.warehouse.connect import connect
from core.warehouse.results.download import Download
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    CHUNK,
    RESULT,
    Told,
    Warehouse,
    http,
    tell,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

BATCHES = 8_000
PADDING = 1_000  # of an address: presigned ones with a session's token are that long
NUMBERS = "SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 41000))"
# In a process of its own, whose peak says something.
LISTED = """
import ctypes, gc, json, re, sys, threading
import pyarrow, polars
from core.query import Statement
from core.warehouse.connect import connect
from core.warehouse.results.batch_list import BatchList
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run

def memory(what):
    with open("/proc/self/status") as told:
        return int(re.search(rf"{what}:\\s+(\\d+)", told.read())[1]) * 1024

def again():
    global batches
    fresh = BatchList.of(connection, connection.cursor().query_result(result.query_id))
    fresh.drop_as(batches)
    batches = fresh

connection = connect(json.loads(sys.argv[1]), query_tag="a test")
read_rows(run(connection, Statement("SELECT 1"), threading.Event()))
start = memory("VmRSS")
with open("/proc/self/clear_refs", "w") as reset:
    reset.write("5")
result = run(connection, Statement(sys.argv[2]), threading.Event())
batches = result.batches
gc.collect()
ctypes.CDLL(None).malloc_trim(0)  # or what was freed may still count
kept = memory("VmRSS") - start
del result.__dict__["batches"]
thread = threading.Thread(target=again)
thread.start()
thread.join()
peak = memory("VmHWM") - start
print(json.dumps({
    "batches": len(batches), "stated": batches.memory, "kept": kept, "peak": peak,
    "addresses": sum(map(len, batches.urls)),
}))
connection.close()
"""


def many(told: Told) -> None:
    """As if the result had come in many batches."""
    first = told["chunks"][0]
    told["total"] += (BATCHES - len(told["chunks"])) * first["rowCount"]
    told["chunks"] = [
        {**first, "url": f"{first['url']}?{n}&{'x' * PADDING}"} for n in range(BATCHES)
    ]


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    """A warehouse behind a proxy."""
    with Warehouse(sandbox) as made:
        yield made


def through(sandbox: Sandbox, warehouse: Warehouse) -> dict[str, Any]:
    return {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_long_list_takes_no_more_than_it_says(sandbox: Sandbox, warehouse: Warehouse) -> None:
    """Its peak, renewed once; what stays is the addresses and half a kilobyte a batch."""
    warehouse.on(RESULT + ".*GENERATOR", tell(many), ALWAYS)
    done = subprocess.run(
        [sys.executable, "-c", LISTED, json.dumps(through(sandbox, warehouse)), NUMBERS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["batches"] == BATCHES + 1  # and one that comes with the list
    assert told["peak"] < told["stated"]
    assert told["stated"] < 12_000 * BATCHES
    assert told["kept"] < told["addresses"] + 1_000 * BATCHES


def test_what_was_counted_is_counted_again_when_its_addresses_have_expired(
    sandbox: Sandbox, warehouse: Warehouse
) -> None:
    """Snowflake reports no count, or another, for what is no query, such as SHOW."""
    warehouse.on(RESULT + ".*GENERATOR", tell(lambda told: told.update(total=0)), ALWAYS)
    warehouse.on(CHUNK, http(403))
    with closing(connect(through(sandbox, warehouse), query_tag="a test")) as connection:
        rows = read_rows(run(connection, Statement(NUMBERS), NEVER))
    assert [row["n"] for row in rows] == list(range(41_000))
    assert warehouse.seen(RESULT + ".*GENERATOR") == 2


def test_a_batch_is_forgotten_once_it_is_read(sandbox: Sandbox) -> None:
    cancel = threading.Event()
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, Statement(NUMBERS), cancel)
        assert any(result.batches.urls)
        download = Download(result, len, budget=2**20, workers=2, cancel=cancel)
        assert sum(rows for _, rows in download) == 41_000
        assert not any(result.batches.urls)


def test_a_list_takes_its_share_of_the_limit() -> None:
    budget = Budget.of(600 * 2**20)
    beside = budget.beside_list(10_000, 100 * 2**20, 0)
    assert beside == Budget.of(500 * 2**20)
    with pytest.raises(LocalResourceError) as caught:
        budget.beside_list(50_000, 500 * 2**20, 0)
    assert "50,000 batches alone takes 500 MB" in caught.value.message
    assert Remedy("engine", "unload") in caught.value.remedies
    assert "892MB" in caught.value.hint
    Budget.of(892 * 2**20).beside_list(50_000, 500 * 2**20, 0)


def test_the_largest_batch_takes_its_share_of_the_limit() -> None:
    """While it is read, there is less room for the aggregation; a smaller one changes nothing."""
    budget = Budget.of(600 * 2**20)
    assert budget.beside_list(100, 0, 16 * 2**20) == budget
    beside = budget.beside_list(100, 0, 160 * 2**20)
    assert 0 < beside.aggregation < budget.aggregation
    assert replace(beside, aggregation=budget.aggregation) == budget
    with pytest.raises(LocalResourceError) as caught:
        Budget.of(400 * 2**20).beside_list(100, 2**20, 160 * 2**20)
    assert "batches of up to 160 MB" in caught.value.message
    assert Remedy("engine", "unload") in caught.value.remedies
    assert Remedy("memory_limit", "563MB") in caught.value.remedies
    Budget.of(563 * 2**20).beside_list(100, 2**20, 160 * 2**20)
