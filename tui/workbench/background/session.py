"""The lanes of the workbench: one for the session with Snowflake, one for planning, two for S3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from tui.workbench.background import jobs
from tui.workbench.background.lane import Lane, Slot, Work

if TYPE_CHECKING:
    from core import Request
    from core.facade import Explorer, Look, Months, Plan, TableName


class Session:
    """Starts jobs, whose results are posted as messages.

    Args:
        post: is called with each message, from any thread.

    Attributes:
        explorer: the session; None until it is open.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.explorer: Explorer | None = None
        self._sampling: Plan | None = None
        self._snowflake = Lane("session", post)
        self._desk = Lane("desk", post)
        self._bucket = Lane("bucket", post)
        self._presence = Lane("presence", post)

    def open(self, opening: Work) -> None:
        """Sign in."""
        self._snowflake.put(Slot.OPEN, opening)

    def find_databases(self) -> None:
        """List the databases."""
        if self.explorer:
            self._snowflake.put(Slot.CATALOG, jobs.find_databases(self.explorer))

    def list_tables(self, database: str) -> None:
        """List the tables of a database."""
        if self.explorer:
            self._snowflake.put(Slot.CATALOG, jobs.list_tables(self.explorer, database))

    def search_tables(self, words: Sequence[str]) -> None:
        """Find tables of all databases by parts of their names; the last search is cancelled."""
        if self.explorer:
            self._snowflake.put(Slot.SEARCH, jobs.search_tables(self.explorer, words))

    def list_columns(self, name: TableName) -> None:
        """List the columns of a table."""
        if self.explorer:
            self._snowflake.put(Slot.COLUMNS, jobs.list_columns(self.explorer, name))

    @property
    def listing(self) -> bool:
        """Whether databases or tables are being listed."""
        return self._snowflake.busy(Slot.CATALOG)

    def look(self, name: str) -> None:
        """Describe and sample a table; the preview of the last table is cancelled."""
        self._snowflake.cancel(Slot.PREVIEW)
        self._desk.cancel(Slot.PLAN)
        self._desk.cancel(Slot.PREVIEW)
        if self.explorer:
            self._snowflake.put(Slot.LOOK, jobs.look_at(self.explorer, name))

    def plan(self, look: Look, request: Request, *, demo: bool) -> None:
        """Make the plan; an exact preview of the last plan is cancelled, and what follows from it.

        A preview of a sample goes on: the months of the new plan can follow from it.
        """
        self._desk.cancel(Slot.PREVIEW)
        if self._sampling is None:
            self._snowflake.cancel(Slot.PREVIEW)
        self._desk.put(Slot.PLAN, jobs.make_plan(look, request, demo=demo))

    @property
    def sampling(self) -> Plan | None:
        """The plan whose months are being computed from a sample; None without one."""
        return self._sampling if self._snowflake.busy(Slot.PREVIEW) else None

    def preview(self, plan: Plan, *, exact: bool, counted: bool = False) -> None:
        """Compute the months.

        Args:
            plan: the plan.
            exact: whether to read the whole table, not a sample.
            counted: whether to count the rows of the delivery too, instead of estimating them.
        """
        if self.explorer:
            self._sampling = None if exact else plan
            work = jobs.preview_months(self.explorer, plan, exact=exact, counted=counted)
            self._snowflake.put(Slot.PREVIEW, work)

    def regroup(self, look: Look, plan: Plan, known: tuple[Plan, Months]) -> None:
        """Compute the months without a statement; a preview that is running is cancelled.

        Args:
            look: the sampled rows.
            plan: the plan.
            known: an earlier plan, and its months.
        """
        self._snowflake.cancel(Slot.PREVIEW)
        self._desk.put(Slot.PREVIEW, jobs.regroup(look, plan, known))

    def read_rows(self, plan: Plan) -> None:
        """Read the first rows of the delivery."""
        if self.explorer and not self._snowflake.busy(Slot.PREVIEW):
            self._sampling = None
            self._snowflake.put(Slot.PREVIEW, jobs.read_rows(self.explorer, plan))

    def test_access(self, request: Request, key: str) -> None:
        """Test write access to the bucket."""
        self._bucket.put(Slot.BUCKET, jobs.test_access(request, key))

    def check_object(self, request: Request, key: str) -> None:
        """Check whether the object exists; the last such check is cancelled."""
        self._presence.put(Slot.PRESENCE, jobs.check_object(request, key))

    def stop_checking(self) -> None:
        """Cancel the check of the object."""
        self._presence.cancel(Slot.PRESENCE)

    def close(self) -> None:
        """Cancel all jobs and sign out, without waiting."""
        self._snowflake.close(self.explorer.close if self.explorer else None)
        self._desk.close()
        self._bucket.close()
        self._presence.close()
