"""Engine `unload`: Snowflake writes what the other engines would, and keeps the same promises."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import signal
import threading
import time
import traceback
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.engines import copy_groups
from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    SignInError,
)
from core.events import Event, Phase, Progress
from core.records.history import run_recorded
from core.transfer import plan_transfer, run_transfer
from tests.engines.unloading import WAY, asked, outcome, strange_to, unloaded
from tests.support.deliveries import (
    bucket_client,
    delivered,
    download,
    make_table,
    objects,
    rows_of,
    transfer,
)
from tests.support.services.buckets import Exchange
from tests.support.services.scripted_login import ScriptedLogin
from tests.support.services.warehouse_proxy import ABORT, COPY, RESULT, STATUS, Warehouse
from tui.cli import batch, dry_run
from tui.cli.batch import Manner
from tui.cli.batch import run as run_batch
from tui.cli.console import TextConsole
from tui.cli.signals import Stop

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

_MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


# ------------------------------------------------------------------------------------ equality


def test_parquet_has_the_rows_and_types_of_stream(sandbox: Sandbox, plain: str) -> None:
    theirs = delivered(sandbox, unloaded(sandbox, plain))
    ours = delivered(sandbox, transfer(sandbox, plain))
    assert rows_of(theirs) == rows_of(ours)
    assert theirs.schema == ours.schema
    assert theirs.schema.field("BIG").type == pa.decimal128(38, 0)


def test_a_file_without_rows_has_the_types_of_one_with_rows(sandbox: Sandbox) -> None:
    """Snowflake writes no file for no rows, and whole numbers as decimals."""
    columns = "D DATE, K NUMBER(10,0), L NUMBER(38,2), N NUMBER(5,0), F FLOAT, T VARCHAR, B BOOLEAN"
    full = make_table(sandbox, columns, "('2024-01-05', 1, 2, 3, 0.5, 't', TRUE)")
    empty = make_table(sandbox, columns)
    keys = {"key_columns": "K,L,T,B", "sum_columns": "N,F", "date_column": "D"}
    schemas = [delivered(sandbox, unloaded(sandbox, each, **keys)).schema for each in (full, empty)]
    assert schemas[0].equals(schemas[1])
    assert schemas[1].field("K").type == pa.decimal128(10, 0)
    plan = plan_transfer(asked(sandbox, empty, **keys))
    assert [column.type for column in plan.schema][1] == "DECIMAL(10,0)"


@pytest.mark.parametrize("zipped", [False, True])
def test_ndjson_has_the_bytes_of_stream(sandbox: Sandbox, times: str, zipped: bool) -> None:
    way = {"format": "ndjson", "gzip": zipped, "timezone": "Europe/Zurich"}
    theirs, ours = unloaded(sandbox, times, **way), transfer(sandbox, times, **way)
    unzip = gzip.decompress if zipped else bytes
    assert unzip(download(sandbox, theirs)) == unzip(download(sandbox, ours))


@pytest.mark.parametrize(("zipped", "which"), [(False, "times"), (True, "plain")])
def test_csv_has_the_fields_of_stream(
    sandbox: Sandbox, zipped: bool, which: str, request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(which)
    more = {"drop_columns": "F"} if which == "plain" else {}
    way = {"format": "csv", "gzip": zipped, **more}
    unzip = gzip.decompress if zipped else bytes
    theirs, ours = (
        unzip(download(sandbox, each))
        for each in (unloaded(sandbox, table, **way), transfer(sandbox, table, **way))
    )
    assert _fields(theirs) == _fields(ours)
    assert theirs.endswith(b"\r\n")
    # NULL is empty, and an empty text is not: the csv module reads both alike.
    assert (b",," in theirs, b'""' in theirs) == (b",," in ours, b'""' in ours) == (True, True)


def _fields(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline="")))


def test_orders(sandbox: Sandbox, orders: str, orders_streamed: pa.Table) -> None:
    assert delivered(sandbox, unloaded(sandbox, orders)).equals(orders_streamed)


def test_numbers_as_keys(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "D DATE, N NUMBER(9,0), F FLOAT", "('2024-01-01', 7, -0.0)")
    way = {"key_columns": "N,F"}
    assert rows_of(delivered(sandbox, unloaded(sandbox, table, **way))) == rows_of(
        delivered(sandbox, transfer(sandbox, table, **way))
    )


def test_the_outcome_is_that_of_stream(sandbox: Sandbox, plain: str) -> None:
    events: list[Event] = []
    theirs = outcome(sandbox, plain, events)
    ours = outcome(sandbox, plain, engine="stream")
    assert theirs.totals == ours.totals
    assert theirs.first_rows == ours.first_rows
    assert theirs.size == len(download(sandbox, theirs.result))
    assert theirs.query_id
    told = [event for event in events if isinstance(event, Progress)]
    phases = [Phase.CONNECT, Phase.PLAN, Phase.QUERY, Phase.UPLOAD]
    assert list(dict.fromkeys(event.phase for event in told)) == phases
    assert (told[-1].rows, told[-1].bytes) == (theirs.row_count, theirs.size)


def test_a_grand_total_beyond_38_digits(sandbox: Sandbox) -> None:
    most = "9" * 38
    table = make_table(
        sandbox, "D DATE, N NUMBER(38,0)", f"('2024-01-01', {most})", f"('2024-02-01', {most})"
    )
    rows = rows_of(delivered(sandbox, unloaded(sandbox, table)))
    assert [row[1] for row in rows] == [int(most)] * 2


# --------------------------------------------------------------------------------------- parts


def test_a_large_result_becomes_several_files(
    sandbox: Sandbox, orders: str, orders_streamed: pa.Table
) -> None:
    done = outcome(sandbox, orders, max_file_size="1MB")
    assert re.fullmatch(rf"\w+/{orders}_monthly_\d{{8}}T\d{{6}}Z/", done.file_name)
    keys = objects(sandbox, done.file_name)
    assert len(keys) > 1
    assert all(key.endswith(".parquet") for key in keys)
    client, bucket = bucket_client(sandbox), sandbox.s3["bucket"]
    files = [client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    assert done.size == sum(map(len, files))
    assert done.url == f"s3://{bucket}/{done.file_name}"
    parts = pa.concat_tables([pq.read_table(io.BytesIO(file)) for file in files])
    order = [(name, "ascending") for name in parts.column_names]
    assert parts.sort_by(order).equals(orders_streamed.sort_by(order))
    assert done.row_count == parts.num_rows


def test_the_folder_of_parts_is_always_fresh(sandbox: Sandbox, plain: str) -> None:
    request = asked(sandbox, plain, file_name="all.parquet")
    first, second = (
        copy_groups.Order.of(request, object(), "in/all.parquet", _MOMENT, run)  # type: ignore[arg-type]
        for run in ("run-1", "run-2")
    )
    assert (first.folder, second.folder) == ("in/all/run-1/", "in/all/run-2/")


def test_the_result_that_stays_is_in_few_batches(sandbox: Sandbox) -> None:
    """Its list is read, but none of its batches."""
    with ScriptedLogin.running() as login:
        login.code, login.text = "390100", "Incorrect username or password was specified."
        for engine in ("pushdown", "unload"):
            with pytest.raises(SignInError):
                outcome(sandbox, "T", connection=login.parameters, **{**WAY, "engine": engine})
    sizes = [
        json.loads(body)["data"]["SESSION_PARAMETERS"]["CLIENT_RESULT_CHUNK_SIZE"]
        for _, body in login.asked
    ]
    assert list(map(int, sizes)) == [16, 160]


# -------------------------------------------------------------------------------------- exists


@pytest.mark.parametrize("looked_at", [True, False])
def test_what_exists_is_replaced_only_if_asked(
    sandbox: Sandbox, plain: str, looked_at: bool
) -> None:
    way: dict[str, Any] = {
        "file_name": f"{uuid.uuid4().hex}.parquet",
        "bucket": sandbox.s3["bucket"],
    }
    way |= {} if looked_at else strange_to(sandbox)
    first = outcome(sandbox, plain, **way)
    before = download(sandbox, first.result)
    with pytest.raises(DestinationExistsError, match="already"):
        outcome(sandbox, "LOCATIONS_595", date_column="DOB", **way)
    assert download(sandbox, first.result) == before
    outcome(sandbox, "LOCATIONS_595", date_column="DOB", if_exists="overwrite", **way)
    assert download(sandbox, first.result) != before


@pytest.mark.parametrize(
    "access", [{"storage_integration": "SANDBOX_S3"}, {"stage": "@DEMO.PUBLIC.PARTNER_INBOX"}]
)
def test_what_exists_is_noticed_before_the_table_is_read(
    sandbox: Sandbox, plain: str, access: dict[str, str]
) -> None:
    name = f"{uuid.uuid4().hex}.parquet"
    bucket = sandbox.s3["bucket"]
    bucket_client(sandbox).put_object(Bucket=bucket, Key=name, Body=b"theirs")
    with Warehouse(sandbox) as warehouse:
        through = sandbox.snowflake | {"port": urlsplit(warehouse.url).port}
        with pytest.raises(DestinationExistsError, match="already"):
            outcome(sandbox, plain, connection=through, file_name=name, bucket=bucket, **access)
    assert warehouse.started
    assert not [sql for sql in warehouse.started.values() if "GROUP BY" in sql or "COPY" in sql]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_no_groups_are_a_file_without_rows(sandbox: Sandbox, kind: str) -> None:
    table = make_table(sandbox, "D DATE, K VARCHAR", "(NULL, ' ')")
    done = outcome(sandbox, table, format=kind)
    assert done.row_count == 0
    assert download(sandbox, done.result) == download(
        sandbox, transfer(sandbox, table, format=kind)
    )
    with pytest.raises(DestinationError) as caught:
        outcome(sandbox, table, format=kind, **strange_to(sandbox))
    assert "Snowflake writes no file for it" in caught.value.hint


# ------------------------------------------------------------------------------- stops, secrets


@pytest.mark.parametrize("own", [True, False])
def test_a_cancelled_unload_leaves_nothing_or_tells(
    sandbox: Sandbox, orders: str, own: bool
) -> None:
    more: dict[str, Any] = {"format": "ndjson", "max_file_size": "1MB"}
    cancel, aborted = threading.Event(), threading.Event()

    def cancel_at_the_first_file(exchange: Exchange) -> None:
        while not objects(sandbox, folder):
            time.sleep(0.01)
        cancel.set()
        assert aborted.wait(60)
        exchange.pass_on()

    def note(exchange: Exchange) -> None:
        exchange.pass_on()
        aborted.set()

    with Warehouse(sandbox) as warehouse:
        warehouse.on(f"({STATUS}|{RESULT}){COPY}", cancel_at_the_first_file)
        warehouse.on(ABORT + COPY, note)
        more["connection"] = sandbox.snowflake | {"port": urlsplit(warehouse.url).port}
        request = asked(sandbox, orders, **more, **({} if own else strange_to(sandbox)))
        folder = request.bucket.partition(f"{sandbox.s3['bucket']}/")[2]
        with pytest.raises(CancelledError) as caught:
            run_transfer(request, cancel=cancel)
    assert bool(objects(sandbox, folder)) is not own
    assert (f"Files may remain at {request.bucket}" in caught.value.hint) is not own


def test_a_signal_keeps_what_the_run_tells_of_its_remains() -> None:
    told = io.StringIO()
    stop = Stop(on_stopping=lambda: None, last_resort=lambda: None)
    stop.signal = signal.SIGINT
    error = CancelledError(hint="Files may remain at s3://b/in/.")
    console = TextConsole(told, quiet=False)
    assert batch._report_failure(error, console, stop, debug=False, of_run=True) == 130
    assert "Files may remain at s3://b/in/." in told.getvalue()


@pytest.mark.parametrize(("more", "said"), [(-1, 2), (1, 4)])
def test_files_that_lack_rows_or_have_others_are_removed(
    sandbox: Sandbox, plain: str, monkeypatch: pytest.MonkeyPatch, more: int, said: int
) -> None:
    real = copy_groups._copy

    def miscounted(*args: Any) -> tuple[int, Any]:
        rows, files = real(*args)
        return rows + more, files

    monkeypatch.setattr(copy_groups, "_copy", miscounted)
    request = asked(sandbox, plain)
    with pytest.raises(IntegrityError, match=f"wrote {said} rows where there are 3 groups"):
        run_transfer(request)
    assert not objects(sandbox, request.bucket.partition(f"{sandbox.s3['bucket']}/")[2])


def test_secrets_show_nowhere(
    sandbox: Sandbox,
    plain: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    own_directories: Any,
) -> None:
    secrets = [sandbox.s3["aws_secret_access_key"], sandbox.snowflake["password"], "marker-secret"]
    events: list[Event] = []
    # Two runs may begin in the same second.
    request = asked(sandbox, plain, unload_credentials=True, file_name="{run_id}.{ext}")
    made = run_recorded(request, by="batch", on_event=events.append)
    seen = [repr(request), repr(made), repr(events)]
    planned = plan_transfer(request)
    seen += ["\n".join(shown(planned)) for shown in (dry_run.as_text, dry_run.as_json)]
    seen.append(repr(planned))
    assert "AWS_SECRET_KEY = '**********'" in seen[-2]
    wrong = {**request.s3_options, "aws_secret_access_key": "marker-secret"}  # type: ignore[dict-item]
    given = request.as_data()
    assert run_batch(given, Manner()) == 0
    assert run_batch({**given, "s3_options": wrong}, Manner(json=True)) == 6
    with pytest.raises(DestinationError) as caught:
        run_transfer(request.replace(s3_options=wrong))
    seen += traceback.format_exception(caught.value)
    seen += [*capfd.readouterr(), caplog.text]
    seen += [f.read_text(errors="replace") for f in own_directories.rglob("*") if f.is_file()]
    assert not [secret for secret in secrets if any(secret in each for each in seen)]
