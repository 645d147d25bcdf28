"""The headline of part 3: the rows in and out, what is unusual, and the cost on one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from core.facade import Plan, join_names
from tui.format import cost
from tui.format.figures import count
from tui.format.remedies import in_app
from tui.format.text import fit_name, short, visible

if TYPE_CHECKING:
    from core.facade import Estimate, Months

_BETWEEN = "  ·  "
_MOST_NAMES = 3  # of the keys that keep the rows apart

Note = tuple[str, str]  # a text and its style


class Headline(Widget):
    """The rows in and the rows out, with as many notes beside them as fit; the others follow below.

    The flag of too many rows out always has the second line, so that it is seen in a part of two
    lines too.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's
        super().__init__(id=id)
        self._figures: Sequence[Content] = (Content(""),)
        self._notes: Sequence[Note] = ()
        self._causes: Sequence[str] = ()

    def say(self, text: str) -> None:
        """Show a text instead."""
        self._figures = (Content.styled(visible(text), "$foreground-muted"),)
        self._notes = self._causes = ()
        self.refresh(layout=True)

    def show(self, plan: Plan, months: Months) -> None:
        """Show the figures of `months`."""
        self._causes = plan.grain.names if plan.grain else ()
        self._figures = [_figures(plan, months, form) for form in ("rows", "", "short")]
        self._notes = _notes(months)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines at `width`."""
        return len(self._lines(width))

    def render(self) -> Content:
        """Return the lines for the present width."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        fitting = (each for each in self._figures if each.cell_length <= width)
        first, waiting = next(fitting, self._figures[-1]), list(self._notes)
        while waiting and _fits(first, waiting[0], width):
            first = _append(first, waiting.pop(0))
        lines = [first]
        if self._causes:
            lines.append(Content.styled(_flag(self._causes, width), "$text-warning"))
        last: Content | None = None
        for note in waiting:
            if last is not None and _fits(last, note, width):
                last = lines[-1] = _append(last, note)
            else:
                last = Content.styled(*note)
                lines.append(last)
        return lines


class CostLine(Widget):
    """The engine and its cost on one line, and where and why it runs as far as there is room.

    Why it cannot run is not cut, but wraps.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's
        super().__init__(id=id)
        self._engine, self._obstacle = "", ""
        self._parts: Sequence[str] = ()

    def show(self, estimate: Estimate | None) -> None:
        """Show the engine of `estimate`; nothing if it is None."""
        self.set_class(estimate is None, "-none")
        if estimate is None:
            return
        from core.facade import ENGINES

        way = estimate.chosen
        self._engine = way.engine.value
        self._obstacle = visible(in_app(way.obstacle))
        self.set_class(bool(self._obstacle), "-obstacle")
        why = in_app(estimate.choice.why)
        self._parts = (cost.describe(estimate, way), ENGINES[way.engine].summary, why)
        self.refresh(layout=True)

    def on_resize(self) -> None:
        """Render again: which parts fit depends on the width, which is 0 until the first layout."""
        self.refresh()

    def render(self) -> Content:
        """Return the engine, then the parts that fit."""
        line: Any = [(self._engine, "bold")]
        if self._obstacle:
            return Content.assemble(*line, (f"  ✗ {self._obstacle}", "$text-error"))
        room = self.size.width - len(self._engine)
        for number, part in enumerate(self._parts):
            text = f" · {part}"
            room -= cell_len(text)
            if room < 0 and number:
                break
            line.append((text, "$foreground-muted"))
        return Content.assemble(*line)


def _figures(plan: Plan, months: Months, form: str) -> Content:
    """Return the rows in and out: with their unit, without it, or rounded."""
    total = months.total_rows
    read = "about " if plan.window and months.sampled else ""
    expected = months.expected_rows
    if expected is not None and total is not None:  # an estimate may be above the possible
        expected = min(expected, total if months.sampled else total - months.blank_rows)
    out = "$text-warning bold" if plan.grain else "$text-success bold"
    return Content.assemble(
        (f"{read}{_rows(total, form)}", "bold"),
        (" in  →  " if form == "rows" else " in → ", "$foreground-muted"),
        (f"{cost.hedge(months)}{_rows(expected, form)}", out),
        (" out", "$foreground-muted"),
    )


def _rows(number: int | None, form: str) -> str:
    if number is None:
        return "? rows" if form == "rows" else "?"
    if form == "rows":
        return count(number, "row")
    return f"{number:,}" if not form else short(number)


def _notes(months: Months) -> list[Note]:
    """Return what is unusual: unreadable dates first, blank rows last."""
    of_sample = " in the sample" if months.sampled else ""
    notes: list[Note] = []
    if months.bad_dates:
        notes.append((f"{months.bad_dates:,} unreadable dates{of_sample}", "$text-error"))
    undated = sum(row.rows for row in months.months if row.month is None)
    if undated > months.bad_dates:
        notes.append((f"{undated - months.bad_dates:,} without a date", "$text-warning"))
    if months.blank_rows:
        notes.append((f"{months.blank_rows:,} blank{of_sample}", "$foreground-muted"))
    return notes


def _flag(causes: Sequence[str], width: int) -> str:
    """Return the flag of too many rows out, in the longest form that fits.

    The number of names is cut before a name is.
    """
    end = "; o drops " + ("it" if len(causes) == 1 else "them")
    for number in range(min(_MOST_NAMES, len(causes)), 0, -1):
        names = visible(join_names(causes, number))
        for text in (
            f"! most rows remain because of {names}{end}",
            f"! most rows remain because of {names}",
            f"! o drops {names}: most rows remain",
            f"! most rows remain; o drops {names}",
        ):
            if cell_len(text) <= width:
                return text
    name = fit_name(causes[0], max(5, width - len("! o drops ")))
    return f"! o drops {name}"


def _append(line: Content, note: Note) -> Content:
    return Content.assemble(line, (_BETWEEN, "$foreground-muted"), note)


def _fits(line: Content, note: Note, width: int) -> bool:
    return line.cell_length + len(_BETWEEN) + cell_len(note[0]) <= width
