"""The download of a result, when something goes wrong on our side."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Never

import polars as pl
import pyarrow as pa
import pytest

from core.errors import IntegrityError, TransferError
from core.query import Statement
from core.runtime.cancel import NEVER
from core.warehouse.connect import connect
from core.warehouse.results import chunks
from core.warehouse.results.arrow_streams import split
from core.warehouse.results.download import Download
from core.warehouse.statement import run
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def test_a_panic_of_polars_ends_the_download(sandbox: Sandbox) -> None:
    """Polars' panics are no `Exception`: a reader that never hears of one waits for ever."""

    def panicking(table: pa.Table) -> Never:
        raise pl.exceptions.PanicException("of one value")

    cancel = threading.Event()
    late = threading.Timer(PATIENCE, cancel.set)  # no test should wait for ever either
    late.start()
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, Statement("SELECT 1 AS X"), cancel)
        download = Download(result, panicking, budget=2**20, workers=1, cancel=cancel)
        with pytest.raises(TransferError) as caught:
            list(download)
    late.cancel()
    assert caught.value.label == "unexpected"
    assert "PanicException" in caught.value.message
    assert "of one value" not in caught.value.message


@pytest.mark.parametrize("most", [1, None], ids=["left early", "read to its end"])
def test_its_threads_end_with_it(sandbox: Sandbox, most: int | None) -> None:
    numbers = Statement("SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 30000))")
    started: set[threading.Thread] = set()
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, numbers, NEVER)
        others = set(threading.enumerate())
        download = Download(result, len, budget=2**30, workers=2, cancel=NEVER)
        for _ in islice(download, most):
            started |= {t for t in threading.enumerate() if t.name.startswith("download-")}
        started -= others
        assert len(started) == 2
        for thread in started:
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("budget", [1, 2**30])
def test_batches_in_the_order_of_the_result(sandbox: Sandbox, budget: int) -> None:
    """The first batch is held up until another has come, where the budget allows for two."""
    other, cancel = threading.Event(), threading.Event()
    roomy = budget > 1

    def first_value(table: pa.Table) -> int:
        value = int(table.column(0)[0].as_py())
        if value:
            other.set()
        elif roomy:
            assert other.wait(PATIENCE)
        return value

    numbers = Statement("SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 100000)) ORDER BY N")
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, numbers, cancel)
        download = Download(
            result, first_value, budget=budget, workers=2, cancel=cancel, ordered=True
        )
        values = [value for _, value in download]
    assert values == sorted(values)
    assert len(values) > 2


@pytest.mark.parametrize(("ordered", "most"), [(False, 50_000), (True, 5_000)])
def test_a_large_batch_comes_in_pieces(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, ordered: bool, most: int
) -> None:
    """Each row comes once, and the bytes of the pieces are those that the batches declare.

    The smaller pieces are less than one of the record batches that a batch consists of.
    """
    monkeypatch.setattr(chunks, "split", partial(split, most=most))
    numbers = Statement(
        "SELECT SEQ4() AS N, DATEADD(SECOND, N, '2024-01-01'::TIMESTAMP_NTZ(9)) AS T "
        "FROM TABLE(GENERATOR(ROWCOUNT => 100000)) ORDER BY N"
    )
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, numbers, threading.Event())
        largest = max(result.batches.sizes)
        download = Download(
            result,
            lambda table: table,
            budget=2**30,
            workers=2,
            cancel=threading.Event(),
            ordered=ordered,
        )
        pieces = list(download)
    tables = [table for _, table in pieces]
    assert len(tables) > 2 * len(result.batches)
    assert all(table.nbytes < largest / 2 for table in tables)
    assert sum(size for size, _ in pieces) == download.total_bytes
    rows = pa.concat_tables(tables)
    rows = rows if ordered else rows.sort_by("N")
    assert rows["N"].to_pylist() == list(range(100_000))
    start = datetime(2024, 1, 1)
    assert rows["T"].to_pylist() == [start + timedelta(seconds=n) for n in range(100_000)]


def test_pieces_are_converted_as_they_are_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large batch takes memory for some pieces, however slowly they are read."""
    monkeypatch.setattr(chunks, "split", partial(split, most=2_000))
    converted: list[int] = []
    enough = threading.Event()

    def count(table: pa.Table) -> int:
        converted.append(table.num_rows)
        if len(converted) == 3:
            enough.set()
        return table.num_rows

    numbers = Statement("SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 20000))")
    cancel = threading.Event()
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        download = Download(
            run(connection, numbers, cancel), count, budget=1, workers=1, cancel=cancel
        )
        read = 0
        for number, (_, rows) in enumerate(download, start=1):
            read += rows
            # One piece may wait to be read, and one to be handed over.
            assert len(converted) <= number + 2
    assert enough.is_set()
    assert read == sum(converted) == 20_000


def test_a_batch_that_loses_rows_as_it_is_decoded_is_an_error(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stream has the rows that are declared, but no column of its table has them."""
    real = chunks.Fetch._decode
    monkeypatch.setattr(chunks.Fetch, "_decode", lambda self, raw: real(self, raw)[1:])
    numbers = Statement("SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 5))")
    with closing(connect(sandbox.snowflake, query_tag="a test")) as connection:
        result = run(connection, numbers, threading.Event())
        download = Download(
            result, lambda table: table, budget=0, workers=1, cancel=threading.Event()
        )
        with pytest.raises(IntegrityError, match="holds 4 rows instead of 5"):
            list(download)
