"""What can be done with a run that has ended: its error or its result copied, saved, looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.screens import export
from tui.screens.dialog import DialogScreen
from tui.screens.error import ErrorPanel, copy
from tui.screens.run.first_rows import FirstRowsScreen

if TYPE_CHECKING:
    from core import Outcome, Request
    from tui.screens.failure import Failure


class Afterwards(DialogScreen["Outcome | None"]):
    """The actions of the dialog of a run after its end.

    Args:
        request: the request.
        demo: whether it uses the embedded warehouse and bucket.

    Attributes:
        outcome: what was delivered; None if nothing was.
        result: the result JSON; empty without one.
        failure: the error that ended the run; None without one.
    """

    def __init__(self, request: Request, *, demo: bool) -> None:
        super().__init__()
        self.request, self.demo = request, demo
        self.outcome: Outcome | None = None
        self.result: dict[str, Any] = {}
        self.failure: Failure | None = None

    def action_details(self) -> None:
        """Show or hide the details of the error."""
        self.query_one(ErrorPanel).toggle_details()

    def action_copy_error(self) -> None:
        """Copy the error with its details."""
        if self.failure is not None:
            copy(self.app, self.failure.text, "The error")

    def action_copy_json(self) -> None:
        """Copy the result as --batch prints it."""
        if self.result:
            export.copy_result(self.app, self.result)

    def action_save_json(self) -> None:
        """Save the result as a file; in a browser that is a download."""
        if self.result:
            export.save_result(self.app, self.result)

    def action_first_rows(self) -> None:
        """Show the first rows of the file."""
        if self.outcome is not None:
            self.app.push_screen(FirstRowsScreen(self.outcome))

    def action_copy_command(self) -> None:
        """Copy this transfer as a command."""
        export.copy_command(self.app, self.request, demo=self.demo)

    def action_copy_python(self) -> None:
        """Copy this transfer as Python."""
        export.copy_python(self.app, self.request)
