"""The checks of the destination in S3: write access, and whether the object exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from core.facade import DEFAULT_TEMPLATE
from tui.format.text import visible
from tui.workbench.background.session import Session
from tui.workbench.draft import Draft, naming_options
from tui.workbench.messages import AccessTested, ObjectChecked

if TYPE_CHECKING:
    from tui.workbench.destination import DestinationPane

_IF_EXISTS: Final = {
    "fail": "the run will fail",
    "overwrite": "will be overwritten",
    "skip": "the run will do nothing",
}


class Inquiry:
    """Checks whether the object exists whenever its URL changes, and the access on request.

    Args:
        session: runs the checks.
        pane: shows the answers.
    """

    def __init__(self, session: Session, pane: DestinationPane) -> None:
        self._session, self._pane = session, pane
        self._about: tuple[object, ...] | None = None
        self._answer: ObjectChecked | None = None

    def test_access(self, draft: Draft) -> None:
        """Start the test of write access."""
        if draft.target.url:
            self._pane.set_note("asking S3 …", "$text-accent")
            self._session.test_access(draft.request, draft.key())

    def forget(self) -> None:
        """Discard the last answer: a run may have written the object."""
        self._about = None

    def follow(self, draft: Draft) -> None:
        """Show the URL of the object; if it has changed, check whether the object exists."""
        target = draft.target
        about = naming_options(draft.request) if draft.look is not None and target.url else None
        if about != self._about:
            self._about, self._answer = about, None
            if about is None:
                self._session.stop_checking()
            else:
                self._session.check_object(draft.request, draft.key())
        self._pane.show(target, self._describe(draft))

    def take(self, message: AccessTested | ObjectChecked) -> None:
        """Show or store an answer of S3, unless it is about an earlier URL."""
        if isinstance(message, AccessTested):
            self._pane.show_writable(message.url)
        elif naming_options(message.request) == self._about:
            self._answer = message

    def _describe(self, draft: Draft) -> Content:
        """Return the text about the object; for a name unique to each run, only errors."""
        answer, request = self._answer, draft.request
        if answer is None:
            return Content("")
        if answer.wrong:
            return Content.styled(f"! {visible(answer.wrong)}", "$text-warning")
        if answer.found:
            end = _IF_EXISTS[request.if_exists]
            return Content.styled(f"! exists, {end}", "$text-warning")
        name = request.file_name or DEFAULT_TEMPLATE
        if "{timestamp}" in name or "{run_id}" in name or request.split_by:
            return Content("")
        if answer.found is None:
            return Content.styled("may exist; s3:ListBucket is denied", "$foreground-muted")
        return Content.styled("✓ new", "$text-success")
