"""Running jobs: results in order, failures, cancellation, memory, frozen schemas."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import JobResult, UsageError, Warned, errors, run_job
from core.jobs.job_file import read_job
from core.jobs.result import find_worst
from core.jobs.run import share_memory
from core.records.history import read_history
from core.request.sizes import MEBIBYTE
from tests.support.deliveries import bucket_client, execute, make_table, objects
from tests.support.programs.batch_runs import place

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Write = Callable[..., Path]
NOWHERE = '[defaults]\nconnection = "no_such_connection"\nbucket = "s3://bbb"\n' + "".join(
    f'[[transfers]]\nname = "{name}"\ntable = "{name}"\n' for name in "abc"
)


@pytest.fixture
def prefix(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A prefix of the test's own in the sandbox's bucket, to which the environment leads."""
    for name, value in place(sandbox).items():
        monkeypatch.setenv(name, value)
    own = f"jobs-{uuid.uuid4().hex}/"
    yield own
    client = bucket_client(sandbox)
    for key in objects(sandbox, own):
        client.delete_object(Bucket=sandbox.s3["bucket"], Key=key)


def head(prefix: str) -> str:
    """The defaults of a job that leads to the sandbox."""
    return (
        f'[defaults]\nbucket = "s3://${{AMPLIFY_BUCKET}}/{prefix}"\nkey_columns = "none"\n'
        'endpoint_url = "${AMPLIFY_ENDPOINT_URL}"\nfile_name = "{table}.{ext}"\n'
    )


def test_results_are_in_the_order_of_the_file_and_a_failure_stops_no_other(
    sandbox: Sandbox, prefix: str, write: Write
) -> None:
    path = write(
        f"{head(prefix)}memory_limit = '800MB'\n"
        '[[transfers]]\nname = "orders"\ntable = "ORDERS_1998"\n'
        '[[transfers]]\nname = "broken"\ntable = "NO_SUCH_TABLE"\n'
        '[[transfers]]\nname = "places"\ntable = "LOCATIONS_595"\ndate_column = "DOB"\n'
    )
    ended: list[JobResult] = []
    seen: set[str] = set()
    results = run_job(
        path, jobs=2, on_result=ended.append, on_progress=lambda name, event: seen.add(name)
    )
    assert [each.name for each in results] == ["orders", "broken", "places"]
    assert {each.name for each in ended} == seen == {"orders", "broken", "places"}
    assert [each.exit_code for each in results] == [0, 4, 0]
    first, second, third = (each.as_dict() for each in results)
    assert list(first) == ["name", "file_name", "row_count", "timestamp"]
    assert first["file_name"] == f"{prefix}ORDERS_1998.parquet"
    assert list(second) == ["name", "error", "exit_code"]
    assert sorted(objects(sandbox, prefix)) == sorted([first["file_name"], third["file_name"]])
    recorded = {each.table.rpartition(".")[2]: each for each in read_history()}
    assert recorded.keys() == {"ORDERS_1998", "NO_SUCH_TABLE", "LOCATIONS_595"}
    # Each had its part of the memory.
    kept = [each.request.memory_limit for each in recorded.values() if each.request]
    assert kept == [400 * MEBIBYTE] * 3


def test_a_frozen_schema_fails_before_a_row_is_read(
    sandbox: Sandbox, prefix: str, write: Write
) -> None:
    table = make_table(sandbox, "D DATE, A NUMBER, B NUMBER", "('2024-01-03', 1, 2)")
    try:
        text = (
            f'{head(prefix)}if_exists = "overwrite"\n[[transfers]]\nname = "t"\ntable = "{table}"\n'
        )
        frozen, free = write(f'{text}schema = "frozen"\n', "frozen.toml"), write(text, "free.toml")
        (result,) = run_job(frozen)
        assert result.error is None
        execute(sandbox, f"CREATE OR REPLACE TABLE {table} (D DATE, A NUMBER(9,2), C NUMBER)")
        phases: list[Any] = []
        (result,) = run_job(frozen, on_progress=lambda name, event: phases.append(event))
        assert result.exit_code == 4
        assert "the table has gained C and lost B" in str(result.error)
        assert not any(getattr(each, "phase", "") in ("read", "upload") for each in phases)
        assert "A is now DECIMAL(38,2), was DECIMAL(38,0)" in str(result.error)
        warned: list[str] = []
        (result,) = run_job(
            free,
            on_progress=lambda name, event: (
                warned.append(event.message) if isinstance(event, Warned) else None
            ),
        )
        assert result.error is None
        assert any("the table has gained C and lost B" in each for each in warned)
    finally:
        execute(sandbox, f"DROP TABLE {table}")


def test_without_a_connection_each_fails_alone(write: Write) -> None:
    results = run_job(write(NOWHERE))
    assert [(each.name, each.exit_code, each.ran) for each in results] == [
        ("a", 2, True),
        ("b", 2, True),
        ("c", 2, True),
    ]


def test_stop_on_failure_starts_no_other(write: Write) -> None:
    results = run_job(write(NOWHERE), stop_on_failure=True)
    assert [each.ran for each in results] == [True, False, False]
    assert results[1].as_dict() == {
        "name": "b",
        "error": "Not started: a failed. Run it again when you like.",
        "exit_code": 130,
    }


def test_a_cancelled_job_starts_no_other(write: Write) -> None:
    cancel, ended = threading.Event(), []

    def end(result: JobResult) -> None:
        ended.append(result.name)
        cancel.set()

    results = run_job(write(NOWHERE), on_result=end, cancel=cancel)
    assert [each.ran for each in results] == [True, False, False]
    assert ended == ["a", "b", "c"]


def test_an_error_of_a_listener_ends_the_job(write: Write) -> None:
    calls = []

    def end(result: JobResult) -> None:
        calls.append(result.ran)
        raise RuntimeError("of the listener")

    with pytest.raises(RuntimeError, match="of the listener"):
        run_job(write(NOWHERE), on_result=end)
    assert calls == [True, False, False]


def test_the_memory_is_divided_or_too_little(write: Write) -> None:
    job = read_job(write(NOWHERE))
    assert [each.request.memory_limit for each in share_memory(job, 1)] == [600 * MEBIBYTE] * 3
    with pytest.raises(UsageError, match="2 transfers at a time would have 300 MB") as caught:
        share_memory(job, 2)
    (remedy,) = caught.value.remedies
    assert (remedy.option, remedy.value) == ("memory_limit", "800MB")
    job = read_job(write(NOWHERE), given={"memory_limit": "1200MB"})
    assert [each.request.memory_limit for each in share_memory(job, 9)] == [400 * MEBIBYTE] * 3
    with pytest.raises(UsageError):
        share_memory(job, 0)


def test_the_worst_exit_code() -> None:
    assert find_worst([]) == find_worst([0, 0]) == 0
    assert find_worst([5, 4, 0]) == 4
    assert find_worst([3, 8]) == 8
    codes = {each.exit_code for each in errors.TransferError.__subclasses__()} | {1}
    assert all(find_worst([code, 130]) == code for code in codes)
