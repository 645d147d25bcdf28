"""What is written down of a run, and what is not."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import CancelledError, DestinationExistsError
from core.records.history import KEPT, HistoryEntry, read_history, record, run_recorded
from core.request.request import Request
from core.runtime.disk import private_files
from tests.support.deliveries import options
from tests.support.programs.batch_runs import place, run
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def entry(number: int = 0, **more: Any) -> HistoryEntry:
    about = {"by": "app", "demo": False, "table": f"T{number}", "url": "s3://b/k", **more}
    return HistoryEntry(NOON + timedelta(seconds=number), 1.5, outcome="delivered", **about)


def locations(box: Sandbox, **more: Any) -> Request:
    asked = {"table": "LOCATIONS_595", "bucket": box.s3["bucket"], "date_column": "DOB",
             "file_name": "history/{run_id}.{ext}"}  # fmt: skip
    return Request.of(**options(box, **{**asked, **more}))


class TestRuns:
    def test_a_delivery(self, sandbox: Sandbox, state: Path) -> None:
        outcome = run_recorded(locations(sandbox, drop_columns="AREA_KM2"), by="app", demo=True)
        (found,) = read_history()
        assert (found.outcome, found.by, found.demo) == ("delivered", "app", True)
        assert found.table == "DEMO.PUBLIC.LOCATIONS_595"
        assert (found.url, found.rows, found.bytes) == (
            outcome.url,
            outcome.row_count,
            outcome.size,
        )
        assert found.result == outcome.result
        assert found.totals["rows_read"] == 595
        assert found.totals["blank_rows"] == 14
        assert found.totals["totals"].keys() == {c.name for c in outcome.plan.sums}
        stored = json.loads((state / "history.jsonl").read_text())
        assert (stored["account"], stored["verdict"]) == (found.totals, {})  # the file's own names
        assert 0 < found.seconds < 60
        assert timedelta() < datetime.now(UTC) - found.started < timedelta(minutes=1)
        assert found.request == request(
            table="LOCATIONS_595", bucket=sandbox.s3["bucket"], date_column="DOB",
            file_name="history/{run_id}.{ext}", drop_columns="AREA_KM2",
        )  # fmt: skip
        assert stat.S_IMODE((state / "history.jsonl").stat().st_mode) == 0o600

    def test_a_failure(self, sandbox: Sandbox) -> None:
        asked = locations(sandbox, file_name="history/same.{ext}")
        run_recorded(asked, by="batch")
        with pytest.raises(DestinationExistsError) as caught:
            run_recorded(asked, by="batch")
        found = read_history()[0]
        assert (found.outcome, found.rows) == ("destination_exists", None)
        assert (found.message, found.hint) == (caught.value.message, caught.value.hint)
        assert found.table == "LOCATIONS_595"

    def test_a_cancelled_run(self, sandbox: Sandbox) -> None:
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(CancelledError):
            run_recorded(locations(sandbox), by="app", cancel=cancel)
        assert read_history()[0].outcome == "cancelled"

    def test_no_secret_is_stored(self, sandbox: Sandbox, state: Path) -> None:
        run_recorded(locations(sandbox), by="app")
        text = (state / "history.jsonl").read_text()
        secrets = [sandbox.snowflake["password"], sandbox.s3["aws_secret_access_key"]]
        assert not any(secret in text for secret in secrets)
        assert read_history()[0].request is None, "a connection without a name cannot be used again"

    def test_a_connection_known_by_name(self, sandbox: Sandbox) -> None:
        run_recorded(locations(sandbox), by="app", connection_name="prod")
        kept = read_history()[0].request
        assert kept is not None
        assert (kept.connection, kept.s3_options) == ("prod", None)

    def test_a_batch_run_is_recorded(self, sandbox: Sandbox, state: Path) -> None:
        env = {**place(sandbox), "AMPLIFY_FILE_NAME": "history/{run_id}.{ext}"}
        ended = run("--batch", "--table", "LOCATIONS_595", "--date-column", "DOB", env=env)
        (found,) = read_history()
        assert (found.by, found.result, found.demo) == ("batch", ended.result, False)
        assert found.request is not None
        assert found.request.table == "LOCATIONS_595"
        refused = run("--batch", "--table", "NOWHERE", env=env)
        assert refused.code == 4
        assert read_history()[0].outcome == "source_data"

    def test_a_directory_that_cannot_be_written(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        monkeypatch.setenv("AMPLIFY_STATE_DIR", str(blocked))
        assert run_recorded(locations(sandbox), by="app").row_count
        assert read_history() == []


class TestFile:
    def test_newest_first(self) -> None:
        for number in range(3):
            record(entry(number, message="it's [/b]\u2028\n\ud800", request=request()))
        assert [found.table for found in read_history()] == ["T2", "T1", "T0"]
        message = "it's [/b]\u2028\n\ud800"
        kept = [entry(n, message=message, request=request()) for n in (2, 1)]
        assert read_history(limit=2) == kept

    def test_bounded(self, state: Path) -> None:
        state.mkdir()
        lines = (entry(number).as_line() for number in range(KEPT + 5))
        (state / "history.jsonl").write_text("".join(lines))
        record(entry(9_999))
        found = read_history(limit=5_000)
        assert len(found) == KEPT
        assert (found[0].table, found[-1].table) == ("T9999", "T6")
        assert stat.S_IMODE((state / "history.jsonl").stat().st_mode) == 0o600
        assert sorted(path.name for path in state.iterdir()) == ["history.jsonl", "history.lock"]

    def test_unreadable_lines_are_skipped(self, state: Path) -> None:
        record(entry(1))
        with (state / "history.jsonl").open("ab") as file:
            file.write(b'\xff\xfe\n[]\n{"started": 1}\nnull\n{"started": "yesterday"}\n{"cut": "of')
        record(entry(2))
        assert read_history() == [entry(2), entry(1)]

    def test_what_a_later_version_wrote(self, state: Path) -> None:
        record(entry(1, request=request()))
        values = json.loads((state / "history.jsonl").read_text())
        values |= {"new": 1, "request": {"table": "T", "bucket": "b", "new": True}}
        (state / "history.jsonl").write_text(json.dumps(values) + "\n")
        assert read_history() == [entry(1)]

    def test_several_processes_at_once(self, state: Path) -> None:
        state.mkdir()
        old = (entry(number).as_line() for number in range(KEPT - 20))
        (state / "history.jsonl").write_text("".join(old))
        code = (
            "from core.runtime.disk import private_files\n"
            "from tests.records.test_history import entry, record\n"
            "private_files._PATIENCE = 60\n"
            "import sys\n"
            "for n in range(10): record(entry(int(sys.argv[1]) * 10_000 + n))"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code, str(n)], env=os.environ)
            for n in (1, 2, 3)
        ]
        assert [process.wait(300) for process in running] == [0, 0, 0]
        found = read_history()
        new = [each.table for each in found if int(each.table[1:]) >= 10_000]
        assert len(found) == KEPT
        assert sorted(new) == sorted(f"T{p * 10_000 + n}" for p in (1, 2, 3) for n in range(10))

    def test_a_lock_that_is_held_is_not_waited_for_long(
        self, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(private_files, "_PATIENCE", 0.05)
        state.mkdir()
        with private_files.lock(state / "history.lock"):
            record(entry(1))
        assert read_history() == [entry(1)]
