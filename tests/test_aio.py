"""The calls for asyncio: the loop goes on, a cancelled task cancels its transfer."""

from __future__ import annotations

import asyncio
import inspect
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import core
from core import CancelledError, Phase, Progress, UsageError, aio
from core.errors import SourceDataError
from core.runtime.cancel import LinkedCancel
from tests.support.deliveries import bucket_client, objects, options

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

AT_ONCE = 3


@pytest.fixture
def prefix(sandbox: Sandbox) -> Iterator[str]:
    """A prefix of its own, emptied at the end."""
    prefix = f"aio/{uuid.uuid4().hex}/"
    yield prefix
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


def asked(box: Sandbox, prefix: str, **more: Any) -> dict[str, Any]:
    where = f"s3://{box.s3['bucket']}/{prefix}"
    return options(
        box, source_table="LOCATIONS_595", destination_s3_bucket=where, date_column="DOB", **more
    )


def on_phase(phase: Phase, call: Callable[[], object]) -> Callable[[object], None]:
    """A listener that calls `call` when a phase has begun."""

    def listen(event: object) -> None:
        if isinstance(event, Progress) and event.phase is phase:
            call()

    return listen


@pytest.mark.parametrize("count", [4, pytest.param(10, marks=pytest.mark.slow)])
async def test_many_at_once_within_one_memory_limit(
    sandbox: Sandbox, prefix: str, count: int
) -> None:
    transfers = aio.Transfers(memory_limit="1300MB", at_once=AT_ONCE)
    assert transfers.share == 1300 * 1024 * 1024 // AT_ONCE
    running: set[int] = set()
    most, ticks = [0], 0

    async def deliver(number: int) -> int:
        def begun() -> None:
            running.add(number)
            most[0] = max(most[0], len(running))

        given = asked(sandbox, prefix, file_name=f"{number}.csv", format="csv")
        try:
            result = await transfers.transfer_data(
                **given, on_progress=on_phase(Phase.CONNECT, begun)
            )
        finally:
            running.discard(number)
        return int(result["row_count"])

    tasks = asyncio.gather(*map(deliver, range(count)))
    while not tasks.done():  # the loop goes on
        await asyncio.sleep(0.01)
        ticks += 1
    rows = await tasks
    assert len(set(rows)) == 1
    assert rows[0] > 0
    assert sorted(objects(sandbox, prefix)) == [f"{prefix}{number}.csv" for number in range(count)]
    assert 1 < most[0] <= AT_ONCE
    assert ticks > 10


async def test_a_cancelled_task_cancels_its_transfer(sandbox: Sandbox, prefix: str) -> None:
    loop, reading, cancelled = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def hold() -> None:  # so that it does not end before it is cancelled
        loop.call_soon_threadsafe(reading.set)
        cancelled.wait(60)

    begun = on_phase(Phase.QUERY, hold)
    before = {thread for thread in threading.enumerate() if thread.name == "transfer"}
    task = asyncio.create_task(aio.transfer_data(**asked(sandbox, prefix), on_progress=begun))
    await asyncio.wait_for(reading.wait(), 60)
    task.cancel()
    for _ in range(10):  # the task runs until it waits for the transfer
        await asyncio.sleep(0)
    assert not task.done()
    cancelled.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    after = {thread for thread in threading.enumerate() if thread.name == "transfer"}
    for thread in after - before:  # it has only to return
        thread.join(60)
    assert objects(sandbox, prefix) == []


async def test_its_own_cancel_and_its_errors(sandbox: Sandbox, prefix: str) -> None:
    cancel = threading.Event()
    stop = on_phase(Phase.PLAN, cancel.set)
    with pytest.raises(CancelledError):
        await aio.transfer_data(**asked(sandbox, prefix), on_progress=stop, cancel=cancel)
    with pytest.raises(SourceDataError):
        await aio.transfer_data(**{**asked(sandbox, prefix), "source_table": "NO_SUCH"})
    with pytest.raises(UsageError):
        await aio.transfer_data("T", "partner-inbox", engine="unload")


async def test_a_plan(sandbox: Sandbox) -> None:
    given = options(sandbox, table="LOCATIONS_595", bucket="partner-inbox", date_column="DOB")
    preview = await aio.plan_transfer(core.Request.of(**given))
    assert preview.plan.month.name == "DOB"


async def test_what_is_there_and_what_would_be_delivered(sandbox: Sandbox) -> None:
    connection = sandbox.snowflake
    found = await aio.tables(connection=connection, database="DEMO", schema="PUBLIC")
    (entry,) = (each for each in found if each.name.table == "LOCATIONS_595")
    assert entry.rows == 595
    given = asked(sandbox, "never/")
    preview = await aio.plan(**given)
    assert (preview.plan.month.name, preview.choice.engine) == ("DOB", "stream")
    first = await aio.preview_rows(**given)
    assert first.columns == tuple(each.delivered_name for each in preview.plan.delivered)
    assert 0 < len(first.rows) <= 50
    with pytest.raises(UsageError, match="engine"):
        core.plan("T", "partner-inbox", engine="fast")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tabel"):
        core.preview_rows("T", "partner-inbox", tabel="T")  # type: ignore[call-arg]


async def test_a_cancelled_preview(sandbox: Sandbox) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        await aio.preview_rows(**asked(sandbox, "never/"), cancel=cancel)


def test_the_arguments_of_a_plan_are_those_of_a_transfer() -> None:
    of_transfer = inspect.signature(core.transfer_data).parameters
    assert inspect.signature(core.plan).parameters == of_transfer
    assert inspect.signature(core.preview_rows).parameters == of_transfer


CALLS = ["transfer_data", "run_transfer", "run_job", "check"]
CALLS += ["plan", "plan_transfer", "preview_rows", "tables"]


@pytest.mark.parametrize("name", CALLS)
def test_the_signatures_are_those_of_the_library(name: str) -> None:
    call = getattr(aio, name)
    assert inspect.iscoroutinefunction(call)
    assert inspect.signature(call) == inspect.signature(getattr(core, name))


@pytest.mark.parametrize(("limit", "at_once"), [("600MB", 2), ("1GB", 0), ("much", 1), ("1GB", -1)])
def test_a_limit_that_is_too_small_or_invalid(limit: str, at_once: int) -> None:
    with pytest.raises(UsageError):
        aio.Transfers(memory_limit=limit, at_once=at_once)


def test_a_caller_that_waits_for_its_own_cancel() -> None:
    given = threading.Event()
    cancel = LinkedCancel(given)
    assert not cancel.wait(0.01)
    threading.Timer(0.02, given.set).start()
    assert cancel.wait(60)
    assert cancel.is_set()
