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

    def show(self, draft: Draft, url: str, job: str = "") -> None:
        """Show the table of `draft`, and the bucket and prefix of `url`.

        Args:
            draft: the transfer.
            url: the URL of its object; empty while it is not known.
            job: the name of the entry of a job file that it was loaded from; empty for any other.
        """
        parts: list[Any] = [
            (" amplify-transfer ", "bold $background on $primary"),
            f"  {visible(self._place)}",
        ]
        if job:
            parts.append((f"  job {visible(job)}", "$text-accent"))
        table = draft.look.source.name.table if draft.look else ""
        bucket = url.rpartition("/")[0] + "/" if url else ""
        for stop, look in ((table, "bold $text-primary"), (bucket, "bold $text-accent")):
            if stop:
                parts += [("  ▸  ", "$foreground-muted"), (visible(stop), look)]
        self.update(Content.assemble(*parts))
