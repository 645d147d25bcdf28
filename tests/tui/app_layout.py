"""Whether everything on a screen has its place: nothing sticks out, nothing covers anything."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from rich.cells import cell_len
from textual.app import App
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Button

from tui.workbench.pane import Pane


def faults(app: App[Any]) -> list[str]:
    """What is cut off, sticks out or is covered on the active screen, in words.

    What a container scrolls may stick out of it: that is what scrolling is for. So may what is in
    a part of the workbench without the focus: on few lines it folds, and unfolds with the focus.
    """
    screen = app.screen
    found = list(_within(screen, screen.region))
    for button in screen.query(Button):
        label = cell_len(str(button.label))
        if _seen(button) and button.content_region.width < label:
            found.append(f"{button} is too narrow for {str(button.label)!r}")
    return found


def _within(parent: Widget, room: Region) -> Iterator[str]:
    children = [child for child in parent.displayed_children if _seen(child)]
    scrolls = parent.is_scrollable and (
        parent.show_vertical_scrollbar or parent.show_horizontal_scrollbar
    )
    for child in children:
        if not scrolls and not room.contains_region(child.region):
            yield f"{child} at {child.region} sticks out of {parent} at {room}"
        if not scrolls and not (isinstance(child, Pane) and not child.has_focus_within):
            yield from _within(child, child.region)
    for one, other in combinations([c for c in children if c.layer == parent.layer], 2):
        if one.region.intersection(other.region).area:
            yield f"{one} at {one.region} and {other} at {other.region} overlap"


def _seen(widget: Widget) -> bool:
    """Whether it takes room of its own; a toast lies above everything, and goes away."""
    floats = widget.styles.overlay == "screen" or type(widget).__name__ in ("ToastRack", "Tooltip")
    return bool(widget.display and widget.region.area and not floats)
