"""The dialog that chooses a configured destination by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core import Request
from core.facade import NamedDestination
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.workbench.draft import with_options


class DestinationsDialog(DialogScreen["NamedDestination | None"]):
    """Lists the configured destinations; dismisses with one of them, or None.

    Args:
        found: the destinations by name.
    """

    DEFAULT_CSS = """
    DestinationsDialog OptionList { height: auto; max-height: 14; border: none; padding: 0; }
    """
    HELP = """\
The destinations of amplify.toml in the configuration directory: a name for a bucket with its \
prefix and all that its owner demands, such as the format of the file, an ACL or a key of \
encryption. Enter takes one with all its options; what it does not set stays as it is. If you type \
another bucket, the options that the form does not show get their defaults again."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def __init__(self, found: Mapping[str, NamedDestination]) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        """Yield the destinations, or how to configure one."""
        with Dialog("Destinations", "-wide"):
            if self._found:
                width = max(map(len, self._found))
                yield OptionList(
                    *(Option(_describe(each, width), each.name) for each in self._found.values())
                )
            else:
                yield Static(
                    "No destination is configured. In amplify.toml in the configuration directory, "
                    '[destinations.partner] with bucket = "partner-inbox" makes one.'
                )
            yield ActionBar(Action("Back", "esc", "close", "primary"))

    def on_mount(self) -> None:
        """Focus the list."""
        for each in self.query(OptionList):
            each.focus()

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
    fields = Request.model_fields
    return {name: fields[name].get_default(call_default_factory=True) for name in hidden}


def _describe(each: NamedDestination, width: int) -> Content:
    """Return a line: the name, the URL, and the names of the options that it sets."""
    options = ", ".join(sorted(each.options))
    return Content.assemble(
        (each.name.ljust(width), "bold"),
        f"  {visible(each.url)}",
        (f"  {visible(options)}" if options else "", "$text-muted"),
    )
