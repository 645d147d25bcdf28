"""What S3 is asked about the destination: whether it lets us write, and what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.facade import DEFAULT_TEMPLATE
from tui.format.text import visible
from tui.workbench.draft import Draft, naming_options
from tui.workbench.messages import AccessTested, ObjectChecked
from tui.workbench.session import Session

if TYPE_CHECKING:
    from tui.workbench.destination import DestinationPane


class Inquiry:
    """Asks for the object by itself whenever it becomes another one, for access on request.

    Args:
        session: asks S3.
        pane: shows what it says.
    """

    def __init__(self, session: Session, pane: DestinationPane) -> None:
        self._session, self._pane = session, pane
        self._about: tuple[object, ...] | None = None
        self._answer: ObjectChecked | None = None

    def test_access(self, draft: Draft) -> None:
        """Ask whether S3 lets us write."""
        if draft.target.url:
            self._pane.set_note("asking S3 …", "$text-accent")
            self._session.test_access(draft.request, draft.key())

    def forget(self) -> None:
        """Have the object asked for again: a run may have made it."""
        self._about = None

    def follow(self, draft: Draft) -> None:
        """Show where the object will be; ask whether it is there, if it is another one now."""
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
        """Show or keep what S3 said, unless it is about an object of before."""
        if isinstance(message, AccessTested):
            self._pane.show_writable(message.url)
        elif naming_options(message.request) == self._about:
            self._answer = message

    def _describe(self, draft: Draft) -> Content:
        """What is worth saying; of a name that is never the same twice, only what is wrong."""
        answer, request = self._answer, draft.request
        if answer is None:
            return Content("")
        if answer.wrong:
            return Content.styled(f"! {visible(answer.wrong)}", "$text-warning")
        if answer.found:
            overwrites = request.if_exists == "overwrite"
            end = "will be overwritten" if overwrites else "refused unless overwrite"
            return Content.styled(f"! exists, {end}", "$text-warning")
        name = request.file_name or DEFAULT_TEMPLATE
        if "{timestamp}" in name or "{run_id}" in name:
            return Content("")
        if answer.found is None:
            return Content.styled("may exist, s3:ListBucket would tell", "$foreground-muted")
        return Content.styled("✓ new", "$text-success")
