"""Engine `unload`: how Snowflake may write to the bucket, and what is refused before it does."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from core.bucket.objects import get_aws_keys
from core.connections.secrets import Secret
from core.engines import copy_groups
from core.engines.unload_limits import find_limit
from core.errors import DestinationError, SourceDataError, TransferError, UsageError
from core.events import Event, Phase, Progress, Warned
from core.output import Format
from core.request.request import Request
from core.transfer import plan_transfer, run_transfer
from tests.engines.unloading import asked, outcome, strange_to
from tests.support.deliveries import bucket_client, execute, make_table, objects
from tests.support.sources import plan
from tui.cli.batch import Manner
from tui.cli.batch import run as run_batch
from tui.demo import INTEGRATION, choose_access

if TYPE_CHECKING:
    from pathlib import Path

    from core.bucket import Bucket
    from core.runtime.cancel import Cancel
    from core.sandbox.launcher import Sandbox


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
    with pytest.raises(UsageError, match="is not below stage"):
        outcome(sandbox, plain, stage=f"{stage}/other", bucket=bucket)


@pytest.mark.parametrize("scheme", ["s3gov", "s3china"])
def test_a_stage_in_another_part_of_aws(sandbox: Sandbox, plain: str, scheme: str) -> None:
    name, bucket = f"STAGE_{scheme.upper()}", sandbox.s3["bucket"]
    keys = (
        f"AWS_KEY_ID='{sandbox.s3['aws_access_key_id']}' "
        f"AWS_SECRET_KEY='{sandbox.s3['aws_secret_access_key']}'"
    )
    execute(
        sandbox, f"CREATE OR REPLACE STAGE {name} URL='{scheme}://{bucket}/' CREDENTIALS=({keys})"
    )
    done = outcome(sandbox, plain, stage=name)
    assert done.file_name in objects(sandbox, done.file_name)


def test_keys_are_taken_again_before_snowflake_writes(
    sandbox: Sandbox, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first keys are those of a session that has expired since."""
    given = [[Secret("AKIAEXPIRED0EXPIRED0"), Secret("expired")]]

    def keys(bucket: Bucket, cancel: Cancel) -> tuple[Secret, ...]:
        return tuple(given.pop()) if given else get_aws_keys(bucket, cancel)

    monkeypatch.setattr(copy_groups, "get_aws_keys", keys)
    assert outcome(sandbox, plain, unload_credentials=True).row_count == 3
    assert not given


def test_a_key_of_kms(sandbox: Sandbox, plain: str) -> None:
    done = outcome(sandbox, plain, kms_key_id="alias/ours")
    head = bucket_client(sandbox).head_object(Bucket=sandbox.s3["bucket"], Key=done.file_name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/ours")


def test_no_credentials_here_are_needed(sandbox: Sandbox, plain: str) -> None:
    events: list[Event] = []
    assert outcome(sandbox, plain, events, **strange_to(sandbox)).row_count == 3
    said = [event.message for event in events if isinstance(event, Warned)]
    assert any(
        "not checked from this machine: There are no AWS credentials" in each for each in said
    )


def test_the_demo_has_a_way_of_its_own(
    sandbox: Sandbox,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sandbox.unload["storage_integration"] == INTEGRATION
    assert (
        choose_access({"engine": "unload", "stage": "S"})
        == choose_access({"engine": "stream"})
        == {}
    )
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
        ({}, "storage_integration, stage or unload_credentials=True .the first is best"),
        ({"stage": "S", "unload_credentials": True}, "stage and unload_credentials exclude"),
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
    made = plan({"D": "DATE", "X": kind}, date_column="D", timestamp_unit="ns")
    found = find_limit(made, Format(file))
    assert isinstance(found, SourceDataError)
    assert re.search(f"column X .* as {file}: .*{said}", found.message)
    assert "pushdown" in found.hint


def test_times_in_microseconds_are_unloaded_as_text() -> None:
    made = plan({"D": "DATE", "X": "TIME(9)", "Y": "TIMESTAMP_TZ(9)"}, date_column="D")
    for each in (Format.CSV, Format.NDJSON):
        assert find_limit(made, each) is None


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
    with pytest.raises(SourceDataError, match=r"1 dates of DOB cannot be parsed .*'x'"):
        run_transfer(request)
    assert not objects(sandbox, request.bucket.partition(f"{sandbox.s3['bucket']}/")[2])
    events: list[Event] = []
    assert outcome(sandbox, table, events, on_bad_date="null", **way).row_count == 2
    assert any("cannot be parsed, such as 'x'" in str(event) for event in events)
