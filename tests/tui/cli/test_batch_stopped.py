"""`--batch` and signals: it ends at once, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from core.errors import IntegrityError
from core.warehouse.connect import connect
from tests.support.programs.batch_runs import (
    LOCATIONS,
    SECONDS,
    Ended,
    left_behind,
    nothing_delivered,
    stop_when_told,
)
from tests.support.services.buckets import Proxy, hang
from tests.support.waiting import AT_ONCE, PATIENCE
from tui.cli import batch
from tui.cli.signals import Stop

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="module")
def slow_view(sandbox: Sandbox) -> Iterator[str]:
    """A view that would take minutes to read."""
    with closing(connect(sandbox.snowflake, query_tag="tests")) as session:
        session.cursor().execute(
            "CREATE OR REPLACE VIEW SLOW AS SELECT MAX(A.O_ORDERDATE) AS D, COUNT(*) AS N "
            "FROM ORDERS_100K A CROSS JOIN ORDERS_100K B WHERE A.O_ORDERKEY > B.O_CUSTKEY"
        )
        yield "SLOW"
        session.cursor().execute("DROP VIEW SLOW")


@pytest.fixture(scope="module")
def large_table(sandbox: Sandbox) -> Iterator[str]:
    """A table whose result comes in 150 batches."""
    with closing(connect(sandbox.snowflake, query_tag="tests")) as session:
        session.cursor().execute(
            "CREATE OR REPLACE TABLE LARGE AS SELECT A.O_ORDERDATE AS D, A.O_TOTALPRICE AS N "
            "FROM ORDERS_100K A CROSS JOIN (SELECT 1 FROM ORDERS_100K LIMIT 30) B"
        )
        yield "LARGE"
        session.cursor().execute("DROP TABLE LARGE")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where a service takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent_endpoint(silent_port: int) -> str:
    """An S3 service that never answers."""
    return f"http://127.0.0.1:{silent_port}"


@pytest.fixture
def silent_warehouse(silent_port: int, tmp_path: Path) -> dict[str, str]:
    """The environment of a run whose warehouse never answers."""
    parameters = {"ACCOUNT": "a", "USER": "u", "PASSWORD": "p", "HOST": "127.0.0.1"}
    parameters |= {"PORT": str(silent_port), "PROTOCOL": "http"}
    return {
        **{f"SNOWFLAKE_{key}": value for key, value in parameters.items()},
        "AMPLIFY_BUCKET": "partner-inbox",
        "AMPLIFY_SPILL_DIR": str(tmp_path / "spill"),
    }


class TestStopped:
    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_while_the_warehouse_works(
        self,
        env: dict[str, str],
        bucket: Any,
        slow_view: str,
        number: signal.Signals,
        code: int,
    ) -> None:
        ended, seconds = stop_when_told(
            *("--batch", "--table", slow_view), env=env, steps=[('"plan"', number)]
        )
        self.assert_clean(ended, code, env)
        assert seconds < AT_ONCE
        assert nothing_delivered(bucket)

    def test_while_rows_are_read(self, env: dict[str, str], bucket: Any, large_table: str) -> None:
        ended, seconds = stop_when_told(
            *("--batch", "--table", large_table), env=env, steps=[('"read"', signal.SIGINT)]
        )
        self.assert_clean(ended, 130, env)
        assert seconds < AT_ONCE
        assert nothing_delivered(bucket)

    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_while_the_warehouse_does_not_answer(
        self, silent_warehouse: dict[str, str], number: signal.Signals, code: int
    ) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS, env=silent_warehouse, steps=[('"connect"', number)]
        )
        self.assert_clean(ended, code, silent_warehouse)
        assert seconds < AT_ONCE

    def test_nohup_is_respected(self, silent_warehouse: dict[str, str]) -> None:
        ended, _ = stop_when_told(
            *(*LOCATIONS, "--max-retry-time", "0"),
            env={**silent_warehouse, "SNOWFLAKE_LOGIN_TIMEOUT": "1"},
            steps=[('"connect"', signal.SIGHUP)],
            launcher=("nohup",),
        )
        assert ended.code == 5

    def test_while_the_bucket_does_not_answer(
        self, env: dict[str, str], silent_endpoint: str
    ) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS,
            env={**env, "AMPLIFY_ENDPOINT_URL": silent_endpoint},
            steps=[('"planned"', signal.SIGTERM)],
        )
        self.assert_clean(ended, 143, env)
        assert seconds < AT_ONCE

    def test_while_it_is_verified(self, sandbox: Sandbox, env: dict[str, str], bucket: Any) -> None:
        with Proxy(sandbox.s3["endpoint_url"]) as s3:
            s3.on("^GET /[^?]*/proof", hang)  # the object, not the list of objects
            ended, seconds = stop_when_told(
                *LOCATIONS,
                *("--verify", "--file-name", "proof.{ext}"),
                env={**env, "AMPLIFY_ENDPOINT_URL": s3.url},
                steps=[('"verify"', signal.SIGINT)],
            )
        assert ended.code == 130
        assert ended.out == ""
        assert seconds < AT_ONCE
        assert ended.events[-1]["delivered"] is True
        assert ended.events[-1]["url"].endswith("/proof.parquet")
        assert "Nothing was delivered" not in ended.err
        assert [each.key for each in bucket.objects.all()] == ["proof.parquet"]

    def test_a_second_interrupt_does_not_wait(self, silent_warehouse: dict[str, str]) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS,
            env=silent_warehouse,
            steps=[('"connect"', signal.SIGINT), ("Ctrl-C again", signal.SIGINT)],
        )
        assert ended.code == 130
        assert seconds < AT_ONCE

    def assert_clean(self, ended: Ended, code: int, env: dict[str, str]) -> None:
        assert (ended.code, ended.out) == (code, "")
        assert ended.events[-1]["error"] == "cancelled"
        assert "Traceback" not in ended.err
        assert left_behind(env) == []


class TestDemo:
    @pytest.mark.parametrize(
        ("text", "number", "code"),
        [
            ("Starting the embedded", signal.SIGTERM, 143),
            ("Starting the embedded", signal.SIGINT, 130),
            ('"plan"', signal.SIGTERM, 143),
            ('"plan"', signal.SIGKILL, -signal.SIGKILL),
        ],
    )
    def test_no_server_outlives_the_run(
        self, alone: dict[str, str], text: str, number: signal.Signals, code: int
    ) -> None:
        ended, seconds = stop_when_told(
            *("--demo", "--batch", "--table", "ORDERS_100K"), env=alone, steps=[(text, number)]
        )
        assert ended.code == code
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert seconds < AT_ONCE
        _, alive = psutil.wait_procs(processes_of(alone), timeout=PATIENCE)
        assert alive == []


def processes_of(env: dict[str, str]) -> list[psutil.Process]:
    """The processes that were started with this environment, by whatever parent."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("AMPLIFY_DATA_DIR") == env["AMPLIFY_DATA_DIR"]:
                found.append(process)
    return found


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), IntegrityError("Rows are missing.")])
def test_what_a_signal_breaks_is_told_as_cancelled(
    failure: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """polars breaks off by itself on Ctrl-C, whichever thread it works in."""

    def work(options: Any, manner: batch.Manner, console: Any, stop: Stop) -> int:
        def break_off() -> int:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.cancel.wait(SECONDS)
            raise failure

        return stop.run(break_off)

    monkeypatch.setattr(batch, "_run", work)
    assert batch.run({}, batch.Manner()) == 130
    told = capsys.readouterr().err
    assert "\nError (cancelled): Stopped by a signal.\n" in told
    assert told.endswith("\n  Nothing was delivered.\n")
    assert "Rows are missing" not in told
