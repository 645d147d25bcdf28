"""The dialog of an error: its class, what happened, what to do, and details on demand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core import TransferError
from core.facade import private_files, state_dir
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.failure import Failure

if TYPE_CHECKING:
    from textual.widget import AwaitMount

_COPIED: Final = "copied.txt"


class ErrorPanel(Vertical):
    """The description of an error; its details are hidden at first.

    Args:
        failure: the description.
    """

    DEFAULT_CSS = """
    ErrorPanel {
        height: auto;
        & .label { color: $text-muted; }
        & .message { margin-top: 1; }
        & .standing { margin-top: 1; color: $text-muted; }
        & .hint { margin-top: 1; padding-left: 1; border-left: thick $accent; }
        & .details {
            display: none;
            height: auto;
            max-height: 8;
            margin-top: 1;
            color: $text-muted;
            border-left: thick $surface-lighten-2;
            padding-left: 1;
        }
        &.detailed .details { display: block; }
    }
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self._failure = failure

    def compose(self) -> ComposeResult:
        """Yield class, message, hint and details; none of them is parsed as markup."""
        failure = self._failure
        yield Static(f"✗ {failure.label} · exit code {failure.code}", classes="label", markup=False)
        yield Static(Content(failure.message), classes="message")
        if failure.hint:
            yield Static(Content(failure.hint), classes="hint")
        if failure.standing:
            yield Static(failure.standing, classes="standing", markup=False)
        with VerticalScroll(classes="details", can_focus=False):
            yield Static(Content(failure.details))

    def toggle_details(self) -> None:
        """Show or hide the details."""
        self.toggle_class("detailed")


class ErrorDialog(DialogScreen[None]):
    """Shows an error.

    Args:
        error: any exception; if it is not a `TransferError`, only its class is shown.
    """

    HELP = """\
An error stopped what you asked for.

The line beside the bar says what to do next. The details are the lines of code where the error \
was raised. They hold no data and no secrets, so you can paste them into a report."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close"),
        Binding("d", "details", "Details"),
        Binding("c", "copy", "Copy"),
    ]

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.failure = Failure.of(error)

    def compose(self) -> ComposeResult:
        """Yield the panel and the buttons."""
        with Dialog(self.failure.heading, "-error"):
            with VerticalScroll(classes="body", can_focus=False):
                yield ErrorPanel(self.failure)
            yield ActionBar(
                Action("Close", "esc", "close", "primary"),
                Action("Details", "d", "details"),
                Action("Copy", "c", "copy"),
            )

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)

    def action_details(self) -> None:
        """Show or hide the details."""
        self.query_one(ErrorPanel).toggle_details()

    def action_copy(self) -> None:
        """Copy the error with its details."""
        copy(self.app, self.failure.text, "The error")


def show_error(app: App[Any], error: BaseException) -> AwaitMount | None:
    """Show `error` in a dialog, unless the dialog of another error is open.

    Returns:
        An awaitable that is done once the dialog is mounted; None if it is not shown.
    """
    if any(isinstance(screen, ErrorDialog) for screen in app.screen_stack):
        return None
    return app.push_screen(ErrorDialog(error))


def copy(app: App[Any], text: str, what: str) -> None:
    """Copy `text` to the clipboard (in a terminal by OSC 52) and to a file, and notify the user.

    Terminals and browsers do not report whether they accepted the text, and some never do, so the
    file is written in any case.

    Args:
        app: the app.
        text: the text.
        what: its name for the notification, such as `The SQL`.
    """
    app.copy_to_clipboard(text)
    if app.is_web:
        condition, where = "if the browser allows it", " on the machine that serves this page"
    else:
        condition, where = "if this terminal supports it (in tmux: set-clipboard on)", ""
    text_shown = f"{what} is on the clipboard, {condition}"
    with suppress(OSError, TransferError):
        path = state_dir() / _COPIED
        private_files.replace(path, text.rstrip("\n") + "\n")
        text_shown += f", and in {short_path(path)}{where}"
    app.notify(f"{text_shown}.", markup=False)


def short_path(path: Path) -> str:
    """Return `path` as text, with `~` for the home directory."""
    with suppress(ValueError, RuntimeError):  # not below it, or no home directory
        return str("~" / path.relative_to(Path.home()))
    return str(path)
