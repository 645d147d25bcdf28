"""The dialog that chooses a configured destination by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core import Request, TransferError
from core.facade import (
    DEFAULTS,
    NamedDestination,
    get_destination_text,
    list_destinations,
    remove_destination,
)
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.error import show_error
from tui.screens.question import Question
from tui.workbench.destination_form import DestinationForm, Test
from tui.workbench.draft import with_options

_NONE: Final = "No destination is configured yet: n makes one, in amplify.toml."


class DestinationsDialog(DialogScreen["NamedDestination | None"]):
    """Lists the configured destinations; dismisses with one of them, or None.

    Args:
        found: the destinations by name.
        test: tests write access to one of them, in a thread.
    """

    DEFAULT_CSS = """
    DestinationsDialog OptionList { height: auto; max-height: 14; border: none; padding: 0; }
    DestinationsDialog OptionList:focus { border: none; }
    """
    HELP = """\
The destinations of amplify.toml in the configuration directory: a name for a bucket with its \
prefix and all that its owner demands, such as the format of the file, an ACL or a key of \
encryption. Enter takes one with all its options; what it does not set stays as it is. If you type \
another bucket, the options that the form does not show get their defaults again.

n makes one, e changes the one under the cursor or tests the access to it, x removes it after a \
question. Comments in the file are kept."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New destination"),
        Binding("e", "edit", "Change or test it"),
        Binding("x,delete", "remove", "Remove it"),
        Binding("escape", "close", "Back"),
    ]

    def __init__(self, found: Mapping[str, NamedDestination], test: Test) -> None:
        super().__init__()
        self._found, self._test = found, test

    def compose(self) -> ComposeResult:
        """Yield the destinations, or how to configure one."""
        with Dialog("Destinations", "-wide"):
            yield OptionList(markup=False)
            yield Static(_NONE, id="none", markup=False)
            yield ActionBar(
                Action("Use", "enter", "use", "primary"),
                Action("New", "n", "new"),
                Action("Change", "e", "edit"),
                Action("Remove", "x", "remove"),
                Action("Back", "esc", "close"),
            )

    def on_mount(self) -> None:
        """Fill the list."""
        self._list("")

    def _list(self, name: str | None) -> None:
        """Show the destinations, with the cursor on one of them."""
        options = self.query_one(OptionList)
        options.clear_options()
        width = max(map(len, self._found), default=0)
        options.add_options(
            Option(_describe(each, width), each.name) for each in self._found.values()
        )
        names = list(self._found)
        options.display, self.query_one("#none").display = bool(names), not names
        if names:
            options.highlighted = names.index(name) if name in names else 0
            options.focus()

    @property
    def _current(self) -> str | None:
        index = self.query_one(OptionList).highlighted
        return list(self._found)[index] if index is not None and self._found else None

    def _read_again(self, name: str | None) -> None:
        """List the destinations again, after one has changed."""
        if name is None:
            return
        try:
            self._found = list_destinations()
        except TransferError as error:
            show_error(self.app, error)
        self._list(name)

    def action_use(self) -> None:
        """Dismiss with the destination under the cursor."""
        if self._current is not None:
            self.dismiss(self._found[self._current])

    def action_new(self) -> None:
        """Make a destination."""
        self.app.push_screen(DestinationForm(self._test), self._read_again)

    def action_edit(self) -> None:
        """Change the destination under the cursor."""
        if (name := self._current) is not None:
            try:
                body = get_destination_text(name)
            except TransferError as error:
                show_error(self.app, error)
                return
            self.app.push_screen(DestinationForm(self._test, name, body), self._read_again)

    def action_remove(self) -> None:
        """Ask, then remove the destination under the cursor."""
        if (name := self._current) is None:
            return

        def take_answer(yes: bool | None) -> None:
            if not yes:
                return
            try:
                remove_destination(name)
            except TransferError as error:
                show_error(self.app, error)
            self._read_again(name)

        text = f"{name} is removed from amplify.toml. Jobs that name it fail. The bucket stays."
        question = Question("Remove this destination?", text, yes="Remove", no="Keep")
        self.app.push_screen(question, take_answer)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option.id or ""])

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)


def use_destination(request: Request, chosen: NamedDestination) -> Request:
    """Return `request` with the bucket and the options of a configured destination.

    Raises:
        UsageError: as `Request.of`: an option of the request does not go with one of these.
    """
    options = {**chosen.options, "bucket": chosen.url, "destination": chosen.name}
    return with_options(request, **options)


def forget_options(chosen: NamedDestination, shown: Iterable[str]) -> dict[str, Any]:
    """Return the defaults of the options that `chosen` has set and that the form does not show."""
    hidden = [name for name in chosen.options if name not in shown]
    return {name: DEFAULTS[name] for name in hidden}


def _describe(each: NamedDestination, width: int) -> Content:
    """Return a line: the name, the URL, and the names of the options that it sets."""
    options = ", ".join(sorted(each.options))
    return Content.assemble(
        (each.name.ljust(width), "bold"),
        f"  {visible(each.url)}",
        (f"  {visible(options)}" if options else "", "$text-muted"),
    )
