"""The question before transfers of a job file are run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

from textual.app import App

from core.facade import JobEntry
from tui.format.text import shorten
from tui.screens.question import Question

Run = Callable[[Path, Collection[str]], object]
"""Runs the transfers of these names of a job file."""

_LONGEST: Final = 26  # characters of a name
_MOST_ASKED: Final = 8  # transfers that the question lists


def ask_to_run(app: App[Any], path: Path, entries: Sequence[JobEntry], run: Run) -> None:
    """Ask whether to run transfers: a run delivers to someone.

    Args:
        app: shows the question.
        path: the job file.
        entries: its transfers that are to run.
        run: is called if the user agrees.
    """

    def take_answer(yes: bool | None) -> None:
        if yes:
            run(path, [entry.name for entry in entries])

    lines = [
        f"{entry.name}: {shorten(each.table, _LONGEST)} → {each.destination or each.bucket}"
        for entry in entries[:_MOST_ASKED]
        for each in (entry.transfers[0].request,)
    ]
    if len(entries) > _MOST_ASKED:
        lines.append(f"and {len(entries) - _MOST_ASKED} more")
    runs = sum(len(entry.transfers) for entry in entries)
    title = "Run this transfer?" if runs == 1 else f"Run these {runs} transfers?"
    question = Question(title, "\n".join(lines), yes="Run", no="Back", variant="success")
    app.push_screen(question, take_answer)
