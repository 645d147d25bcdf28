"""Errors as users see them: the class, what happened, what to do; details on demand."""

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
    """What is to be said of one error; its details are hidden at first.

    Args:
        failure: the error.
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
        """Class, message, advice, details; none of it is ever parsed as markup."""
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
        """Show or hide where the error came from."""
        self.toggle_class("detailed")


class ErrorDialog(DialogScreen[None]):
    """Tells one error.

    Args:
        error: any exception; of one that is not the product's own only the class is shown.
    """

    HELP = """\
An error stopped what you asked for.

The line beside the bar says what to do next. The details name the places in the program it came \
from, and hold no data and no secrets: they are safe to paste into a report."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close"),
        Binding("d", "details", "Details"),
        Binding("c", "copy", "Copy"),
    ]

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.failure = Failure.of(error)

    def compose(self) -> ComposeResult:
        """The panel and what can be done."""
        with Dialog(self.failure.heading, "-error"):
            with VerticalScroll(classes="body", can_focus=False):
                yield ErrorPanel(self.failure)
            yield ActionBar(
                Action("Close", "esc", "close", "primary"),
                Action("Details", "d", "details"),
                Action("Copy", "c", "copy"),
            )

    def action_close(self) -> None:
        """Back to where the error came from."""
        self.dismiss(None)

    def action_details(self) -> None:
        """Show or hide the details."""
        self.query_one(ErrorPanel).toggle_details()

    def action_copy(self) -> None:
        """Copy all of it, details included."""
        copy(self.app, self.failure.text, "The error")


def show_error(app: App[Any], error: BaseException) -> AwaitMount | None:
    """Tell `error` in a dialog above whatever is open; one at a time, the first one stays.

    Returns:
        What to await until the dialog is there; None if one was open already.
    """
    if any(isinstance(screen, ErrorDialog) for screen in app.screen_stack):
        return None
    return app.push_screen(ErrorDialog(error))


def copy(app: App[Any], text: str, what: str) -> None:
    """Put `text` on the user's clipboard (in a terminal by OSC 52) and into a file, and say so.

    Neither terminal nor browser tells whether it took the text, and some never do: hence the file.
    """
    app.copy_to_clipboard(text)
    if app.is_web:
        taken, where = "if the browser allows it", " on the machine that serves this page"
    else:
        taken, where = "if this terminal takes it (in tmux: set-clipboard on)", ""
    told = f"{what} is on the clipboard, {taken}"
    with suppress(OSError, TransferError):
        path = state_dir() / _COPIED
        private_files.replace(path, text.rstrip("\n") + "\n")
        told += f", and in {short_path(path)}{where}"
    app.notify(f"{told}.", markup=False)


def short_path(path: Path) -> str:
    """`path`, from the home directory on where it is below it."""
    with suppress(ValueError, RuntimeError):  # not below it, or there is none
        return str("~" / path.relative_to(Path.home()))
    return str(path)
