"""What is written down of a run, and what is not."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import CancelledError, DestinationExistsError, TemporaryError
from core.planning.delivered import describe_columns
from core.records import history_db, history_store
from core.records.history import HistoryEntry, read_history, record, run_recorded
from core.request.request import Request
from core.runtime.disk import private_files
from tests.support.deliveries import bucket_client, options
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
    started = NOON + timedelta(seconds=number)
    about = {"by": "app", "demo": False, "table": f"T{number}", "url": "s3://b/k", **more}
    return HistoryEntry(**{"started": started, "seconds": 1.5, "outcome": "delivered", **about})


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
        types = {each.source: each.type for each in describe_columns(outcome.plan)}
        assert found.columns == tuple(
            {"name": each.name, "role": each.role.value, "type": types.get(each.name)}
            for each in outcome.plan.columns
        )
        assert {"name": "AREA_KM2", "role": "drop", "type": None} in found.columns
        (stored,) = found.objects
        assert (stored["key"], stored["size"]) == (outcome.file_name, outcome.size)
        assert (found.engine, found.exit_code) == ("stream", 0)
        assert found.destination == f"s3://{sandbox.s3['bucket']}/"
        head = bucket_client(sandbox).head_object(
            Bucket=sandbox.s3["bucket"], Key=outcome.file_name
        )
        assert found.run_id in head["Metadata"].values()
        assert found.run_id in outcome.file_name
        assert 0 < found.seconds < 3600
        assert timedelta() < datetime.now(UTC) - found.started < timedelta(hours=1)
        assert found.request == request(
            table="LOCATIONS_595", bucket=sandbox.s3["bucket"], date_column="DOB",
            file_name="history/{run_id}.{ext}", drop_columns="AREA_KM2",
        )  # fmt: skip
        assert stat.S_IMODE((state / "history.db").stat().st_mode) == 0o600

    def test_a_failure(self, sandbox: Sandbox) -> None:
        asked = locations(sandbox, file_name="history/same.{ext}")
        run_recorded(asked, by="batch")
        with pytest.raises(DestinationExistsError) as caught:
            run_recorded(asked, by="batch")
        found = read_history()[0]
        assert (found.outcome, found.rows) == ("destination_exists", None)
        assert (found.message, found.hint) == (caught.value.message, caught.value.hint)
        assert found.table == "DEMO.PUBLIC.LOCATIONS_595"  # found before it failed
        assert (found.engine, found.exit_code, found.objects) == ("stream", 7, ())
        assert {"name": "DOB", "role": "month", "type": "DATE"} in found.columns
        assert [each.rows is None for each in read_history(delivered=True)] == [False]

    def test_a_cancelled_run(self, sandbox: Sandbox) -> None:
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(CancelledError):
            run_recorded(locations(sandbox), by="app", cancel=cancel)
        assert read_history()[0].outcome == "cancelled"

    def test_no_other_process_may_do_the_same_meanwhile(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @contextmanager
        def refuse(_: Any, what: str) -> Iterator[None]:
            raise TemporaryError(f"Another run of {what} is in progress.")
            yield

        monkeypatch.setattr("core.transfer.lock_run", refuse)
        named = f"DEMO.PUBLIC.LOCATIONS_595 to s3://{sandbox.s3['bucket']}/"
        with pytest.raises(TemporaryError, match=f"Another run of {named} is in progress"):
            run_recorded(locations(sandbox), by="batch")
        assert read_history()[0].outcome == "temporary"

    def test_no_secret_is_stored(self, sandbox: Sandbox, state: Path) -> None:
        run_recorded(locations(sandbox), by="app")
        text = b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())
        assert b"LOCATIONS_595" in text
        given = (sandbox.snowflake["password"], sandbox.s3["aws_secret_access_key"])
        secrets = [each.encode() for each in given]
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

    def test_bounded_in_number(self, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history_store, "KEPT", 5)
        for number in range(8):
            record(entry(number))
        assert [found.table for found in read_history()] == ["T7", "T6", "T5", "T4", "T3"]

    def test_bounded_in_age(self) -> None:
        now = datetime.now(UTC)
        record(entry(1, started=now - timedelta(days=history_store.KEPT_DAYS + 1)))
        assert len(read_history()) == 1  # not older than the newest run
        record(entry(2, started=now - timedelta(days=history_store.KEPT_DAYS - 1)))
        record(entry(3, started=datetime(9999, 1, 1, tzinfo=UTC)))  # by a clock that is wrong
        assert [found.table for found in read_history()] == ["T3", "T2"]

    def test_only_private_files_are_left(self, state: Path) -> None:
        record(entry(1))
        record(entry(2))
        assert sorted(path.name for path in state.iterdir()) == ["history.db"]
        (state / "history.db").chmod(0o644)
        record(entry(3))
        assert stat.S_IMODE((state / "history.db").stat().st_mode) == 0o600

    def test_a_file_that_is_damaged_is_kept_apart(self, state: Path) -> None:
        state.mkdir()
        (state / "history.db").write_bytes(b"not a database, but long enough to be read" * 50)
        assert read_history() == []
        record(entry(1))
        assert read_history() == [entry(1)]
        assert (state / "history.damaged").read_bytes().startswith(b"not a database")

    def test_damaged_pages(self, state: Path) -> None:
        for number in range(40):
            record(entry(number, message="x" * 500))
        content = (state / "history.db").read_bytes()
        (state / "history.db").write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
        record(entry(99))
        assert read_history(1) == [entry(99)]

    @pytest.mark.parametrize("table", ["RUNS", "runs", "PUBLIC.RUNS", "SALES.PUBLIC.RUNS"])
    def test_runs_of_a_table(self, table: str) -> None:
        for name in ("SALES.PUBLIC.RUNS", "SALES.PUBLIC.TRUNS", "SALES.PUBLIC.RUNS_2", "X"):
            record(entry(table=name))
        assert [found.table for found in read_history(table=table)] == ["SALES.PUBLIC.RUNS"]

    def test_what_is_searched(self) -> None:
        record(entry(1, table="Ärger % it's", message="refused", demo=True))
        record(entry(2, engine="pushdown", destination="s3://b/", rows=3))
        assert [found.table for found in read_history(words="ärger REFUSED")] == ["Ärger % it's"]
        assert [found.table for found in read_history(words="% it's demo")] == ["Ärger % it's"]
        assert [found.table for found in read_history(words="push s3://b/k")] == ["T2"]
        assert read_history(words="refused push") == []
        assert [found.table for found in read_history(demo=False)] == ["T2"]
        assert [found.table for found in read_history(destination="s3://b/")] == ["T2"]
        assert [found.table for found in read_history(delivered=True)] == ["T2"]
        since = NOON + timedelta(seconds=2)
        assert [found.table for found in read_history(since=since)] == ["T2"]

    def test_several_processes_at_once(self, state: Path) -> None:
        state.mkdir()
        old = (entry(number).as_line() for number in range(500))
        (state / "history.jsonl").write_text("".join(old))
        code = (
            "from core.records import history_db\n"
            "from core.runtime.disk import private_files\n"
            "from tests.records.test_history import entry, record\n"
            "private_files._PATIENCE = history_db._PATIENCE = 60\n"
            "import sys\n"
            "for n in range(10): record(entry(int(sys.argv[1]) * 10_000 + n))"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code, str(n)], env=os.environ)
            for n in (1, 2, 3)
        ]
        assert [process.wait(300) for process in running] == [0, 0, 0]
        found = read_history(5_000)
        new = [each.table for each in found if int(each.table[1:]) >= 10_000]
        assert sorted(new) == sorted(f"T{p * 10_000 + n}" for p in (1, 2, 3) for n in range(10))
        assert len(found) == 530, "the former file was imported once"
        assert not (state / "history.jsonl").exists()

    def test_a_database_that_is_locked_is_not_waited_for_long(
        self, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record(entry(1))
        monkeypatch.setattr(history_db, "_PATIENCE", 0.05)
        with closing(sqlite3.connect(state / "history.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            record(entry(2))
            assert read_history() == []
        assert read_history() == [entry(1)]


class TestImport:
    """The history of the first version: lines of JSON."""

    def test_it_is_imported_once_and_its_file_is_deleted(self, state: Path) -> None:
        state.mkdir()
        lines = [entry(number, request=request()).as_line() for number in range(3)]
        for former, name in (("account", "totals"), ("verdict", "comparison")):
            lines[0] = lines[0].replace(f'"{name}"', f'"{former}"')
        (state / "history.jsonl").write_text("".join(lines))
        (state / "history.lock").touch(0o600)
        assert read_history() == [entry(n, request=request()) for n in (2, 1, 0)]
        assert sorted(path.name for path in state.iterdir()) == ["history.db"]
        (state / "history.jsonl").write_text("".join(lines))  # as after a crash before its end
        record(entry(4))
        assert [found.table for found in read_history()] == ["T4", "T2", "T1", "T0"]

    def test_unreadable_lines_are_left_out(self, state: Path) -> None:
        state.mkdir()
        cut = entry(2).as_line().encode().rstrip()
        junk = b'\xff\xfe\n[]\n{"started": 1}\nnull\n{"started": "yesterday"}\n{"cut": "of\n'
        (state / "history.jsonl").write_bytes(entry(1).as_line().encode() + junk + cut)
        assert read_history() == [entry(2), entry(1)]

    def test_what_a_later_version_wrote(self, state: Path) -> None:
        values = json.loads(entry(1, request=request()).as_line())
        values |= {"new": 1, "request": {"table": "T", "bucket": "b", "new": True}}
        state.mkdir()
        (state / "history.jsonl").write_text(json.dumps(values) + "\n")
        assert read_history() == [entry(1)]

    def test_a_lock_that_is_held_is_not_waited_for_long(
        self, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(private_files, "_PATIENCE", 0.05)
        state.mkdir()
        (state / "history.jsonl").write_text(entry(0).as_line())
        with private_files.lock(state / "history.lock"):
            record(entry(1))
        assert read_history() == [entry(1), entry(0)]
