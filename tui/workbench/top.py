"""The line at the top: connection, table and bucket."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.widgets import Static

from tui.format.text import visible
from tui.workbench.draft import Draft


class TopLine(Static):
    """Connection, table and bucket on one line.

    Args:
        place: the name of the connection.
    """

    def __init__(self, place: str) -> None:
        super().__init__("", markup=False)
        self._place = place

    def show(self, draft: Draft, url: str) -> None:
        """Show the table of `draft`, and the bucket and prefix of `url`."""
        parts: list[Any] = [
            (" amplify-transfer ", "bold $background on $primary"),
            f"  {visible(self._place)}",
        ]
        table = draft.look.source.name.table if draft.look else ""
        bucket = url.rpartition("/")[0] + "/" if url else ""
        for stop, look in ((table, "bold $text-primary"), (bucket, "bold $text-accent")):
            if stop:
                parts += [("  ▸  ", "$foreground-muted"), (visible(stop), look)]
        self.update(Content.assemble(*parts))
