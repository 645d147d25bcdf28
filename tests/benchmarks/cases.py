"""What is measured, one case a process: `python -m tests.benchmarks.cases CASE`.

Reads the sandbox's ready line and the table from standard input as JSON; prints one JSON object:
rows, seconds in all, seconds since the warehouse had its result ready (None where that cannot be
told), seconds of the processor, the peak resident memory of the process in MB, the MB it fetched of
results (compressed, as they travel) and sent to the bucket, and the batches it fetched.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from tests.benchmarks.generated import run_generated
from tests.benchmarks.peer_cases import run_adbc, run_dlt, run_sling

Setup = dict[str, Any]
READY: list[float] = []  # when the warehouse had its result ready
FETCHED: list[int] = []  # the bytes of each batch on the wire; those inside an answer do not count
SENT: list[int] = [0]  # bytes of the object, by and by


def product(setup: Setup) -> int:
    """The product, from the call to the verified object in the bucket."""
    from core import Phase, Progress, transfer_data

    unloading = setup["options"].get("engine") == "unload"

    def listen(event: object) -> None:
        if not isinstance(event, Progress):
            return
        if event.phase in (Phase.READ, Phase.UPLOAD) and not READY:
            READY.append(time.perf_counter())
        if event.phase is Phase.UPLOAD and not unloading:
            SENT.append(event.bytes)

    result = transfer_data(
        setup["table"],
        setup["s3"].pop("bucket"),
        connection=setup["snowflake"],
        s3_options=setup["s3"],
        if_exists="overwrite",
        file_name="benchmark/{table}.{ext}",
        on_progress=listen,
        **setup["options"],
    )
    return int(result["row_count"])


def _statement(setup: Setup) -> tuple[Any, Any]:
    """An open session and the product's own statement for the table."""
    from core.request.request import Request
    from core.transfer import plan_transfer
    from core.warehouse.connect import connect

    request = Request.of(
        table=setup["table"], bucket="x-x", connection=setup["snowflake"], **setup["options"]
    )
    statement = plan_transfer(request).statement
    return connect(setup["snowflake"], query_tag="benchmark"), statement


def _tables(setup: Setup) -> Iterator[Any]:
    """The same batches as the product's, downloaded and decoded with two threads."""
    from core.warehouse.statement import run

    connection, statement = _statement(setup)
    batches = run(connection, statement, threading.Event()).cursor.get_result_batches()
    READY.append(time.perf_counter())
    with connection, ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(_decode, batch) for batch in batches[:3]]
        rest = iter(batches[3:])
        while waiting:
            yield waiting.pop(0).result()
            following = next(rest, None)
            if following is not None:
                waiting.append(pool.submit(_decode, following))


def _decode(batch: Any) -> Any:
    return batch.to_arrow(number_to_decimal=True)


def bare(setup: Setup) -> int:
    """Download and decode every batch, throw it away: what no program can do without."""
    return sum(table.num_rows for table in _tables(setup))


def naive(setup: Setup) -> int:
    """What one writes at first: everything into memory, group, write, upload."""
    import boto3
    import polars as pl
    import snowflake.connector

    with snowflake.connector.connect(
        **setup["snowflake"],
        arrow_number_to_decimal=True,
        enable_server_session_keep_alive_auto_detection=False,
    ) as connection:
        cursor = connection.cursor().execute(f"SELECT * FROM {setup['table']}")
        frame = pl.from_arrow(cursor.fetch_arrow_all())
    assert isinstance(frame, pl.DataFrame)
    day = setup["date"]
    moment = pl.from_epoch(pl.col(day).cast(pl.Int64)) if day == "TIMESTAMP" else pl.col(day)
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    numbers = [n for n in frame.columns if n not in (day, *texts)]
    months = (
        frame.filter(~pl.all_horizontal(pl.all().is_null()))
        .group_by(moment.dt.truncate("1mo").dt.date().alias(day), *texts)
        .agg(pl.col(numbers).sum())
        .sort(day, *texts)
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "months.parquet")
        months.write_parquet(path)
        bucket = setup["s3"].pop("bucket")
        boto3.client("s3", **setup["s3"]).upload_file(str(path), bucket, "benchmark/naive.parquet")
    return months.height


def duck(setup: Setup) -> int:
    """DuckDB over the same Arrow batches, within a memory limit that may be too low for it."""
    import duckdb
    import pyarrow as pa

    tables = _tables(setup)
    first = next(tables)
    schema = first.schema
    for index, field in enumerate(schema):
        if pa.types.is_integer(field.type):
            schema = schema.set(index, field.with_type(pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        for table in chain([first], tables):
            yield from table.cast(schema).to_batches()

    reader = pa.RecordBatchReader.from_batches(schema, batches())  # noqa: F841 - named in the SQL
    groups = [f'"{n}"' for n in schema.names if n == "month" or n.startswith("key_")]
    sums = [f'sum("{n}") AS "{n}"' for n in schema.names if n.startswith("sum_")]
    by = ", ".join(groups)
    order = ", ".join(f"{name} NULLS LAST" for name in groups)
    with tempfile.TemporaryDirectory(dir=setup["scratch"]) as directory:
        path = Path(directory, "months.parquet")
        with duckdb.connect(
            config={
                "memory_limit": setup.get("limit", "300MB"),
                "threads": 2,
                "temp_directory": directory,
            }
        ) as engine:
            engine.execute(
                f"COPY (SELECT {by}, {', '.join(sums)} FROM reader WHERE NOT blank GROUP BY {by} "
                f"ORDER BY {order}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            )
        with duckdb.connect() as engine:
            row = engine.execute(f"SELECT count(*) FROM '{path}'").fetchone()
    assert row is not None
    return int(row[0])


CASES: dict[str, Callable[[Setup], int | None]] = {
    "bare": bare,
    "product": product,
    "naive": naive,
    "duckdb": duck,
    "generated": run_generated,
    "adbc": run_adbc,
    "dlt": run_dlt,
    "sling": run_sling,
}


def _count_batches() -> None:
    """Note each batch that is fetched, by the connector or by the product."""
    from snowflake.connector.result_batch import ResultBatch

    from core.warehouse.results.chunks import Fetch

    fetch, pieces = ResultBatch.to_arrow, Fetch._pieces

    def theirs(batch: Any, *arguments: Any, **options: Any) -> Any:
        FETCHED.append(batch.compressed_size or 0)
        return fetch(batch, *arguments, **options)

    def ours(fetching: Fetch, answer: Any) -> Iterator[bytes]:
        size = 0
        for piece in pieces(fetching, answer):
            size += len(piece)
            yield piece
        FETCHED.append(size)

    ResultBatch.to_arrow, Fetch._pieces = theirs, ours


def _peak_mb() -> float:
    """Of this process, or of one that it started.

    What getrusage tells of this one would begin with the memory of the one before exec.
    """
    status = Path("/proc/self/status").read_text()
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    return max(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]), started.ru_maxrss) / 1024


def _cpu() -> float:
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + started.ru_utime + started.ru_stime


def main() -> None:
    """Run one case and print what it took."""
    setup = json.load(sys.stdin)
    _count_batches()
    began = time.perf_counter()
    rows = CASES[sys.argv[1]](setup)
    ended = time.perf_counter()
    since = ended - READY[0] if READY else None
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": ended - began,
                "since": since,
                "cpu": _cpu(),
                "peak_mb": _peak_mb(),
                "wire_mb": (sum(FETCHED) + max(SENT)) / 1e6,
                "batches": len(FETCHED),
            }
        )
    )


if __name__ == "__main__":
    main()
