"""A configured destination is chosen by its name, with all its options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import TextArea

from tests.tui.app_driver import SMALL, workbench
from tests.tui.app_hosts import shown, until, whole
from tests.tui.app_layout import faults
from tui.workbench.destination_form import DestinationForm

if TYPE_CHECKING:
    from pathlib import Path

    from core.sandbox.launcher import Sandbox

FILE = """\
[destinations.partner]
bucket = "b-x"
prefix = "from-us/"
format = "csv"
acl = "bucket-owner-full-control"
"""


async def test_it_fills_the_form_until_another_bucket_is_typed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    async with workbench(sandbox) as drive:
        await drive.tables()
        await drive.press("4", "f7")
        await until(drive.pilot, lambda: "No destination is configured yet" in whole(drive.app))
        await drive.press("escape")

        file = tmp_path / "amplify.toml"
        file.write_text(FILE)
        file.chmod(0o600)
        await drive.press("f7")
        await until(
            drive.pilot, lambda: "partner  s3://b-x/from-us/  acl, format" in shown(drive.app)
        )
        await drive.press("enter")
        await until(drive.pilot, lambda: "◉ csv" in shown(drive.app))
        request = drive.bench.draft.request
        assert (request.bucket, request.format) == ("s3://b-x/from-us/", "csv")
        assert (request.acl, request.destination) == ("bucket-owner-full-control", "partner")

        await drive.press("end", "a")  # the ACL was that of the partner's bucket
        await until(drive.pilot, lambda: drive.bench.draft.request.bucket == "s3://b-x/from-us/a")
        request = drive.bench.draft.request
        assert (request.acl, request.destination, request.format) == (None, None, "csv")


async def test_one_is_made_and_tested(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    file, bucket = tmp_path / "amplify.toml", sandbox.s3["bucket"]
    async with workbench(sandbox, size=SMALL) as drive:
        await drive.tables()
        await drive.press("2", "f7")
        await until(drive.pilot, lambda: "No destination is configured" in whole(drive.app))
        await drive.press("n")
        await until(drive.pilot, lambda: isinstance(drive.app.screen, DestinationForm))
        assert faults(drive.app) == []
        await drive.press(*"partner")
        area = drive.app.screen.query_one(TextArea)
        area.text = 'bucket = "no-such-bucket"\nformt = "csv"  # [/b]'
        await until(drive.pilot, lambda: "line 3: there is no key 'formt'" in whole(drive.app))
        assert "did you mean format?" in whole(drive.app)
        await drive.press("f3")
        assert not file.exists()
        area.text = f'bucket = "s3://{bucket}/x"\nformat = "csv"  # agreed'
        await until(drive.pilot, lambda: f"→ s3://{bucket}/x/ · format" in whole(drive.app))
        await drive.press("f2")
        await until(drive.pilot, lambda: "✓ write access" in whole(drive.app))
        await drive.press("f3")
        await until(drive.pilot, file.exists)
        text = f'[destinations.partner]\nbucket = "s3://{bucket}/x"\nformat = "csv"  # agreed\n'
        assert file.read_text() == text
        await until(drive.pilot, lambda: f"partner s3://{bucket}/x/ format" in whole(drive.app))
