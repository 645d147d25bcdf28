"""The form of a destination with a name: its text, checked while it is typed, and its test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from core import ConfigurationError, TransferError
from core.facade import NamedDestination, parse_destination, write_destination
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.field import Field
from tui.widgets.text_input import TextInput

Test = Callable[[NamedDestination, threading.Event], str]
"""Tests write access to a destination, and returns its URL."""

_NEW: Final = """\
bucket = ""
prefix = ""
# format = "csv"
# acl = "bucket-owner-full-control"
# sse = "aws:kms"
# kms_key_id = ""
# role_arn = ""
"""


class Tested(Message):
    """The access to a destination was tested; `error` says why it failed."""

    def __init__(self, url: str, error: BaseException | None = None) -> None:
        super().__init__()
        self.url, self.error = url, error


class DestinationForm(DialogScreen["str | None"]):
    """Makes or changes a destination of `amplify.toml`; dismisses with its name, or None.

    Args:
        test: tests the access, in a thread.
        former: its name; empty for a new one.
        body: its text; None for a template.
    """

    HELP = """\
A destination has a bucket, a prefix, and any option of the file and of the bucket, one on each \
line, as in amplify.toml. The lines are checked while you type: a mistake is shown with its line, \
and the nearest name. Those that begin with # are comments, and are kept.

F2 tests whether you may write there: it uploads one byte with a wrong checksum, which S3 rejects \
after it has checked the permission. F3 saves. Secrets do not belong here: name an AWS profile or \
a role."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "test", "Test the access", priority=True),
        Binding("f3", "save", "Save", priority=True),
        Binding("escape", "close", "Back", priority=True),
    ]

    def __init__(self, test: Test, former: str = "", body: str | None = None) -> None:
        super().__init__()
        self._test, self._former = test, former
        self._body = _NEW if body is None else body
        self._name_field = TextInput(id="destination-name", compact=True)
        self._cancel = threading.Event()

    def compose(self) -> ComposeResult:
        """Yield the name, the text, what is wrong with it, and the buttons."""
        with Dialog(f"Destination {self._former}".rstrip() if self._former else "New destination"):
            yield Field("Name", self._name_field)
            yield TextArea(
                self._body,
                id="destination-text",
                show_line_numbers=True,
                line_number_start=2,
                compact=True,
                tab_behavior="focus",
            )
            yield Static(id="status", markup=False)
            yield ActionBar(
                Action("Save", "F3", "save", "primary"),
                Action("Test", "F2", "test"),
                Action("Back", "esc", "close"),
            )

    def on_mount(self) -> None:
        """Show the name, and focus the first field to fill."""
        self._name_field.value = self._former
        self._check()
        (self.query_one(TextArea) if self._former else self._name_field).focus()

    def on_unmount(self) -> None:
        """Stop a test."""
        self._cancel.set()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _check(self) -> NamedDestination | None:
        """Show what is wrong, or where the destination is; return it."""
        name = self._name_field.value.strip()
        if not name:
            self._show("Enter a name.", "-busy")
            return None
        try:
            found = parse_destination(name, self.query_one(TextArea).text)
        except ConfigurationError as error:
            said = [each.partition(", ")[2] for each in error.mistakes]
            self._show("\n".join(f"✗ {visible(each)}" for each in said[:3]), "-bad")
            return None
        except TransferError as error:
            self._show(f"✗ {visible(in_app(error.message))}", "-bad")
            return None
        options = ", ".join(sorted(found.options))
        more = f" · {options}" if options else ""
        self._show(f"→ {visible(found.url)}{visible(more)}", "-good")
        return found

    def _show(self, text: str, look: str) -> None:
        status = self.query_one("#status", Static)
        status.update(Content(text))
        status.set_classes(look)

    def action_test(self) -> None:
        """Test write access."""
        found = self._check()
        if found is None:
            return
        self._show("asking S3 …", "-busy")
        test, cancel, post = self._test, self._cancel, self.post_message

        def work() -> None:
            try:
                message = Tested(test(found, cancel))
            except BaseException as error:  # the form must be notified of every kind
                message = Tested("", error)
            post(message)

        threading.Thread(target=work, name="destination", daemon=True).start()

    @on(Tested)
    def _show_test(self, message: Tested) -> None:
        error = message.error
        if error is None:
            self._show(f"✓ write access to {visible(message.url)}; nothing was left there", "-good")
        elif isinstance(error, TransferError):
            self._show(f"✗ {visible(in_app(str(error)))}", "-bad")
        else:
            self._show(f"✗ Unexpected {type(error).__name__}.", "-bad")

    def action_save(self) -> None:
        """Save the destination, and dismiss with its name."""
        if self._check() is None:
            return
        name = self._name_field.value.strip()
        try:
            write_destination(name, self.query_one(TextArea).text, former=self._former or None)
        except TransferError as error:
            self._show(f"✗ {visible(in_app(str(error)))}", "-bad")
            return
        self.dismiss(name)

    def action_close(self) -> None:
        """Close without a change."""
        self.dismiss(None)
