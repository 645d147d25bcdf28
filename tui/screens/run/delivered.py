"""The result of a run: the result JSON, row counts and totals; or what was there already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.format.figures import figure
from tui.format.numbers import size, span
from tui.format.remedies import in_app
from tui.format.text import fit_name, visible
from tui.screens.fact import Fact

if TYPE_CHECKING:
    from core import Outcome, Skipped

_NAME_CELLS = 24


class Result(Vertical):
    """The view of a result JSON, and what is said about it."""

    DEFAULT_CSS = """
    Result {
        height: auto;
        & .result {
            padding: 0 1;
            text-wrap: nowrap;
            text-overflow: fold;
            background: $boost;
            border-left: thick $success;
        }
        & .agree { margin: 1 0; color: $text-success; }
    }
    """


class Delivered(Result):
    """The view of a delivery.

    Args:
        outcome: the outcome of the run.
        seconds: how long the run took.
        warnings: the warnings of the run.
    """

    DEFAULT_CSS = """
    Delivered {
        & .totals { margin-top: 1; }
        & .warning {
            color: $text-warning;
            margin-top: 1;
            padding-left: 1;
            border-left: thick $warning;
        }
    }
    """

    def __init__(self, outcome: Outcome, seconds: float, warnings: tuple[str, ...]) -> None:
        super().__init__()
        self._outcome = outcome
        self._seconds = seconds
        self._warnings = warnings

    def compose(self) -> ComposeResult:
        """Yield the JSON, the facts, the totals, and the warnings."""
        outcome = self._outcome
        yield Static(pretty(outcome.result), classes="result")
        yield Static("✓ Verified: row counts and totals match", classes="agree")
        if outcome.comparison and outcome.comparison.agrees:
            yield Static(f"✓ {outcome.comparison}", classes="agree", markup=False)
        yield Fact("Bucket", outcome.url.removesuffix(outcome.file_name))
        yield Fact("Size", f"{size(outcome.size)} in {span(self._seconds)}")
        for label, value in self._list_counts():
            yield Fact(label, value)
        if lines := list(_list_totals(outcome)):
            yield Static(Content("\n").join(lines), classes="totals")
        for warning in self._warnings:
            yield Static(Content(visible(in_app(warning))), classes="warning")

    def _list_counts(self) -> Iterator[tuple[str, Content]]:
        totals, month = self._outcome.totals, self._outcome.plan.month.name
        window = self._outcome.plan.window
        of_months = f" of {window}" if window else ""
        count = _format_count(totals.rows_read, f"matches Snowflake's count{of_months}")
        yield "Rows read", count
        yield "Blank", _format_count(totals.blank_rows, "removed")
        if totals.null_dates:
            yield "No date", _format_count(totals.null_dates, f"in the NULL month of {month}")
        yield (
            "Groups",
            _format_count(
                totals.groups, "row in the file" if totals.groups == 1 else "rows in the file"
            ),
        )


class Existing(Result):
    """The view of an object that was in the bucket already.

    Args:
        skipped: the end of the run.
    """

    def __init__(self, skipped: Skipped) -> None:
        super().__init__()
        self._skipped = skipped

    def compose(self) -> ComposeResult:
        """Yield the JSON of the object, and what was not done."""
        skipped = self._skipped
        yield Static(pretty(skipped.result), classes="result")
        why = "Nothing was read or delivered: the object is there."
        if skipped.restatement:
            why = "Nothing was delivered: no month has changed."
        yield Static(why, classes="agree")
        yield Fact("Bucket", skipped.url.removesuffix(skipped.file_name))
        yield Fact("Size", size(skipped.size))


def pretty(result: dict[str, Any]) -> Content:
    """Return the result JSON, one field on each line, coloured by type of value."""
    fields = [
        Content.assemble(
            "  ",
            (json.dumps(name), "$text-accent"),
            ": ",
            (json.dumps(value), "$text-success" if isinstance(value, str) else "bold"),
        )
        for name, value in result.items()
    ]
    return Content.assemble("{\n", Content(",\n").join(fields), "\n}")


def _format_count(number: int, meaning: str) -> Content:
    return Content.assemble((f"{number:>14,}", "bold"), "  ", (meaning, "$foreground-muted"))


def _list_totals(outcome: Outcome) -> Iterator[Content]:
    """Yield a line for each sum column: its total, which is the same in the table and the file."""
    for name, total in outcome.sums.items():
        yield Content.assemble(
            ("Σ ", "$text-accent"),
            fit_name(name, _NAME_CELLS),
            " ",
            (f"{figure(total.value if total else None):>32}", "bold"),
            ("  ✓", "$text-success"),
        )
