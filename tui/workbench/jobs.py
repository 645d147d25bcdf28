"""The workbench as an editor of job files: entries are loaded, and the draft is saved as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core import Request, TransferError
from core.facade import PLACE
from tui.demo import choose_access
from tui.screens.error import show_error
from tui.workbench.draft import NOTHING
from tui.workbench.editing import Editing

if TYPE_CHECKING:
    from tui.screens.jobs.files import JobPlace

_SIGN_IN: Final = ("connection", "warehouse", "role")
_LIMITS: Final = ("memory_limit", "max_retry_time")


class JobEditing(Editing):
    """A screen whose draft can be an entry of a job file.

    Args:
        request: the request to begin with.

    Attributes:
        job: the entry that the draft was loaded from; None for any other.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.job: JobPlace | None = None

    @property
    def place(self) -> str:
        """The name of the connection."""
        raise NotImplementedError

    @property
    def in_demo(self) -> bool:
        """Whether runs use the demo."""
        raise NotImplementedError

    def take(self, request: Request) -> None:
        """Start again with `request`."""
        raise NotImplementedError

    def edit_job(self, chosen: tuple[JobPlace, Request] | None) -> None:
        """Load a transfer of a job file, unless None was chosen."""
        if chosen is not None:
            self.take(chosen[1])
            self.keep_job(chosen[0])

    def run_jobs(self, path: Path, names: Collection[str]) -> None:
        """Run transfers of a job file, one after the other, and list the runs.

        Args:
            path: the job file.
            names: the transfers.
        """
        from core.facade import read_job
        from tui.screens.run.list import RunsScreen
        from tui.screens.run.queue import QueuedRun, queue_of

        try:
            job = read_job(path, only=names, adapt=self._adapt_options)
        except TransferError as error:
            show_error(self.app, error)
            return
        for each in job.transfers:
            run = QueuedRun(
                each.request,
                name=each.name,
                demo=self.in_demo,
                connection_name=self.place,
                expected=_find_duration(each.request, demo=self.in_demo),
                entry=each,
            )
            queue_of(self.app).add(run)
        self.app.push_screen(RunsScreen())

    def _adapt_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a transfer of a job file for a run from here.

        What it does not name is that of this session. In the demo all of it is, since the names of
        its connections and roles lead elsewhere.
        """
        place = {name: getattr(self.draft.request, name) for name in PLACE if name not in _LIMITS}
        if self.in_demo:
            outside = dict.fromkeys(("region", "role_arn", "external_id"))
            return {**options, **place, **outside, **choose_access(options)}
        if "connection" in options:
            place = {name: value for name, value in place.items() if name not in _SIGN_IN}
        return {**{k: v for k, v in place.items() if v is not None}, **options}

    def keep_job(self, place: JobPlace | None) -> None:
        """Note the entry that the draft was saved in, unless it was not saved."""
        if place is not None:
            self.move_job(place)

    def move_job(self, place: JobPlace | None) -> None:
        """Note the entry that the draft is in now; None if that was removed."""
        self.job = place
        self.refresh_state()

    def get_job(self) -> tuple[Request | None, JobPlace | None, bool]:
        """Return the transfer on screen, for a job file.

        Returns:
            Its request, None if it is not complete; the entry that it was loaded from; and whether
            it uses the demo.
        """
        request = self.draft.request
        complete = request.table != NOTHING and bool(self.draft.target.url)
        return request if complete else None, self.job, self.in_demo


def _find_duration(request: Request, *, demo: bool) -> float | None:
    """Return the seconds of the last delivery of a table; None if there was none."""
    from core.facade import read_history

    runs = read_history(1, table=request.table, demo=demo, delivered=True)
    return runs[0].seconds if runs else None
