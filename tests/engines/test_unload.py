"""Engine `unload`: Snowflake writes what the other engines would, and keeps the same promises."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import signal
import threading
import traceback
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.engines import copy_groups
from core.engines.unload_limits import find_limit
from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    SourceDataError,
    TransferError,
    UsageError,
)
from core.events import Event, Phase, Progress, Warned
from core.outcome import Outcome
from core.output import Format
from core.planning.plan import make_plan
from core.records.history import run_recorded
from core.request.request import Request
from core.runtime.progress import Reporter
from core.transfer import plan_transfer, run_transfer
from core.warehouse.catalog import find
from tests.parity.engines import bench
from tests.support.deliveries import (
    bucket_client,
    delivered,
    download,
    execute,
    make_table,
    objects,
    options,
    rows_of,
    transfer,
)
from tests.support.sources import plan
from tui.cli import batch, dry_run
from tui.cli.batch import Manner
from tui.cli.batch import run as run_batch
from tui.cli.console import TextConsole
from tui.cli.signals import Stop
from tui.demo import INTEGRATION, own_access

if TYPE_CHECKING:
    from pathlib import Path

    from core.sandbox.launcher import Sandbox

_MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
WAY = {"engine": "unload", "storage_integration": "SANDBOX_S3"}
PLAIN = (
    "D DATE, REGION VARCHAR, OK BOOLEAN, V VARIANT, BIG NUMBER(38,0), AMT NUMBER(12,2), F FLOAT",
    "('2024-01-03', 'eu', TRUE, NULL, 1, 0.10, 0.1)",
    "('2024-01-31', 'eu', TRUE, NULL, 99999999999999999999999999999999999, 0.20, 0.2)",
    "('2024-02-01', '', FALSE, NULL, NULL, -0.30, NULL)",
    "(NULL, ' ', NULL, NULL, NULL, NULL, NULL)",
    "(NULL, 'a,\"b\r\n\\\\ ü\U0001f600', NULL, NULL, 8, 1.00, 1e300)",
)
TIMES = (
    "D DATE, T TIME(6), NTZ TIMESTAMP_NTZ(6), LTZ TIMESTAMP_LTZ(3), TZ TIMESTAMP_TZ(6), "
    "B BINARY, S VARCHAR, N NUMBER(5,0)",
    "('2024-01-03', '23:59:59.123456', '1969-12-31 23:59:59.999999', '2024-03-31 01:30:00.123', "
    "'2024-01-03 01:02:03.000001 +05:30', NULL, 'a\\tb\\u0001\\\\\"/', 1)",
    "('0001-01-01', '00:00:00', '9999-12-31 00:00:00', NULL, '2024-01-03 00:00:00 -08:00', "
    "NULL, '', 2)",
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3)",
)


@pytest.fixture(scope="module")
def plain(sandbox: Sandbox) -> str:
    """A table of types that every format takes, but for its floats in text."""
    return make_table(sandbox, *PLAIN)


@pytest.fixture(scope="module")
def times(sandbox: Sandbox) -> str:
    """A table of types that only text formats take."""
    name = make_table(sandbox, *TIMES)
    execute(sandbox, f"UPDATE {name} SET B = TO_BINARY('00FFAB', 'HEX') WHERE N = 1")
    return name


@pytest.fixture(scope="module")
def orders(sandbox: Sandbox) -> str:
    """A table of some megabytes, every row a group."""
    name = f"ORDERS_{uuid.uuid4().hex[:8].upper()}"
    execute(
        sandbox,
        f"CREATE TABLE {name} AS SELECT * FROM ORDERS_100K WHERE O_ORDERDATE < '1992-12-01'",
    )
    return name


@pytest.fixture(scope="module")
def orders_streamed(sandbox: Sandbox, orders: str) -> pa.Table:
    """Its delivery by engine `stream`."""
    return delivered(sandbox, transfer(sandbox, orders))


def unloaded(box: Sandbox, table: str, **more: Any) -> dict[str, Any]:
    return transfer(box, table, **WAY, **more)


def outcome(box: Sandbox, table: str, events: list[Event] | None = None, **more: Any) -> Outcome:
    """Run an unload to a folder of its own."""
    request = asked(box, table, **more)
    return run_transfer(request, on_event=None if events is None else events.append)


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    bucket = f"s3://{box.s3['bucket']}/{uuid.uuid4().hex}/"
    ways = {"storage_integration", "stage", "unload_credentials"} & more.keys()
    way = {"engine": "unload"} if ways else WAY
    return Request.of(**{"table": table, "bucket": bucket, **options(box), **way, **more})


def strange_to(box: Sandbox) -> dict[str, Any]:
    """The options of a machine without AWS credentials."""
    return {"s3_options": {"endpoint_url": box.s3["endpoint_url"], "region_name": "us-east-1"}}


# ------------------------------------------------------------------------------------ equality


def test_parquet_has_the_rows_and_types_of_stream(sandbox: Sandbox, plain: str) -> None:
    theirs = delivered(sandbox, unloaded(sandbox, plain))
    ours = delivered(sandbox, transfer(sandbox, plain))
    assert rows_of(theirs) == rows_of(ours)
    assert theirs.schema == ours.schema
    assert theirs.schema.field("BIG").type == pa.decimal128(38, 0)


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


def test_the_result_that_stays_is_in_few_batches(sandbox: Sandbox, tmp_path: Path) -> None:
    table = make_table(sandbox, "D DATE, NAME VARCHAR, N NUMBER(5,0)")
    rows = "SELECT '2024-01-03'::DATE, RPAD(SEQ4(), 300, HASH(SEQ4())::VARCHAR), 1"
    execute(sandbox, f"INSERT INTO {table} {rows} FROM TABLE(GENERATOR(ROWCOUNT => 15000))")
    request = asked(sandbox, table)
    with bench(sandbox, tmp_path) as at:
        at.execute("ALTER SESSION SET CLIENT_RESULT_CHUNK_SIZE = 1")
        source = find(at.connection, f"DEMO.PUBLIC.{table}", at.cancel)
        made = make_plan(source, {}, request)
        order = copy_groups.Order.of(request, at.destination, f"{table}.parquet", _MOMENT, "run")
        silent = {"progress": Reporter(None), "cancel": at.cancel}
        done = copy_groups.copy_groups(at.connection, made, order, at.bucket, **silent)
        batches = at.connection.cursor().query_result(done.query_id).get_result_batches()
    assert sum(batch.rowcount for batch in batches) == 15_001
    assert max(batch.uncompressed_size or 0 for batch in batches) > 2_000_000


# ---------------------------------------------------------------------------------------- ways


@pytest.mark.parametrize(
    "way",
    [
        {"storage_integration": "sandbox_s3"},
        {"stage": "@DEMO.PUBLIC.PARTNER_INBOX"},
        {"unload_credentials": True},
    ],
)
def test_every_way_of_access(sandbox: Sandbox, plain: str, way: dict[str, Any]) -> None:
    events: list[Event] = []
    assert outcome(sandbox, plain, events, **way).row_count == 3
    warned = [event.message for event in events if isinstance(event, Warned)]
    assert any("query history" in each for each in warned) is ("unload_credentials" in way)


def test_a_stage_with_a_path_holds_what_lies_below_it(sandbox: Sandbox, plain: str) -> None:
    folder = uuid.uuid4().hex
    bucket = f"s3://{sandbox.s3['bucket']}/{folder}/in/"
    stage = f"@PARTNER_INBOX/{folder}"
    assert outcome(sandbox, plain, stage=stage, bucket=bucket).url.startswith(bucket)
    with pytest.raises(UsageError, match="does not lie below stage"):
        outcome(sandbox, plain, stage=f"{stage}/other", bucket=bucket)


def test_a_key_of_kms(sandbox: Sandbox, plain: str) -> None:
    done = outcome(sandbox, plain, kms_key_id="alias/ours")
    head = bucket_client(sandbox).head_object(Bucket=sandbox.s3["bucket"], Key=done.file_name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/ours")


def test_no_credentials_here_are_needed(sandbox: Sandbox, plain: str) -> None:
    events: list[Event] = []
    assert outcome(sandbox, plain, events, **strange_to(sandbox)).row_count == 3
    said = [event.message for event in events if isinstance(event, Warned)]
    assert any("not looked at from here: There are no AWS credentials" in each for each in said)


def test_the_demo_has_a_way_of_its_own(
    sandbox: Sandbox,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sandbox.unload["storage_integration"] == INTEGRATION
    assert own_access({"engine": "unload", "stage": "S"}) == own_access({"engine": "stream"}) == {}
    monkeypatch.setenv("AMPLIFY_DATA_DIR", str(tmp_path))
    wanted = {"table": "LOCATIONS_595", "date_column": "DOB", "engine": "unload"}
    assert run_batch(wanted, Manner(demo=True)) == 0
    told = json.loads(capfd.readouterr().out)
    assert pq.read_table(next(tmp_path.rglob(told["file_name"]))).num_rows == told["row_count"]


def test_an_owner_is_never_left_unchecked(sandbox: Sandbox, plain: str) -> None:
    with pytest.raises(DestinationError, match="no AWS credentials"):
        outcome(sandbox, plain, expected_bucket_owner="123456789012", **strange_to(sandbox))


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "--storage-integration .best., --stage, or --unload-credentials"),
        ({"stage": "S", "unload_credentials": True}, "--stage and --unload-credentials exclude"),
        ({"stage": "S", "kms_key_id": "k"}, "a stage has its own encryption"),
        ({"storage_integration": "I", "max_file_size": "6GB"}, "max"),
    ],
)
def test_options_that_cannot_be_meant(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Request.of(table="T", bucket="partner-inbox", engine="unload", **given)


@pytest.mark.parametrize(
    ("kind", "file", "said"),
    [
        ("TIMESTAMP_TZ(3)", "parquet", "time zones"),
        ("TIMESTAMP_LTZ(3)", "parquet", "time zones"),
        ("TIMESTAMP_NTZ(3)", "parquet", "milliseconds"),
        ("TIME(3)", "parquet", "not documented"),
        ("BINARY(8)", "parquet", "not documented"),
        ("TIME(9)", "csv", "nanoseconds"),
        ("TIMESTAMP_NTZ(7)", "ndjson", "nanoseconds"),
        ("FLOAT", "csv", "15 digits"),
        ("DECFLOAT", "ndjson", "15 digits"),
    ],
)
def test_columns_that_snowflake_cannot_unload(kind: str, file: str, said: str) -> None:
    made = plan({"D": "DATE", "X": kind}, date_column="D")
    found = find_limit(made, Format(file))
    assert isinstance(found, SourceDataError)
    assert re.search(f"column X .* as {file}: .*{said}", found.message)
    assert "pushdown" in found.hint


def test_a_month_and_a_dropped_column_may_be_of_any_type() -> None:
    made = plan({"TZ": "TIMESTAMP_TZ(9)", "X": "TIME(9)"}, key_columns="none")
    for each in (Format.PARQUET, Format.CSV, Format.NDJSON):
        assert find_limit(made, each) is None


def test_a_name_that_no_header_of_snowflake_is_known_to_hold() -> None:
    made = plan({"D": "DATE", 'a"b': "VARCHAR"})
    assert "quotation mark" in str(find_limit(made, Format.CSV))
    assert find_limit(made, Format.NDJSON) is None


def test_what_cannot_be_unloaded_is_refused_before_the_query(sandbox: Sandbox, plain: str) -> None:
    request = asked(sandbox, plain, format="json")
    events: list[Event] = []
    with pytest.raises(UsageError, match="json array"):
        plan_transfer(request)
    with pytest.raises(UsageError, match="json array"):
        run_transfer(request, on_event=events.append)
    assert Phase.QUERY not in [event.phase for event in events if isinstance(event, Progress)]


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ({"storage_integration": "NO_SUCH"}, UsageError, "integration NO_SUCH does not exist"),
        ({"storage_integration": "a.b"}, UsageError, "not the name of an integration"),
        ({"stage": "NO_SUCH"}, UsageError, "stage .*NO_SUCH does not exist"),
        ({"stage": "a/b c\n."}, UsageError, "does not exist"),
        ({"stage": '@"a' + '""a' * 28}, UsageError, "is not a stage"),  # told at once
        ({"bucket": "elsewhere"}, UsageError, "integration does not allow"),
        (
            {"bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/ap", "s3_options": {}},
            UsageError,
            "ARN",
        ),
    ],
)
def test_what_snowflake_refuses(
    sandbox: Sandbox, plain: str, more: dict[str, Any], kind: type[TransferError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        outcome(sandbox, plain, **{**strange_to(sandbox), **more})
    assert caught.value.hint
    assert "may remain" not in caught.value.hint


def test_dates_that_do_not_parse(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "DOB VARCHAR, K VARCHAR", "('2024-01-31', 'a')", "('x', 'b')")
    way = {"date_column": "DOB", "date_format": "%Y-%m-%d"}
    request = asked(sandbox, table, **way)
    with pytest.raises(SourceDataError, match=r"1 rows of DOB hold no date .*'x'"):
        run_transfer(request)
    assert not objects(sandbox, request.bucket.partition(f"{sandbox.s3['bucket']}/")[2])
    events: list[Event] = []
    assert outcome(sandbox, table, events, on_bad_date="null", **way).row_count == 2
    assert any("hold no date, such as 'x'" in str(event) for event in events)


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
    more = {"format": "ndjson", "max_file_size": "1MB"}
    request = asked(sandbox, orders, **more, **({} if own else strange_to(sandbox)))
    folder = request.bucket.partition(f"{sandbox.s3['bucket']}/")[2]
    cancel, ended = threading.Event(), threading.Event()

    def cancel_at_the_first_file() -> None:
        while not ended.is_set() and not objects(sandbox, folder):
            pass
        cancel.set()

    watcher = threading.Thread(target=cancel_at_the_first_file)
    watcher.start()
    try:
        with pytest.raises(CancelledError) as caught:
            run_transfer(request, cancel=cancel)
    finally:
        ended.set()
        watcher.join()
    assert bool(objects(sandbox, folder)) is not own
    assert (f"Files may remain at {request.bucket}" in caught.value.hint) is not own


def test_a_signal_keeps_what_the_run_tells_of_its_remains() -> None:
    told = io.StringIO()
    stop = Stop(on_stopping=lambda: None, last_resort=lambda: None)
    stop.signal = signal.SIGINT
    error = CancelledError(hint="Files may remain at s3://b/in/.")
    assert batch._failed(error, TextConsole(told, quiet=False), stop, debug=False) == 130
    assert "Files may remain at s3://b/in/." in told.getvalue()


def test_files_that_lack_rows_are_removed(
    sandbox: Sandbox, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copy_groups._copy

    def short(*args: Any) -> tuple[int, Any]:
        rows, files = real(*args)
        return rows - 1, files

    monkeypatch.setattr(copy_groups, "_copy", short)
    request = asked(sandbox, plain)
    with pytest.raises(IntegrityError, match="wrote 2 rows where there are 3 groups"):
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
    given = request.model_dump(exclude_defaults=True)
    assert run_batch(given, Manner()) == 0
    assert run_batch({**given, "s3_options": wrong}, Manner(json=True)) == 6
    with pytest.raises(DestinationError) as caught:
        run_transfer(request.model_copy(update={"s3_options": wrong}))
    seen += traceback.format_exception(caught.value)
    seen += [*capfd.readouterr(), caplog.text]
    seen += [f.read_text(errors="replace") for f in own_directories.rglob("*") if f.is_file()]
    assert not [secret for secret in secrets if any(secret in each for each in seen)]
