"""Time as a fault: a slow link, and a clock that jumps while a transfer runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core import run_transfer
from core.events import Phase, Progress
from core.request.request import Request
from tests.faults.cases import FILE, SMALL, Ground, Table
from tests.faults.wire import Weather, Wire
from tests.support.services.buckets import Exchange
from tests.support.services.warehouse_proxy import READ, RESULT

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# Digests do not compress: 2 MB travel.
WIDE = Table(
    "CREATE TABLE {name} AS SELECT '2024-01-05'::DATE AS D, SHA2(SEQ4()::VARCHAR) AS K, "
    "1.25::NUMBER(12,2) AS N FROM TABLE(GENERATOR(ROWCOUNT => 60000))",
    b"",
)
RUN = """
import json, sys
from core import transfer_data
told = json.load(sys.stdin)
print(json.dumps(transfer_data(**told)))
"""


@pytest.mark.slow
def test_a_slow_link(ground: Ground) -> None:
    """One megabyte a second: it works, and progress moves with every chunk."""
    host, port = ground.warehouse.url.removeprefix("http://").split(":")
    read: list[int] = []
    with Wire(host, int(port)) as wire:
        wire.weather = Weather(rate=1_000_000.0)
        request = Request.of(
            table=ground.names(WIDE),
            bucket=f"s3://{ground.inbox.name}/in/",
            connection={**ground.through(), "port": wire.port},
            s3_options=ground.inbox.options,
            engine="stream",
        )

        def note(event: object) -> None:
            if isinstance(event, Progress) and event.phase is Phase.READ:
                read.append(event.rows)

        outcome = run_transfer(request, on_event=note)
    assert outcome.row_count == 60_000
    assert len(set(read)) >= 3
    assert read == sorted(read)


@pytest.mark.slow
@pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed")
@pytest.mark.parametrize("jump", ["+10m", "-10m"])
def test_the_clock_jumps(ground: Ground, tmp_path: Path, jump: str) -> None:
    """The machine's clock is set while a statement runs: no wait ends early, or never.

    By less than the quarter of an hour from which on S3 refuses every request.
    """
    clock = tmp_path / "clock"
    clock.write_text("+0\n")

    def set_clock(exchange: Exchange) -> None:
        clock.write_text(f"{jump}\n")
        exchange.pass_on()

    ground.warehouse.on(RESULT + READ, set_clock)
    told: dict[str, Any] = {
        "source_table": ground.names(SMALL),
        "destination_s3_bucket": f"s3://{ground.inbox.name}/in/",
        "connection": ground.through(),
        "s3_options": ground.inbox.options,
        "file_name": FILE,
        "format": "csv",
        "max_retry_time": 20,
    }
    preload = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(told),
        env={**os.environ, **preload},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert clock.read_text() == f"{jump}\n"
    assert json.loads(done.stdout)["row_count"] == 2
    assert ground.inbox.read(f"in/{FILE}") == SMALL.expected
    assert not ground.running()
