"""Every kind of failure, from a real cause, as the app tells it; and lost connections."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import SourceDataError
from core.request.request import Request
from core.transfer import plan_transfer
from tests.support.deliveries import make_table
from tests.support.services.buckets import Proxy, misstore, reset
from tests.tui.app_driver import place, workbench
from tests.tui.app_hosts import Host, send_key, shown, until, whole
from tui.screens.connect.screen import ConnectScreen
from tui.screens.error import ErrorDialog
from tui.screens.run.screen import RunScreen, State
from tui.workbench.background.lane import JobFailed, Slot
from tui.workbench.screen import Workbench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ALWAYS = 10**6


def request_of(box: Sandbox, **more: Any) -> Request:
    """A transfer that works, but for `more`."""
    prefix = f"s3://{box.s3['bucket']}/f-{os.urandom(4).hex()}"
    own = {**place(box), "bucket": prefix, "table": "LOCATIONS_595", "date_column": "DOB"}
    return Request.of(**{**own, **more})


class Cause:
    """Makes requests that fail, each for a reason of its own.

    Args:
        box: where they go.
        proxy: in front of its bucket.
        spill: a path where no directory can be made.
    """

    def __init__(self, box: Sandbox, proxy: Proxy, spill: Path) -> None:
        self._box, self._proxy, self._spill = box, proxy, spill

    def usage(self) -> dict[str, Any]:
        return {"sum_columns": ("NO_SUCH",)}

    def source_sign_in(self) -> dict[str, Any]:
        return {"connection": {**self._box.snowflake, "password": "hunter2"}}

    def source_data(self) -> dict[str, Any]:
        return {"table": "NO_SUCH"}

    def source_data_of_dates(self) -> dict[str, Any]:
        rows = [f"('{1 + n % 12:02}/15/2020', {n})" for n in range(3_000)]
        table = make_table(self._box, "DOB VARCHAR, N NUMBER", *rows, "('[/b] no date', 1)")
        return {"table": table, "date_format": "%m/%d/%Y"}

    def temporary(self) -> dict[str, Any]:
        nowhere = {**self._box.snowflake, "port": 9, "login_timeout": 1}
        return {"connection": nowhere, "max_retry_time": 0}

    def destination(self) -> dict[str, Any]:
        return {"bucket": "no-such-bucket-here"}

    def destination_of_keys(self) -> dict[str, Any]:
        options = {**place(self._box)["s3_options"], "aws_secret_access_key": "hunter2"}
        return {"s3_options": options}

    def integrity(self) -> dict[str, Any]:
        self._proxy.on("PUT .*LOCATIONS", misstore, times=ALWAYS)
        return {"endpoint_url": self._proxy.url}

    def local_resources(self) -> dict[str, Any]:
        os.environ["AMPLIFY_SPILL_DIR"] = str(self._spill)
        return {}


@pytest.fixture
def cause(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cause]:
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(tmp_path / "spill"))  # as it was, afterwards
    (tmp_path / "a file").touch()
    with Proxy(sandbox.s3["endpoint_url"]) as proxy:
        yield Cause(sandbox, proxy, tmp_path / "a file" / "spill")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("usage", "NO_SUCH"),
        ("source_sign_in", "password is wrong"),
        ("source_data", "NO_SUCH"),
        ("source_data_of_dates", "[/b] no date"),
        ("temporary", "cannot be reached"),
        ("destination", "no-such-bucket-here"),
        ("destination_of_keys", "credentials"),
        ("integrity", "stored wrongly"),
        ("local_resources", "AMPLIFY_SPILL_DIR"),
    ],
)
async def test_a_run_tells_why_and_what_to_do(
    sandbox: Sandbox, cause: Cause, name: str, said: str
) -> None:
    plan = plan_transfer(request_of(sandbox)).plan
    screen = RunScreen(request_of(sandbox, **getattr(cause, name)()), plan)
    app = Host(screen)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press(send_key(screen))
        await until(pilot, lambda: screen.state in (State.FAILED, State.DELIVERED))
        told = whole(app)
        assert f"✗ {name.partition('_of_')[0]} · exit code" in told
        assert screen.failure is not None
        assert said in f"{screen.failure.message} {screen.failure.hint}"
        assert screen.failure.message.split()[0] in told
        assert screen.failure.hint.split()[0] in told
        assert "Run again r" in told
        await pilot.press("d", "e")
        assert "hunter2" not in whole(app) + app.copied[-1]


async def test_a_lost_connection_can_be_made_anew(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = f"http://{sandbox.snowflake['host']}:{sandbox.snowflake['port']}"
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    with Proxy(there) as proxy:
        through = {**sandbox.snowflake, "port": int(proxy.url.rpartition(":")[2])}
        patient = {"login_timeout": 30, "request_timeout": 30, "retry_timeout": 30}
        values = {**through, **patient}.items()  # `max_retry_time` is what ends the tries
        lines = ["[lost]", *(f"{key} = {json.dumps(value)}" for key, value in values)]
        (tmp_path / "connections.toml").write_text("\n".join(lines))
        (tmp_path / "connections.toml").chmod(0o600)
        bucket = f"s3://{sandbox.s3['bucket']}/{os.urandom(4).hex()}"
        own = {"connection": "lost", "bucket": bucket, "max_retry_time": 1}
        async with workbench(sandbox, own) as drive:
            app, pilot = drive.app, drive.pilot

            async def told() -> None:
                """An error says what to do, and goes away."""
                await until(pilot, lambda: isinstance(app.screen, ErrorDialog))
                assert "temporary · exit code 5" in whole(app)
                assert "again" in whole(app) or "Check the network" in whole(app)
                await drive.press("escape")
                assert app.screen is drive.bench

            await drive.tables()
            await drive.press("end")  # the last table of the list
            await drive.rested()
            proxy.on(".", reset, times=ALWAYS)
            await drive.press("enter")
            await told()
            assert drive.bench.draft.look is None

            proxy.clear()
            first = drive.bench
            await drive.press("f2")
            await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
            await drive.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Workbench) and drive.bench != first)
            await drive.pick("ORDERS_100K")
            await drive.previewed()
            await drive.rested()

            proxy.on(".", reset, times=ALWAYS)
            await drive.press("3", "e")
            await told()
            assert "no preview" in shown(app)
            await drive.press("2", "d")  # roles are decided here
            await drive.until_roles(O_ORDERKEY="drop")
            await drive.rested()
            if isinstance(app.screen, ErrorDialog):  # the months may be computed without Snowflake
                await drive.press("escape")
            await drive.press("f5")
            await until(pilot, lambda: isinstance(app.screen, RunScreen))
            run = app.screen
            assert isinstance(run, RunScreen)
            await drive.press(send_key(run))
            await until(pilot, lambda: run.state is State.FAILED)
            assert "temporary · exit code 5" in whole(app)
            proxy.clear()
            await drive.press("r")
            await until(pilot, lambda: run.state is State.DELIVERED)


async def test_a_failure_that_comes_late_does_not_take_the_keyboard(sandbox: Sandbox) -> None:
    async with workbench(sandbox) as drive:
        await drive.tables()
        bench = drive.bench
        await drive.press("f2")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, ConnectScreen))
        bench.post_message(JobFailed(Slot.LOOK, SourceDataError("Snowflake is away.", "Wait.")))
        await until(drive.pilot, lambda: "Snowflake is away." in shown(drive.app))
        assert isinstance(drive.app.screen, ConnectScreen)
