"""A run that ends between the files of two months: what remains, and what a second run does."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

import pytest

from core import CancelledError, Request, TemporaryError, run_transfer
from tests.faults.cases import SMALL, Ground
from tests.faults.machine import batch, environment, last_error, run
from tests.support.programs.batch_runs import SECONDS
from tests.support.services.buckets import Exchange, reply, reset

NAMES = "{month}.{ext}"
FIRST, SECOND, MANIFEST = "in/2024-01.csv", "in/2024-02.csv", "_{table}.manifest.json"
PUT_SECOND = "PUT .*2024-02"


def swallow(exchange: Exchange) -> None:
    """Take the request, say nothing, and never pass it on."""
    exchange.body  # noqa: B018
    exchange.proxy.hanging.set()
    exchange.proxy.release.wait(SECONDS)
    reset(exchange)


def asked(ground: Ground, **more: Any) -> Request:
    """A transfer of two months, by the proxies of the ground."""
    return Request.of(
        table=ground.names(SMALL),
        bucket=f"s3://{ground.inbox.name}/in/",
        connection=ground.through(),
        s3_options=ground.inbox.options,
        **{"format": "csv", "split_by": "month", "file_name": NAMES, "manifest": True, **more},
    )


def spilled(ground: Ground) -> list[str]:
    """What runs have left of their local files."""
    return [p.name for p in ground.spill.rglob("*") if p.is_file() and p.name != "lock"]


def test_a_run_that_is_killed(ground: Ground) -> None:
    """The first month stays; it has no manifest, and no run adds to it unless it may replace it."""
    options = ("--split-by", "month", "--manifest", "--file-name", NAMES)
    command, env = batch(ground, SMALL, *options), environment(ground)
    ground.s3.on(PUT_SECOND, swallow)
    with subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert ground.s3.hanging.wait(SECONDS)
        finally:
            process.kill()
            process.communicate(timeout=SECONDS)
    ground.s3.clear()
    assert ground.inbox.keys() == [FIRST]
    again = run(command, env)
    error = last_error(again)
    assert (again.code, error["delivered"]) == (7, False)
    assert f"{FIRST} exists already" in error["message"]
    assert "killed" in error["hint"]
    assert ground.inbox.keys() == [FIRST]
    ended = run([*command, "--if-exists", "overwrite"], env)
    assert ended.code == 0, ended.err
    manifest = MANIFEST.format(table=ground.names(SMALL))
    assert ground.inbox.keys() == [FIRST, SECOND, f"in/{manifest}"]
    listed = json.loads(ground.inbox.read(f"in/{manifest}"))["files"]
    assert [each["key"] for each in listed] == [FIRST, SECOND]
    assert spilled(ground) == []


def test_a_run_that_is_cancelled(ground: Ground) -> None:
    """The first month is removed."""
    ground.s3.on(PUT_SECOND, swallow)
    cancel, caught = threading.Event(), list[BaseException]()

    def transfer() -> None:
        try:
            run_transfer(asked(ground), cancel=cancel)
        except CancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=transfer)
    thread.start()
    try:
        assert ground.s3.hanging.wait(SECONDS)
        assert ground.inbox.keys() == [FIRST]
    finally:
        cancel.set()
        thread.join(SECONDS)
        ground.s3.clear()
    assert len(caught) == 1
    assert ground.inbox.keys() == []
    assert spilled(ground) == []


def test_a_store_that_fails_for_the_second_month(ground: Ground) -> None:
    """The first month is removed; a later run delivers both."""
    ground.s3.on(PUT_SECOND, reply(503, "SlowDown"), 1_000)
    with pytest.raises(TemporaryError) as caught:
        run_transfer(asked(ground, max_retry_time="1s"))
    assert caught.value.delivered is not True
    assert ground.inbox.keys() == []
    ground.s3.clear()
    assert run_transfer(asked(ground)).row_count == 2
