"""Whether the object exists, checked while the destination is typed; on an S3 with permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from tests.support.services.buckets import Inbox, hang
from tests.tui.app_driver import Driver, workbench
from tests.tui.app_hosts import send_key, until, whole
from tui.screens.run.screen import RunScreen, State
from tui.workbench.background import jobs

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def going_to(inbox: Inbox, **options: Any) -> dict[str, Any]:
    """A small table for a bucket of the test's own, seen through its proxy."""
    access = dict(options.pop("access", inbox.options))
    return {
        "table": "LOCATIONS_595",
        "date_column": "DOB",
        "bucket": inbox.name,
        "endpoint_url": access.pop("endpoint_url"),
        "s3_options": access,
        **options,
    }


async def told(drive: Driver, words: str) -> None:
    """Wait until the destination says so."""
    await until(drive.pilot, lambda: words in whole(drive.app))


async def test_an_object_is_new_and_after_the_run_it_exists(sandbox: Sandbox, inbox: Inbox) -> None:
    async with workbench(sandbox, going_to(inbox, file_name="months.{ext}")) as drive:
        await told(drive, f"✓ new → s3://{inbox.name}/months.parquet")
        await drive.press("f5")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, RunScreen))
        run = drive.app.screen
        assert isinstance(run, RunScreen)
        await drive.press(send_key(run))
        await until(drive.pilot, lambda: run.state is State.DELIVERED)
        await drive.press("escape")
        await told(drive, "! exists, the run will fail → s3://")
        assert drive.bench.draft.complete  # it is a remark: the run decides
        await drive.pilot.click("#exists", offset=(10, 0))
        await told(drive, "! exists, will be overwritten → s3://")


async def test_only_what_was_typed_in_the_end_is_asked_for(
    sandbox: Sandbox, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workbench(sandbox, going_to(inbox, file_name="first")) as drive:
        await told(drive, f"✓ new → s3://{inbox.name}/first")
        monkeypatch.setattr(jobs, "TYPING_SECONDS", 2.0)  # the machine types slowly too
        for text in ("s", "se", "second"):
            drive.bench.query_one("#name", Input).value = text
        await told(drive, f"✓ new → s3://{inbox.name}/second")
        assert [inbox.proxy.seen(f"prefix={name}&") for name in ("s", "se", "second")] == [0, 0, 1]


async def test_a_name_that_is_never_the_same_needs_no_remark(
    sandbox: Sandbox, inbox: Inbox
) -> None:
    async with workbench(sandbox, going_to(inbox)) as drive:
        await until(drive.pilot, lambda: drive.bench._inquiry._answer)
        assert "✓ new" not in whole(drive.app)


async def test_without_permission_to_look_it_is_not_known(sandbox: Sandbox, inbox: Inbox) -> None:
    access = inbox.user("s3:PutObject")
    async with workbench(sandbox, going_to(inbox, file_name="a", access=access)) as drive:
        await told(drive, "may exist; s3:ListBucket is denied → s3://")


async def test_a_bucket_that_is_missing_is_told_without_a_dialog(
    sandbox: Sandbox, inbox: Inbox
) -> None:
    async with workbench(sandbox, going_to(inbox, bucket="no-such-bucket-here")) as drive:
        await told(drive, "! Bucket no-such-bucket-here does not exist")
        assert drive.app.screen is drive.bench


async def test_an_answer_that_never_comes_holds_up_nothing(sandbox: Sandbox, inbox: Inbox) -> None:
    inbox.proxy.on("prefix=hung&", hang)
    async with workbench(sandbox, going_to(inbox, file_name="hung")) as drive:
        await until(drive.pilot, inbox.proxy.hanging.is_set)
        await drive.press("4", "f6")
        await told(drive, "✓ write access")
        drive.bench.query_one("#name", Input).value = "next"
        await told(drive, f"✓ new → s3://{inbox.name}/next")
