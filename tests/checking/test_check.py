"""A whole check of the sandbox: it finds nothing, moves nothing, and records no secret."""

from __future__ import annotations

import io
import stat
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import core
from core import CheckResult, CheckStatus, Finding
from core.bucket.target import open_bucket
from core.checking.case import find_difference
from core.checking.cases import CHECK_ZONE, list_cases
from core.checking.recording import FILE_NAME, read_recording
from core.checking.snowflake import Warehouse
from core.checking.unload import check_unload, skip_unload
from core.checking.walk import Walk
from core.remedy import as_data
from core.runtime.cancel import NEVER
from core.runtime.retry import QUICK
from core.warehouse.connect import connect
from core.warehouse.results.arrow_streams import open_stream
from core.warehouse.results.chunks import Fetch
from tests.support.deliveries import execute, objects, options
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# Planted where a name or a value of the account could get into a recording.
PLANTED = "PLANTED"
TABLE = f'"{PLANTED} TABLE"'
COLUMNS = f'"{PLANTED} DAY" DATE, "{PLANTED} NUMBER" NUMBER(9,2), "{PLANTED} TEXT" VARCHAR(99)'


@dataclass(frozen=True)
class Checked:
    """A check that was made, with what it showed and recorded."""

    result: CheckResult
    shown: list[Finding]
    recorded: Path
    before: list[str]
    after: list[str]


@pytest.fixture(scope="module")
def checked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    """A check of a table whose names and values are planted, with a probe, recorded."""
    execute(
        sandbox,
        f"CREATE TABLE {TABLE} ({COLUMNS})",
        f"INSERT INTO {TABLE} VALUES ('2024-01-31', 7777777.25, '{PLANTED} VALUE')",
    )
    directory = tmp_path_factory.mktemp("recording") / "answers"
    shown: list[Finding] = []
    before = objects(sandbox)
    result = core.check(
        table=TABLE,
        bucket=f"s3://{sandbox.s3['bucket']}/{PLANTED}/",
        probe_write=True,
        storage_integration="SANDBOX_S3",
        record=str(directory),
        on_finding=shown.append,
        **options(sandbox),
    )
    yield Checked(result, shown, directory, before, objects(sandbox))
    execute(sandbox, f"DROP TABLE {TABLE}")


def test_the_sandbox_answers_as_a_transfer_relies_on(checked: Checked) -> None:
    wrong = [each for each in checked.result.findings if each.status is not CheckStatus.OK]
    assert wrong == []
    assert (checked.result.ok, checked.result.exit_code) == (True, 0)
    assert {each.part for each in checked.shown} == {
        "snowflake",
        "sql",
        "results",
        "table",
        "unload",
        "bucket",
    }


def test_every_finding_is_shown_as_it_is_made(checked: Checked) -> None:
    assert tuple(checked.shown) == checked.result.findings
    assert checked.result.seconds >= sum(each.seconds for each in checked.shown) > 0


def test_snowflake_wrote_a_file_and_it_was_read(checked: Checked) -> None:
    found = [each for each in checked.shown if each.part == "unload"]
    subjects = ["COPY INTO", "the file that it wrote", "removing the file"]
    assert [each.subject for each in found] == subjects
    assert "date32" in found[1].detail
    assert "decimal128(38, 2)" in found[1].detail


@pytest.mark.parametrize(
    ("given", "why", "remedy"),
    [
        ({}, "given no way to write", "storage_integration"),
        ({"storage_integration": "I"}, "none was asked for", "probe of writing"),
    ],
)
def test_a_file_of_snowflake_that_was_not_asked_for(
    given: dict[str, str], why: str, remedy: str
) -> None:
    shown: list[Finding] = []
    warehouse: Any = SimpleNamespace(walk=Walk(shown.append, NEVER))
    assert skip_unload(warehouse, request(**given), probe_write=False)
    (finding,) = shown
    assert (finding.status, finding.exit_code) == (CheckStatus.UNCHECKED, 0)
    assert why in finding.detail
    assert remedy in str(as_data(finding.advice))
    assert not skip_unload(warehouse, request(storage_integration="I"), probe_write=True)


def test_an_integration_that_may_not_write_there(sandbox: Sandbox) -> None:
    shown: list[Finding] = []
    walk = Walk(shown.append, NEVER)
    bucket = f"s3://{sandbox.s3['bucket']}/unload-{uuid.uuid4().hex}/"
    own = request(**{**options(sandbox), "bucket": bucket, "storage_integration": "NO_SUCH"})
    with Warehouse.open(walk, own, QUICK) as warehouse, open_bucket(own) as opened:
        assert warehouse is not None
        check_unload(warehouse, own, opened)
    assert [each.subject for each in shown] == ["sign-in", "COPY INTO"]
    assert shown[-1].status is CheckStatus.DIFFERS
    assert shown[-1].exit_code
    assert shown[-1].detail


def test_nothing_remains_in_the_bucket(checked: Checked) -> None:
    assert checked.after == checked.before


def test_a_large_result_was_downloaded(checked: Checked) -> None:
    (batches,) = (each for each in checked.shown if each.subject == "a result in batches")
    assert "from 127.0.0.1" in batches.detail


def test_the_recording_is_private_and_holds_no_name_value_or_secret(
    sandbox: Sandbox, checked: Checked
) -> None:
    file = checked.recorded / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in checked.recorded.iterdir()] == [FILE_NAME]
    text = file.read_text()
    secrets = [str(value) for value in (*sandbox.snowflake.values(), *sandbox.s3.values())]
    names = [PLANTED, "7777777", sandbox.s3["bucket"], *filter(lambda each: len(each) > 3, secrets)]
    assert [name for name in names if name in text] == []
    assert len(read_recording(checked.recorded)) == len(checked.shown)


def test_a_recording_is_replayed_through_the_reading_of_results(
    sandbox: Sandbox, checked: Checked
) -> None:
    recorded = {each["subject"]: each for each in read_recording(checked.recorded)}
    replayed = 0
    with closing(connect(sandbox.snowflake, query_tag="replay", timezone=CHECK_ZONE)) as session:
        fetch = Fetch(session, 30.0, NEVER)
        for case in list_cases(CHECK_ZONE):
            check = recorded[case.subject]
            assert [each["name"] for each in check.get("columns", ())] == (
                [] if case.error else [field.alias for field in case.statement.fields]
            )
            if case.error is None:
                rows = [row for batch in check["batches"] for row in read(fetch, batch)]
                assert find_difference(case, rows) == "", case.subject
                replayed += 1
            else:
                assert check["error"]["class"] == case.error.__name__
                assert check["error"]["number"] in (100046, 100058)
    assert replayed > 25


def read(fetch: Fetch, batch: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a recorded batch, read as those of a download."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    data = sink.getvalue()
    made = fetch._decode(fetch._read(partial(open_stream, data), len(data)))
    return list(zip(*(column.to_pylist() for column in made.columns), strict=True))


def test_a_recording_keeps_the_answers_of_s3(checked: Checked) -> None:
    requests = [each for check in read_recording(checked.recorded) for each in check["requests"]]
    by_operation = {each["operation"]: each for each in requests}
    assert {"ListObjectsV2", "PutObject", "CompleteMultipartUpload", "DeleteObject"} <= set(
        by_operation
    )
    assert ("PutObject", 412, "PreconditionFailed") in {
        (each["operation"], each["status"], each["code"]) for each in requests
    }
    assert by_operation["CompleteMultipartUpload"]["etag"] in ("md5-2", None)
