"""Notifications: commands and webhooks get what happened, and cannot harm the run."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from core import Warned, transfer_data
from core.errors import SourceDataError
from core.notify import send, webhook
from core.notify.command import run_command
from core.notify.failure import NotSentError
from core.notify.message import as_text, is_wanted
from core.records.entry import HistoryEntry
from core.records.history import read_history, run_recorded
from core.remedy import Advice, Remedy
from core.request.request import Request
from core.runtime.cancel import NEVER, Cancel
from tests.support.deliveries import options
from tests.support.services.webhooks import Receiver
from tests.support.sources import request
from tests.support.waiting import AT_ONCE, PATIENCE, wait_for

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "s3://partner-inbox/in/ORDERS.parquet"
RESULT = {"file_name": "in/ORDERS.parquet", "row_count": 3, "timestamp": "2026-11-23T12:00:01Z"}
# Writes its standard input and its arguments to a file.
SCRIPT = """\
import json, os, pathlib, sys
given = {"stdin": json.load(sys.stdin), "arguments": sys.argv[2:]}
pathlib.Path(sys.argv[1] + ".new").write_text(json.dumps(given))
os.replace(sys.argv[1] + ".new", sys.argv[1])
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer than a run does: the machine may be busy."""
    monkeypatch.setattr(send, "SECONDS", 60.0)


def entry(**more: Any) -> HistoryEntry:
    about = {
        "table": "DB.S.ORDERS", "url": URL, "outcome": "delivered", "rows": 3, "bytes": 900,
        "result": RESULT, "destination": "s3://partner-inbox/in/", "run_id": "7f",
        "engine": "stream", **more,
    }  # fmt: skip
    return HistoryEntry(NOON, 12.34, "batch", False, **about)


def failed(outcome: str = "temporary", **more: Any) -> HistoryEntry:
    message = Advice("It failed: ", Remedy("verify"), ".")
    about = {"outcome": outcome, "rows": None, "result": {}, "message": message, "hint": "Rerun."}
    return entry(**{**about, "bytes": None, **more})


def notify(
    *targets: str, about: HistoryEntry | None = None, cancel: Cancel = NEVER, when: str = "always"
) -> list[str]:
    """Send notifications; returns the warnings."""
    warned: list[Any] = []
    wanted = request(notify=list(targets), notify_on=when)
    send.notify(wanted, about or entry(), warned.append, cancel)
    assert all(isinstance(each, Warned) for each in warned)
    return [each.message for each in warned]


def command(tmp_path: Path, code: str, *arguments: object) -> str:
    """The target of a Python script."""
    script = tmp_path / "script with blank.py"
    script.write_text(code)
    words = [sys.executable, str(script), *map(str, arguments)]
    return "exec:" + " ".join(f"'{word}'" for word in words)


class TestWebhook:
    def test_it_gets_the_result_and_more(self, receiver: Receiver) -> None:
        assert notify(receiver.url) == []
        ((path, headers, body),) = receiver.got
        assert path == "/services/hook-marker?key=hook-marker"
        assert headers["content-type"] == "application/json"
        assert body.items() >= RESULT.items()
        assert (body["outcome"], body["exit_code"], body["error"]) == ("delivered", 0, None)
        assert body["text"] == f"Delivered DB.S.ORDERS: 3 rows to {URL} in 12 s."
        assert (body["url"], body["run_id"], body["table"]) == (URL, "7f", "DB.S.ORDERS")

    def test_of_a_run_that_found_the_object(self, receiver: Receiver) -> None:
        assert notify(receiver.url, about=entry(outcome="skipped")) == []
        assert receiver.bodies[0]["text"] == f"Skipped DB.S.ORDERS: {URL} exists already."
        assert receiver.bodies[0]["exit_code"] == 0

    def test_of_a_failure(self, receiver: Receiver) -> None:
        assert notify(receiver.url, about=failed()) == []
        (body,) = receiver.bodies
        assert (body["outcome"], body["exit_code"], body["row_count"]) == ("temporary", 5, None)
        assert body["error"] == {"message": "It failed: verify.", "hint": "Rerun."}
        assert body["url"] is None

    def test_in_the_form_of_slack_and_of_teams(self, receiver: Receiver) -> None:
        about = entry(table="A<B>&C")
        assert notify(f"slack:{receiver.url}", about=about) == []
        assert notify(f"teams:{receiver.url}", about=about) == []
        slack, teams = receiver.bodies
        assert slack == {"text": as_text(about).replace("A<B>&C", "A&lt;B&gt;&amp;C")}
        (card,) = teams["attachments"]
        assert card["content"]["body"][0]["text"] == as_text(about)

    @pytest.mark.parametrize(
        ("url", "template"),
        [
            ("https://hooks.slack.com/services/x", "slack"),
            ("https://prod-1.westeurope.logic.azure.com:443/workflows/x", "teams"),
            ("https://acme.webhook.office.com/x", "teams"),
            ("https://hooks.slack.com.example.com/", ""),
            ("https://example.com/hooks.slack.com", ""),
        ],
    )
    def test_the_form_is_chosen_by_the_host(self, url: str, template: str) -> None:
        assert webhook._find_template(url) == template

    def test_a_temporary_failure_is_repeated(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhook, "_FIRST_PAUSE", 0.001)
        receiver.answers = [503, 429]
        assert notify(receiver.url) == []
        assert len(receiver.got) == 3

    @pytest.mark.parametrize("status", [302, 400, 404])
    def test_another_is_not(self, receiver: Receiver, status: int) -> None:
        receiver.answers = [status]
        (warning,) = notify(receiver.url)
        assert warning == f"The notification to http://127.0.0.1/... failed: status {status}."
        assert len(receiver.got) == 1

    def test_no_answer(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(send, "SECONDS", 0.3)
        receiver.answers = [0]
        assert notify(receiver.url) == [
            "The notification to http://127.0.0.1/... failed: no answer in time."
        ]

    def test_nobody_listens(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(send, "SECONDS", 0.3)
        (warning,) = notify("https://127.0.0.1:1/hook-marker")
        assert "hook-marker" not in warning
        assert "failed: no " in warning

    def test_by_a_variable(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOOK", f"slack:{receiver.url}")
        assert notify("env:HOOK") == []
        assert receiver.bodies[0].keys() == {"text"}
        monkeypatch.setenv("HOOK", "exec:/bin/true")
        assert notify("env:HOOK") == [
            "The notification to env:HOOK failed: the variable HOOK holds no URL."
        ]

    def test_no_library_logs_the_url(
        self, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("urllib3", "apprise", "urllib3.connectionpool"):
            logging.getLogger(name).setLevel(logging.NOTSET)
        target = f"json://127.0.0.1:{receiver.port}/hook-marker"
        assert notify(receiver.url, target) == []
        assert "hook-marker" not in caplog.text
        assert len(receiver.got) == 2

    def test_by_apprise(self, receiver: Receiver) -> None:
        assert notify(f"json://127.0.0.1:{receiver.port}/hook", about=failed()) == []
        (body,) = receiver.bodies
        assert (body["message"], body["type"]) == (as_text(failed()), "failure")
        receiver.answers = [500]
        target = f"json://127.0.0.1:{receiver.port}/hook-marker"
        assert notify(target) == [
            "The notification to json://... failed: the service did not accept it."
        ]


class TestCommand:
    def test_it_gets_the_result_on_its_standard_input(self, tmp_path: Path) -> None:
        target = command(tmp_path, SCRIPT, tmp_path / "out", "a b", "$HOME")
        assert notify(target) == []
        got = json.loads((tmp_path / "out").read_text())
        assert got["arguments"] == ["a b", "$HOME"]
        assert got["stdin"].items() >= {**RESULT, "outcome": "delivered", "exit_code": 0}.items()

    def test_one_that_fails(self, tmp_path: Path) -> None:
        (warning,) = notify(command(tmp_path, "raise SystemExit(3)"))
        assert warning.endswith("failed: exit status 3.")

    def test_one_that_reads_nothing(self, tmp_path: Path) -> None:
        about = failed(message="x" * 2_000, columns=())
        assert notify(command(tmp_path, "import os; os.close(0)"), about=about) == []

    def test_one_that_is_missing(self) -> None:
        (warning,) = notify("exec:/nowhere/at-all")
        assert warning == (
            "The notification to exec:/nowhere/at-all failed: No such file or directory."
        )

    @pytest.mark.skipif(os.name != "posix", reason="the kernel has no process groups")
    def test_one_that_hangs_is_killed_with_its_children(self, tmp_path: Path) -> None:
        child, seconds = tmp_path / "child", 0.3
        while not child.exists():  # until it is given enough time to start
            seconds *= 2
            with pytest.raises(NotSentError, match="took too long and was killed"):
                run_command(
                    f"sh -c 'sleep 600 & echo $! > {child}.new; mv {child}.new {child}; wait'",
                    {},
                    time.monotonic() + seconds,
                )
        assert wait_for(lambda: not is_running(int(child.read_text())))


def is_running(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestWhen:
    @pytest.mark.parametrize(
        ("when", "wanted"),
        [
            (
                "always",
                ["delivered", "skipped", "unchanged", "temporary", "check_failed", "integrity"],
            ),
            ("success", ["delivered"]),
            ("failure", ["temporary", "check_failed", "integrity"]),
            ("check_failed", ["check_failed", "integrity"]),
        ],
    )
    def test_which_ends(self, when: str, wanted: list[str]) -> None:
        ends = [
            entry(),
            entry(outcome="skipped"),
            entry(outcome="unchanged"),
            *map(failed, ("temporary", "check_failed", "integrity")),
        ]
        assert [each.outcome for each in ends if is_wanted(when, each)] == wanted

    def test_only_then(self, receiver: Receiver) -> None:
        notify(receiver.url, when="failure")
        assert receiver.got == []

    def test_a_cancelled_run_waits_less(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(send, "SECONDS", PATIENCE)
        monkeypatch.setattr(send, "SECONDS_IF_CANCELLED", 0.1)
        receiver.answers = [0, 0]
        cancel = threading.Event()
        cancel.set()
        for about in (failed("cancelled"), entry()):
            began = time.monotonic()
            assert notify(receiver.url, about=about, cancel=cancel)
            assert time.monotonic() - began < AT_ONCE


class TestRuns:
    def test_a_run_notifies_and_stores_no_url(
        self,
        sandbox: Sandbox,
        receiver: Receiver,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
        script = command(tmp_path, SCRIPT, tmp_path / "out")
        given = options(
            sandbox, date_column="DOB", file_name="notify/{run_id}.{ext}",
            report=str(tmp_path / "report.json"), notify=[receiver.url, script],
        )  # fmt: skip
        wanted = Request.of(table="LOCATIONS_595", bucket=sandbox.s3["bucket"], **given)
        outcome = run_recorded(wanted, by="batch", connection_name="prod")
        got = json.loads((tmp_path / "out").read_text())["stdin"]
        assert receiver.bodies == [got]
        assert got.items() >= outcome.result.items()
        (kept,) = read_history()
        assert (got["run_id"], got["seconds"]) == (kept.run_id, kept.seconds)
        assert kept.request is not None
        assert kept.request.notify == (script,)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {"report.json", "history.db"} <= {path.name for path in files}
        assert not any(b"hook-marker" in path.read_bytes() for path in files)

    def test_the_library_notifies_of_a_failure(self, sandbox: Sandbox, receiver: Receiver) -> None:
        with pytest.raises(SourceDataError):
            transfer_data(
                "NO_SUCH", sandbox.s3["bucket"], **options(sandbox, notify=[receiver.url])
            )
        (body,) = receiver.bodies
        assert (body["exit_code"], body["outcome"]) == (4, "source_data")
        assert "NO_SUCH" in body["text"]
