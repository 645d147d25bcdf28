"""The download of a result, when something goes wrong on our side."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Never

import polars as pl
import pyarrow as pa
import pytest

from core.errors import TransferError
from core.query import Statement
from core.warehouse.connect import connect
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
