"""Whatever cannot be done is said clearly, in the right class, and nothing is delivered."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from core import transfer_data
from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    LocalResourceError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.events import Event, Phase, Progress
from tests.support.deliveries import bucket_client, execute, make_table, objects, options, transfer
from tests.support.programs.batch_runs import place
from tests.support.waiting import AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from core.sandbox.launcher import Sandbox


def refused(box: Sandbox, table: str, **more: Any) -> TransferError:
    """The error of a transfer that must not deliver anything."""
    before = objects(box)
    with pytest.raises(TransferError) as caught:
        transfer(box, table, **more)
    assert objects(box) == before
    assert caught.value.hint
    return caught.value


def test_unknown_table(sandbox: Sandbox) -> None:
    error = refused(sandbox, "ORDERS_10K")
    assert isinstance(error, SourceDataError)
    assert "DEMO.PUBLIC.ORDERS_10K does not exist" in error.message
    assert "ORDERS_100K" in error.hint


def test_table_in_another_case(sandbox: Sandbox) -> None:
    name = make_table(sandbox, "D DATE").lower()
    execute(sandbox, f'CREATE TABLE "{name} x" (D DATE)')
    assert f"{name} x" in refused(sandbox, f"{name}_x").hint


def test_unknown_schema(sandbox: Sandbox) -> None:
    assert isinstance(refused(sandbox, "DEMO.NOWHERE.T"), SourceDataError)


@pytest.mark.parametrize("name", ["", "a.b.c.d", 'x"'])
def test_no_table_name(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(UsageError):
        transfer(sandbox, name)


def test_no_date_column(sandbox: Sandbox) -> None:
    error = refused(sandbox, make_table(sandbox, "A VARCHAR, B NUMBER(3,0)", "('x', 1)"))
    assert isinstance(error, SourceDataError)
    assert "A" in str(error)
    assert "B" in str(error)


def test_ambiguous_dates_ask_for_the_format(sandbox: Sandbox) -> None:
    table = make_table(
        sandbox, "D VARCHAR, N NUMBER(3,0)", "('01/02/2024', 1)", "('03/04/2024', 2)"
    )
    error = refused(sandbox, table)
    assert isinstance(error, SourceDataError)
    assert "%d/%m/%Y" in str(error)
    assert "%m/%d/%Y" in str(error)
    assert transfer(sandbox, table, date_format="%d/%m/%Y")["row_count"] == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sum_columns": "O_COMMENT"}, "O_COMMENT is VARCHAR(79): it cannot be summed"),
        ({"sum_columns": "O_TOTAL"}, "O_TOTALPRICE"),
        ({"key_columns": "O_CLERK,O_CLERK"}, "O_CLERK is named twice"),
        ({"date_column": "O_DATE"}, "O_ORDERDATE"),
        ({"date_column": "O_ORDERDATE", "date_format": "%Y-%m-%d"}, "O_ORDERDATE"),
        ({"file_name": "{colour}"}, "{colour}"),
        ({"file_name": "../{table}"}, ".."),
    ],
)
def test_options_that_cannot_be_meant(sandbox: Sandbox, more: dict[str, Any], said: str) -> None:
    error = refused(sandbox, "ORDERS_100K", **more)
    assert isinstance(error, UsageError)
    assert said in str(error)


def test_no_permission(sandbox: Sandbox) -> None:
    error = refused(sandbox, "DEMO.PUBLIC.ORDERS_100K", role="PUBLIC")
    assert isinstance(error, SourceDataError | SignInError)
    assert "role" in str(error)


def test_wrong_password(sandbox: Sandbox) -> None:
    wrong = {**sandbox.snowflake, "password": "hunter2"}
    with pytest.raises(SignInError) as caught:
        transfer_data("ORDERS_100K", "partner-inbox", connection=wrong)
    assert "password" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_no_connection_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"connections\.toml"):
        transfer_data("T", "partner-inbox")


def test_warehouse_unreachable(sandbox: Sandbox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        gone = {**sandbox.snowflake, "port": taken.getsockname()[1], "login_timeout": 1}
        with pytest.raises(TemporaryError):
            transfer_data("ORDERS_100K", "partner-inbox", connection=gone, max_retry_time=0)


@pytest.mark.parametrize("bucket", ["My_Bucket", "s3://", "ab", "partner-inbox/key", "192.168.0.1"])
def test_no_bucket_name(sandbox: Sandbox, bucket: str) -> None:
    with pytest.raises(UsageError):
        transfer_data("ORDERS_100K", bucket, **options(sandbox))


def test_bucket_missing(sandbox: Sandbox) -> None:
    with pytest.raises(DestinationError, match="no-such-bucket"):
        transfer_data("ORDERS_100K", "no-such-bucket", **options(sandbox))


def test_wrong_keys(sandbox: Sandbox) -> None:
    wrong = options(sandbox)
    wrong["s3_options"]["aws_secret_access_key"] = "hunter2"
    with pytest.raises(DestinationError) as caught:
        transfer_data("ORDERS_100K", sandbox.s3["bucket"], **wrong)
    assert "hunter2" not in str(caught.value)


def test_no_credentials(sandbox: Sandbox) -> None:
    without = options(sandbox, endpoint_url=sandbox.s3["endpoint_url"])
    without["s3_options"] = {"region_name": "us-east-1"}
    with pytest.raises(DestinationError, match="credentials"):
        transfer_data("ORDERS_100K", sandbox.s3["bucket"], **without)


def test_an_object_that_exists_is_kept(sandbox: Sandbox) -> None:
    client, bucket = bucket_client(sandbox), sandbox.s3["bucket"]
    client.put_object(Bucket=bucket, Key="taken/x.parquet", Body=b"theirs")
    error = refused(sandbox, "LOCATIONS_595", file_name="taken/x.parquet")
    assert isinstance(error, DestinationExistsError)
    body = client.get_object(Bucket=bucket, Key="taken/x.parquet")["Body"].read()
    assert body == b"theirs"
    transfer(sandbox, "LOCATIONS_595", file_name="taken/x.parquet", if_exists="overwrite")
    body = client.get_object(Bucket=bucket, Key="taken/x.parquet")["Body"].read()
    assert body != b"theirs"


def test_no_directory_to_write_to(sandbox: Sandbox, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(file))
    assert isinstance(refused(sandbox, "LOCATIONS_595"), LocalResourceError)


FULL_DISK = """
import resource, runpy
from core.runtime.disk import workspace
workspace._get_largest_file = lambda: None  # the limit is unknown
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
runpy.run_module("tui", run_name="__main__")
"""


def test_disk_full(sandbox: Sandbox, own_directories: Path) -> None:
    """The file outgrows what may be written, as it does on a full disk."""
    before = objects(sandbox)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, "--batch", "--table", "ORDERS_100K"],
        env={**os.environ, **place(sandbox)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == LocalResourceError.exit_code
    assert "disk is full" in done.stderr
    assert done.stdout == ""
    assert objects(sandbox) == before
    assert not list((own_directories / "spill").rglob("delivery*"))


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.VERIFY])
def test_cancelled_in_any_phase(sandbox: Sandbox, own_directories: Path, phase: Phase) -> None:
    cancel = threading.Event()
    seen: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is phase and not cancel.is_set():
            seen.append(time.monotonic())
            cancel.set()

    error = refused(sandbox, "ORDERS_100K", on_progress=listen, cancel=cancel)
    assert isinstance(error, CancelledError)
    assert seen
    assert not list((own_directories / "spill").rglob("delivery*"))


def test_cancelling_stops_the_statement_at_the_warehouse(sandbox: Sandbox) -> None:
    """A view that never ends: the run ends at once, and the warehouse is free again."""
    view = make_table(sandbox, "D DATE")
    execute(
        sandbox,
        f"""CREATE VIEW {view}_V AS SELECT '2024-01-01'::DATE AS D, a.SEQ AS N FROM
            (SELECT SEQ4() AS SEQ FROM TABLE(GENERATOR(ROWCOUNT => 2000000))) a,
            (SELECT SEQ4() AS SEQ FROM TABLE(GENERATOR(ROWCOUNT => 2000000))) b""",
    )
    cancel, stopped = threading.Event(), []

    def stop() -> None:
        stopped.append(time.monotonic())
        cancel.set()

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.QUERY:
            threading.Timer(0.3, stop).start()

    error = refused(sandbox, f"{view}_V", on_progress=listen, cancel=cancel)
    assert isinstance(error, CancelledError)
    assert time.monotonic() - stopped[0] < AT_ONCE  # the warehouse would work for hours
