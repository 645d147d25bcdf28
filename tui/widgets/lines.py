"""A list of one-line rows with a cursor, as fast with 100,000 rows as with ten.

Textual's lists measure every row; this one renders only the rows in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.format.text import visible

Item = TypeVar("Item")


class Piece(NamedTuple):
    """A part of a row: its text and the name of its style (a component class, or empty)."""

    text: str
    look: str = ""


class Lines(ScrollView, Generic[Item], can_focus=True):
    """A list of one-line rows; subclasses define how a row is rendered.

    Args:
        empty: the text to show while there are no rows.
        id: the id of the widget.
        classes: the classes of the widget.

    Attributes:
        cursor: the index of the row under the cursor; -1 in an empty list.
        hover: the index of the row under the mouse; -1 if there is no such row.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("lines--cursor", "lines--hover", "lines--head", "lines--dim", "lines--accent"),
        *("lines--strong", "lines--good", "lines--bad"),
        *("lines--warning", "lines--month", "lines--sum", "lines--key", "lines--drop"),
        *("lines--chip-month", "lines--chip-sum", "lines--chip-key", "lines--chip-drop"),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="lines.up"),
        Binding("down", "move(1)", "Down", show=False, id="lines.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="lines.pageup"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="lines.pagedown"),
        Binding("home,g", "edge(0)", "First line", show=False, id="lines.first"),
        Binding("end,G", "edge(1)", "Last line", show=False, id="lines.last"),
        Binding("left", "sideways(-8)", "Left", show=False, id="lines.left"),
        Binding("right", "sideways(8)", "Right", show=False, id="lines.right"),
        Binding("enter", "choose", "Choose", show=False),
    ]

    cursor: reactive[int] = reactive(-1)
    hover: reactive[int] = reactive(-1)

    class Moved(Message):
        """The cursor moved to another row."""

        def __init__(self, lines: Lines[Any], index: int) -> None:
            super().__init__()
            self.lines, self.index = lines, index

        @property
        def control(self) -> Lines[Any]:
            """The list."""
            return self.lines

    class Chosen(Moved):
        """A row was chosen by enter or by a click; `x` is the clicked cell, -1 for enter."""

        def __init__(self, lines: Lines[Any], index: int, x: int = -1) -> None:
            super().__init__(lines, index)
            self.x = x

    def __init__(
        self,
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.items: Sequence[Item] = ()
        self._empty = empty
        self._base = Style()

    # ------------------------------------------------------------------ what subclasses define

    def pieces(self, item: Item, width: int) -> list[Piece]:
        """Return the row of `item` in `width` cells; a wider row can be scrolled to."""
        raise NotImplementedError

    def heading(self, width: int) -> list[Piece] | None:
        """Return the heading, which does not scroll; None for a list without one."""
        return None

    def selectable(self, item: Item) -> bool:
        """Return whether the cursor can be on `item`."""
        return True

    def stops(self, item: Item) -> bool:
        """Return whether the cursor stops at `item` when a key moves it; a subset of selectable."""
        return self.selectable(item)

    def row_width(self) -> int:
        """Return the cells of the widest row; 0 for rows as wide as the list."""
        return 0

    # ------------------------------------------------------------------------------- contents

    def show(self, items: Sequence[Item], cursor: int | None = None) -> None:
        """Show `items`.

        Args:
            items: the rows.
            cursor: the index of the row for the cursor; None to keep the current index. If the
                cursor cannot be there, it is on the nearest row at which it stops.
        """
        self.items = items
        wanted = self.cursor if cursor is None else cursor
        self._resize()
        if not (0 <= wanted < len(items) and self.selectable(items[wanted])):
            wanted = self._nearest(max(0, wanted), 1)
        self.set_reactive(Lines.cursor, wanted)
        self._keep_in_view()
        self.refresh()

    def set_empty(self, text: str) -> None:
        """Set the text to show while there are no rows."""
        self._empty = text
        self.refresh()

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self.items[self.cursor] if 0 <= self.cursor < len(self.items) else None

    # -------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        """Return one line of the widget."""
        width = self.scrollable_content_region.width
        head = self.heading(max(width, self.row_width()))
        if head is not None and y == 0:
            return self._strip(head, self._look("lines--head"), width)
        index = self.scroll_offset.y + y - (head is not None)
        if not 0 <= index < len(self.items):
            empty = not self.items and index == 0
            return self._strip([Piece(f" {self._empty}", "dim")] if empty else [], None, width)
        under = None
        if index == self.cursor and self.selectable(self.items[index]):
            under = self._look("lines--cursor")
        elif index == self.hover:
            under = self._look("lines--hover")
        return self._strip(
            self.pieces(self.items[index], max(width, self.row_width())), under, width
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region; the style that they share is computed once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def _strip(self, pieces: list[Piece], under: Style | None, width: int) -> Strip:
        base = self._base if under is None else under
        segments = [Segment(visible(text), self._style(look, base)) for text, look in pieces]
        strip = Strip(segments)
        left = self.scroll_offset.x
        return strip.crop_extend(left, left + width, base)

    def _style(self, look: str, base: Style) -> Style:
        """Return the style of a piece; a chip has a background of its own."""
        if not look:
            return base
        style = self._look(f"lines--{look}")
        return style if look.startswith("chip-") else style + _keep_background(base)

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    # -------------------------------------------------------------------------------- movement

    def action_move(self, rows: int) -> None:
        """Move the cursor by `rows`."""
        self.cursor = self._nearest(self.cursor + rows, 1 if rows > 0 else -1)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        rows = max(1, self._visible_rows - 1)
        self.cursor = self._nearest(self.cursor + pages * rows, pages)

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first row or to the last."""
        self.cursor = self._nearest(len(self.items) - 1 if end else 0, -1 if end else 1)

    def action_sideways(self, cells: int) -> None:
        """Scroll sideways."""
        self.scroll_relative(x=cells, animate=False)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.cursor))

    def watch_cursor(self, old: int, new: int) -> None:
        """Scroll to the cursor, and post `Moved`."""
        self._keep_in_view()
        self.refresh()
        if 0 <= new < len(self.items):
            self.post_message(self.Moved(self, new))

    def watch_hover(self) -> None:
        """Redraw the row under the mouse."""
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Adapt the scrollable area to the new size."""
        self._resize()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row, and choose it."""
        index = self._index_at(event)
        if index is not None and self.selectable(self.items[index]):
            self.cursor = index
            self.post_message(self.Chosen(self, index, event.x + int(self.scroll_offset.x)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Mark the row under the mouse."""
        index = self._index_at(event)
        self.hover = -1 if index is None else index

    def on_leave(self) -> None:
        """Remove the mark of the row under the mouse."""
        self.hover = -1

    def _index_at(self, event: events.MouseEvent) -> int | None:
        offset = event.get_content_offset(self)
        if offset is None:
            return None
        index = offset.y + int(self.scroll_offset.y) - self._headed
        on_heading = offset.y < self._headed
        return index if not on_heading and 0 <= index < len(self.items) else None

    @property
    def _headed(self) -> int:
        return 0 if self.heading(0) is None else 1

    @property
    def _visible_rows(self) -> int:
        return max(1, self.scrollable_content_region.height - self._headed)

    def _resize(self) -> None:
        rows = max(len(self.items), 1) + self._headed
        self.virtual_size = Size(self.row_width(), rows)

    def _keep_in_view(self) -> None:
        if self.cursor < 0 or not self.is_attached:
            return
        first = self.cursor == self._nearest(0, 1) and self.cursor < self._visible_rows
        top = 0 if first else self.cursor  # shows what is above the first row too
        region = Region(int(self.scroll_offset.x), top, 1, self.cursor - top + 1 + self._headed)
        self.scroll_to_region(region, animate=False, force=True)

    def _nearest(self, index: int, step: int) -> int:
        """Return the nearest row to stop at: first in the direction of `step`, then back."""
        if not self.items:
            return -1
        index = min(max(index, 0), len(self.items) - 1)
        for direction in (1 if step > 0 else -1, -1 if step > 0 else 1):
            at = index
            while 0 <= at < len(self.items):
                if self.stops(self.items[at]):
                    return at
                at += direction
        return -1


def _keep_background(style: Style) -> Style:
    return Style(bgcolor=style.bgcolor)
