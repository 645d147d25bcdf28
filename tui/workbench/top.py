"""The line on top: where the rows come from, and where they go."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.widgets import Static

from tui.format.text import visible
from tui.workbench.draft import Draft


class TopLine(Static):
    """The journey in one line.

    Args:
        place: what to call the place signed in to.
    """

    def __init__(self, place: str) -> None:
        super().__init__("", markup=False)
        self._place = place

    def show(self, draft: Draft, url: str) -> None:
        """Show the journey of `draft` to `url`."""
        parts: list[Any] = [
            (" amplify-transfer ", "bold $text-primary"),
            f" {visible(self._place)}",
        ]
        table = draft.look.source.name.table if draft.look else ""
        bucket = url.rpartition("/")[0] + "/" if url else ""
        for stop in filter(None, (table, bucket)):
            parts += [("  ▸  ", "$foreground-muted"), (visible(stop), "$foreground")]
        self.update(Content.assemble(*parts))
