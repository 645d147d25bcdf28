"""The workbench's threads: one for the session with Snowflake, one for planning, two for S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from tui.workbench import jobs
from tui.workbench.lane import Lane, Slot, Work

if TYPE_CHECKING:
    from core import Request
    from core.facade import Explorer, Look, Plan


class Session:
    """Starts jobs; what they find is posted.

    Args:
        post: takes the messages, from any thread.

    Attributes:
        explorer: the open session; None until it is.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.explorer: Explorer | None = None
        self._snowflake = Lane("session", post)
        self._desk = Lane("desk", post)
        self._bucket = Lane("bucket", post)
        self._presence = Lane("presence", post)

    def open(self, opening: Work) -> None:
        """Sign in."""
        self._snowflake.put(Slot.OPEN, opening)

    def find_databases(self) -> None:
        """Find the databases."""
        if self.explorer:
            self._snowflake.put(Slot.CATALOG, jobs.find_databases(self.explorer))

    def list_tables(self, database: str) -> None:
        """List the tables of a database."""
        if self.explorer:
            self._snowflake.put(Slot.CATALOG, jobs.list_tables(self.explorer, database))

    @property
    def listing(self) -> bool:
        """Whether databases are being found or tables listed."""
        return self._snowflake.busy(Slot.CATALOG)

    def look(self, name: str) -> None:
        """Describe and sample a table; a preview under way is of no use any more."""
        self._snowflake.cancel(Slot.PREVIEW)
        self._desk.cancel(Slot.PLAN)
        if self.explorer:
            self._snowflake.put(Slot.LOOK, jobs.look_at(self.explorer, name))

    def plan(self, look: Look, request: Request, *, demo: bool) -> None:
        """Decide on the columns."""
        self._snowflake.cancel(Slot.PREVIEW)
        self._desk.put(Slot.PLAN, jobs.make_plan(look, request, demo=demo))

    def preview(self, plan: Plan, *, exact: bool, counted: bool = False) -> None:
        """Compute the months; `exact` ones with the rows out counted or estimated."""
        if self.explorer:
            work = jobs.preview_months(self.explorer, plan, exact=exact, counted=counted)
            self._snowflake.put(Slot.PREVIEW, work)

    def test_access(self, request: Request, key: str) -> None:
        """Ask S3 whether it lets us write."""
        self._bucket.put(Slot.BUCKET, jobs.test_access(request, key))

    def check_object(self, request: Request, key: str) -> None:
        """Ask S3 whether the object exists; the question before is dropped."""
        self._presence.put(Slot.PRESENCE, jobs.check_object(request, key))

    def stop_checking(self) -> None:
        """Ask for no object."""
        self._presence.cancel(Slot.PRESENCE)

    def close(self) -> None:
        """Cancel everything and sign out; nothing is waited for."""
        self._snowflake.close(self.explorer.close if self.explorer else None)
        self._desk.close()
        self._bucket.close()
        self._presence.close()
