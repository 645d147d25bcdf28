"""The transfers of a job share a sign-in, and do not harm one another by it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import run_job
from core.errors import CancelledError
from core.events import Event, Phase, Progress
from core.jobs.sign_ins import SignIns
from core.request.request import Request
from core.runtime.cancel import NEVER
from core.runtime.retry import QUICK
from core.transfer import run_transfer
from tests.support.deliveries import bucket_client, objects, options
from tests.support.programs.batch_runs import place
from tests.support.services.buckets import hang
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    LOGIN,
    READ,
    START,
    Warehouse,
    end_session,
    refuse,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Write = Callable[..., Path]
END = "POST /session\\?delete=true"


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    with Warehouse(sandbox) as made:
        yield made


@pytest.fixture
def job(
    sandbox: Sandbox, warehouse: Warehouse, write: Write, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A job of two transfers and a broken one between them, through the proxy."""
    port = warehouse.url.rpartition(":")[2]
    for name, value in {**place(sandbox), "SNOWFLAKE_PORT": port}.items():
        monkeypatch.setenv(name, value)
    prefix = f"shared-{uuid.uuid4().hex}/"
    places = 'table = "LOCATIONS_595"\ndate_column = "DOB"\n'
    yield write(
        f'[defaults]\nbucket = "s3://${{AMPLIFY_BUCKET}}/{prefix}"\nkey_columns = "none"\n'
        'endpoint_url = "${AMPLIFY_ENDPOINT_URL}"\nfile_name = "{run_id}.{ext}"\n'
        'memory_limit = "800MB"\n'
        f'[[transfers]]\nname = "first"\n{places}'
        '[[transfers]]\nname = "broken"\ntable = "NO_SUCH_TABLE"\n'
        f'[[transfers]]\nname = "last"\n{places}'
    )
    client = bucket_client(sandbox)
    for key in objects(sandbox, prefix):
        client.delete_object(Bucket=sandbox.s3["bucket"], Key=key)


@pytest.fixture
def asked(sandbox: Sandbox, warehouse: Warehouse) -> Request:
    """A small transfer through the proxy, to a prefix of its own."""
    connection = {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}
    own: dict[str, Any] = {**options(sandbox), "connection": connection}
    bucket = f"s3://{sandbox.s3['bucket']}/shared-{uuid.uuid4().hex}/"
    more = {"bucket": bucket, "date_column": "DOB", "file_name": "{run_id}.{ext}"}
    return Request.of(**own, **more, table="LOCATIONS_595")


@pytest.mark.parametrize("at_once", [1, 2])
def test_one_sign_in_serves_all_transfers(job: Path, warehouse: Warehouse, at_once: int) -> None:
    reported: list[str] = []

    def note(name: str, event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.CONNECT:
            reported.append(name)

    results = run_job(job, jobs=at_once, on_progress=note)
    assert [each.exit_code for each in results] == [0, 4, 0]
    assert (warehouse.seen(LOGIN), warehouse.seen(END)) == (1, 1)
    assert len(set(reported)) == 1, "only the transfer that signs in reports it"


def test_a_lost_session_is_renewed_for_all(job: Path, warehouse: Warehouse) -> None:
    warehouse.on(START + READ, end_session)
    assert [each.exit_code for each in run_job(job, jobs=2)] == [0, 4, 0]
    assert warehouse.seen(LOGIN) == 2


def test_a_refused_sign_in_is_not_repeated(job: Path, warehouse: Warehouse) -> None:
    """Snowflake locks a user after a few."""
    warehouse.on(LOGIN, refuse(390100), ALWAYS)
    results = run_job(job)
    assert [(each.exit_code, each.ran) for each in results] == [(3, True)] * 3
    assert warehouse.seen(LOGIN) == 1


def test_another_role_or_engine_signs_in_for_itself(warehouse: Warehouse, asked: Request) -> None:
    others = [{"timezone": "Asia/Kolkata"}, {"engine": "unload", "unload_credentials": True}]
    with SignIns() as sign_ins:
        first, again, *rest = (
            sign_ins.lend(asked.replace(**more), QUICK, NEVER)
            for more in ({}, {"memory_limit": 2**30}, *others)
        )
        assert first is again
        assert len({id(each) for each in (first, *rest)}) == 3
        for each in (first, again, *rest):
            assert each is not None
            each.take_back()
    assert (warehouse.seen(LOGIN), warehouse.seen(END)) == (3, 3)


def test_a_session_that_would_prompt_is_replaced_once_for_all(
    warehouse: Warehouse, asked: Request
) -> None:
    with SignIns() as sign_ins:
        lost = sign_ins.lend(asked, QUICK, NEVER)
        assert lost is not None
        lost.renewable = False  # as after an interactive sign-in
        lost.take_back()
        warehouse.on("POST /session/heartbeat", end_session)
        for _ in range(2):
            assert run_transfer(asked, signed_in=sign_ins).row_count > 500
    assert warehouse.seen(LOGIN) == 2


def test_a_cancelled_transfer_leaves_the_others_alone(warehouse: Warehouse, asked: Request) -> None:
    cancel = threading.Event()

    def stop(exchange: Any) -> None:
        cancel.set()
        hang(exchange)

    with SignIns() as sign_ins:
        held = sign_ins.lend(asked, QUICK, NEVER)  # by another transfer
        assert held is not None
        warehouse.on(START + READ, stop)
        try:
            with pytest.raises(CancelledError):
                run_transfer(asked, signed_in=sign_ins, cancel=cancel)
        finally:
            warehouse.clear()
            held.take_back()
        assert run_transfer(asked, signed_in=sign_ins).row_count > 500
    assert warehouse.seen(LOGIN) == 1


def test_a_transfer_that_is_cancelled_while_it_waits_ends_no_sign_in(
    warehouse: Warehouse, asked: Request
) -> None:
    reached, go_on, cancel = threading.Event(), threading.Event(), threading.Event()

    def hold(exchange: Any) -> None:
        reached.set()
        assert go_on.wait(60)
        exchange.pass_on()

    warehouse.on(LOGIN, hold)
    with SignIns() as sign_ins:
        outcomes: list[Any] = []
        waiting = threading.Thread(
            target=lambda: outcomes.append(run_transfer(asked, signed_in=sign_ins))
        )
        waiting.start()
        try:
            assert reached.wait(60)
            cancel.set()
            with pytest.raises(CancelledError):
                sign_ins.lend(asked, QUICK, cancel)
        finally:
            go_on.set()
            waiting.join()
    assert outcomes[0].row_count > 500
    assert warehouse.seen(LOGIN) == 1
