"""The check of the account: one line for each thing that is checked, as soon as it is known."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from core import CancelledError, CheckStatus
from tui.format.findings import PARTS, summarise
from tui.format.remedies import in_app
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.error import show_error

if TYPE_CHECKING:
    from core import CheckResult, Finding

_SIGNS: Final = {
    CheckStatus.OK: ("✓", "$text-success"),
    CheckStatus.DIFFERS: ("✗", "$text-error"),
    CheckStatus.UNCHECKED: ("-", "$text-muted"),
}


class Found(Message):
    """Something was checked."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


class Checked(Message):
    """The check has ended: either `result` or `error` is given."""

    def __init__(self, result: CheckResult | None, error: BaseException | None) -> None:
        super().__init__()
        self.result = result
        self.error = error


class CheckScreen(DialogScreen[None]):
    """Checks an account; closing it stops the check.

    Args:
        options: the options of the request: its connection, and its table and bucket if chosen.
    """

    HELP = """\
Whether Snowflake, the table and the bucket answer as a transfer relies on. Nothing is transferred \
and nothing is written: constructs of SQL run over a few literal rows whose right answer is known.

✓ is as it should be; ✗ differs, with what it means and what to do; - was not checked. esc stops \
the check."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Close")]

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self._options = dict(options)
        self._cancel = threading.Event()
        self._lines: list[Content] = []
        self._part = ""

    def compose(self) -> ComposeResult:
        """Yield the lines, the summary and the button."""
        with Dialog("Check the account", "-full"):
            with VerticalScroll(id="lines", classes="rows"):
                yield Static(id="findings")
            yield Static("Checking …", id="summary", markup=False)
            yield ActionBar(Action("Stop", "esc", "close", "primary"))

    def on_mount(self) -> None:
        """Start the check."""
        self.query_one("#lines").focus()
        threading.Thread(target=self._run, name="check", daemon=True).start()

    def on_unmount(self) -> None:
        """Stop the check, without waiting."""
        self._cancel.set()

    def _run(self) -> None:
        from core import check

        result: CheckResult | None = None
        failure: BaseException | None = None
        try:
            result = check(
                **self._options,
                on_finding=self._post_finding,
                cancel=self._cancel,
            )
        except BaseException as error:  # the screen must be notified of every kind of error
            failure = error
        self.post_message(Checked(result, failure))

    def _post_finding(self, finding: Finding) -> None:
        self.post_message(Found(finding))

    @on(Found)
    def _add(self, message: Found) -> None:
        finding = message.finding
        if finding.part != self._part:
            self._part = finding.part
            self._lines.append(Content.styled(PARTS[finding.part], "bold $text-muted"))
        self._lines += _describe(finding)
        self.query_one("#findings", Static).update(Content("\n").join(self._lines))
        self.query_one("#lines", VerticalScroll).scroll_end(animate=False)

    @on(Checked)
    def _end(self, message: Checked) -> None:
        if message.result is not None:
            text = summarise(message.result)
        else:
            text = "The check has failed."
            if message.error is not None and not isinstance(message.error, CancelledError):
                show_error(self.app, message.error)
        self.query_one("#summary", Static).update(text)
        button = self.query_one("#do-close")
        button.label = Content.assemble("Close", "  ", ("esc", "$foreground-muted"))  # type: ignore[attr-defined]

    def action_close(self) -> None:
        """Close the dialog, and stop the check."""
        self.dismiss(None)


def _describe(finding: Finding) -> list[Content]:
    sign, look = _SIGNS[finding.status]
    detail = f": {visible(in_app(finding.detail))}" if finding.detail else ""
    seconds = f"  {finding.seconds:.1f} s" if finding.seconds else ""
    differs = finding.status is CheckStatus.DIFFERS
    first = Content.assemble(
        (f"{sign} ", look),
        (finding.subject + detail, look if differs else ""),
        (seconds, "$text-muted"),
    )
    advice = visible(in_app(finding.advice))
    return [first, Content(f"  {advice}")] if advice else [first]
