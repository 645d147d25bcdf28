"""What stderr gets: a bar, lines or JSON, and never an exception of its own."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import pytest

from core import CheckResult
from core.errors import CancelledError, SourceDataError, TransferError
from core.events import Delivered, Event, Phase, Progress, Recovered, Retrying, Warned
from core.remedy import Advice, Remedy
from tui.cli.check import end_as_json
from tui.cli.console import Console, JsonConsole, TextConsole


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(phase: Phase, done: int, total: int | None, elapsed: float) -> Progress:
    if phase is Phase.UPLOAD:
        return Progress(phase, 0, None, done, total, elapsed)
    return Progress(phase, done, total, 10 * done, None, elapsed)


READING = [
    progress(Phase.CONNECT, 0, None, 0.0),
    progress(Phase.READ, 0, 4_000_000, 2.0),
    progress(Phase.READ, 1_000_000, 4_000_000, 4.0),
]


def told(console: Console, stream: io.StringIO, *events: Event) -> str:
    for event in events:
        console.event(event)
    return stream.getvalue()


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class TestText:
    def test_a_terminal_shows_a_bar_with_rows_rate_and_time_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "120")
        text = told(TextConsole(stream := Terminal(), quiet=False), stream, *READING)
        last = text.split("\r")[-1]
        assert last.startswith(
            "[###.........] Reading 1,000,000 of 4,000,000 rows, 500,000/s, 0:06"
        )
        assert "\n" not in text

    def test_the_bar_fits_the_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        text = told(TextConsole(stream := Terminal(), quiet=False), stream, *READING)
        assert max(len(part.removesuffix("\x1b[K")) for part in text.split("\r")) == 39

    def test_a_warning_replaces_the_bar(self) -> None:
        console = TextConsole(stream := Terminal(), quiet=False)
        text = told(console, stream, *READING, Warned("Beware."), Warned("Again."))
        assert text.endswith("\r\x1b[KWarning: Beware.\nWarning: Again.\n")

    def test_without_figures_it_says_how_long_it_has_taken(self) -> None:
        console = TextConsole(stream := Terminal(), quiet=False)
        waits = [progress(Phase.CONNECT, 0, None, seconds) for seconds in (0.0, 0.4, 3.0)]
        shown = told(console, stream, *waits).split("\x1b[K")
        assert [each.strip() for each in shown[1:3]] == [
            *("Signing in to Snowflake", "Signing in to Snowflake, 3 s")
        ]

    def test_elsewhere_there_are_lines_and_few_of_them(self) -> None:
        many = [progress(Phase.READ, n, 1000, 2.0 + n / 10) for n in range(100)]
        text = told(TextConsole(stream := io.StringIO(), quiet=False), stream, READING[0], *many)
        assert text.splitlines() == ["Signing in to Snowflake", "Reading 1,000 rows"]

    @pytest.mark.parametrize(
        ("done", "total", "line"),
        [
            (5_000_000, 10_000_000, "Uploading 5 of 10 MB (50%)\n"),
            (1_000, 20_000, "Uploading 1 of 20 kB (5%)\n"),
        ],
    )
    def test_an_upload_is_told_in_bytes(self, done: int, total: int, line: str) -> None:
        console = TextConsole(stream := io.StringIO(), quiet=False)
        assert told(console, stream, progress(Phase.UPLOAD, done, total, 1.0)) == line

    def test_an_error_is_one_block_with_class_and_hint(self) -> None:
        console = TextConsole(stream := io.StringIO(), quiet=True)
        console.error(SourceDataError("There is no table X.", "Did you mean Y?"))
        assert stream.getvalue() == (
            "Error (source_data): There is no table X.\n  Did you mean Y?\n"
            "  Nothing was delivered.\n"
        )

    def test_remedies_are_options(self) -> None:
        console = TextConsole(stream := io.StringIO(), quiet=False)
        console.event(Warned(Advice("Leave them out: ", Remedy("drop_identifiers", True), ".")))
        wrong = Advice("Not clear: ", Remedy("date_column"), ".")
        console.error(SourceDataError(wrong, Advice("Try ", Remedy("date_format", "%d %m"), ".")))
        warning, error, hint, _ = stream.getvalue().splitlines()
        assert warning == "Warning: Leave them out: --drop-identifiers."
        assert error == "Error (source_data): Not clear: --date-column."
        assert hint == "  Try --date-format '%d %m'."


class TestJson:
    def test_every_line_is_an_object_with_time_level_and_event(self) -> None:
        console = JsonConsole(stream := io.StringIO(), quiet=False)
        lines = json_lines(told(console, stream, *READING, Warned("Zürich\n2")))
        assert [line["event"] for line in lines] == ["progress", "progress", "warning"]
        assert [line["level"] for line in lines] == ["info", "info", "warning"]
        assert all(line["timestamp"].endswith("Z") for line in lines)
        assert lines[1]["phase"] == "read"
        assert lines[1]["total_rows"] == 4_000_000
        assert lines[2]["message"] == "Zürich\n2"

    def test_an_error_carries_its_code_as_number_and_word(self) -> None:
        console = JsonConsole(stream := io.StringIO(), quiet=False)
        console.error(SourceDataError("No.", "Try."))
        (line,) = json_lines(stream.getvalue())
        assert (line["error"], line["exit_code"]) == ("source_data", 4)
        assert (line["message"], line["hint"]) == ("No.", "Try.")

    def test_an_error_tells_whether_there_is_a_delivery(self) -> None:
        console = JsonConsole(stream := io.StringIO(), quiet=True)
        in_doubt = CancelledError()
        in_doubt.in_doubt = True
        console.error(CancelledError())
        console.error(in_doubt)
        console.event(Delivered("s3://b/k", 1, 1))
        console.error(CancelledError())
        found = [(line["delivered"], line.get("url")) for line in json_lines(stream.getvalue())]
        assert found == [(False, None), (None, None), (True, "s3://b/k")]

    def test_a_note_has_its_fields(self) -> None:
        console = JsonConsole(stream := io.StringIO(), quiet=False)
        console.note("Delivered.", rows=5)
        (line,) = json_lines(stream.getvalue())
        assert (line["message"], line["rows"]) == ("Delivered.", 5)


def test_a_check_is_one_line_with_tenths_of_a_second() -> None:
    (line,) = end_as_json(CheckResult((), 1.26))
    assert json.loads(line) == {"ok": True, "exit_code": 0, "seconds": 1.3, "findings": []}


def test_what_was_delivered_is_said_once_and_only_where_it_is_known() -> None:
    console = TextConsole(stream := io.StringIO(), quiet=True)
    in_doubt = CancelledError()
    in_doubt.in_doubt = True
    console.error(in_doubt)
    assert "delivered" not in stream.getvalue()
    console.error(CancelledError(), of_run=False)
    assert "delivered" not in stream.getvalue()
    console.event(Delivered("s3://b/k", 1, 1))
    console.error(CancelledError())
    assert stream.getvalue().endswith("\n  s3://b/k is delivered, but not verified.\n")


@pytest.mark.parametrize("kind", [TextConsole, JsonConsole])
def test_quiet_leaves_errors_only(kind: type[Console]) -> None:
    console = kind(stream := io.StringIO(), quiet=True)
    assert told(console, stream, *READING, Warned("Beware.")) == ""
    console.note("Delivered.")
    assert stream.getvalue() == ""
    console.error(TransferError("No."))
    assert "No." in stream.getvalue()


@pytest.mark.parametrize("kind", [TextConsole, JsonConsole])
def test_a_reader_that_has_gone_is_no_failure(kind: type[Console]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream:  # noqa: PTH123  a descriptor, not a path
        console = kind(stream, quiet=False)
        for event in READING:
            console.event(event)
        console.error(TransferError("No."))
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)  # so that closing it can flush
    kind(None, quiet=False).error(TransferError("No."))


class TestRetries:
    EVENTS = (Retrying("Part 3 of 9", 2, 8, "503 SlowDown", 1.2345), Recovered("Part 3 of 9"))

    def test_text(self) -> None:
        text = told(TextConsole(stream := io.StringIO(), quiet=False), stream, *self.EVENTS)
        assert text == "Part 3 of 9: retrying 2/8: 503 SlowDown in 1.2 s\n"

    def test_json(self) -> None:
        text = told(JsonConsole(stream := io.StringIO(), quiet=False), stream, *self.EVENTS)
        (line,) = json_lines(text)
        del line["timestamp"]
        assert line == {
            "level": "warning",
            "event": "retrying",
            "message": "Part 3 of 9: retrying 2/8: 503 SlowDown in 1.2 s",
            "what": "Part 3 of 9",
            "attempt": 2,
            "attempts": 8,
            "why": "503 SlowDown",
            "pause": 1.234,
        }

    def test_quiet(self) -> None:
        assert not told(TextConsole(stream := io.StringIO(), quiet=True), stream, *self.EVENTS)
