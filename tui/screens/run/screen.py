"""The dialog of a run, from the summary to the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Static

from core import CancelledError, Phase, Planned, Skipped, TransferError
from tui.format.text import visible
from tui.screens import export
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog, DialogScreen
from tui.screens.error import ErrorPanel, copy
from tui.screens.failure import Failure
from tui.screens.run.announce import announce_end
from tui.screens.run.delivered import Delivered, Existing
from tui.screens.run.first_rows import FirstRowsScreen
from tui.screens.run.job import Ended, Job, Moved, Noticed, Retried
from tui.screens.run.look import LastLook
from tui.screens.run.progress import STOPPED, STOPPING, Running
from tui.screens.run.stop import StopDialog

if TYPE_CHECKING:
    from core import Outcome, Request
    from core.facade import Estimate, FirstRows, Plan, SignedIn

_PATIENCE = 2.0  # seconds that a cancel may take before the dialog can be closed


class State(Enum):
    """The states of the dialog.

    DOUBTED is a delivery whose verification failed, SKIPPED an object that was there already.
    """

    LOOK = auto()
    RUNNING = auto()
    STOPPING = auto()
    DELIVERED = auto()
    FAILED = auto()
    DOUBTED = auto()
    SKIPPED = auto()


_HEADINGS = {
    State.LOOK: "Send this?",
    State.RUNNING: "Sending",
    State.STOPPING: "Stopping",
    State.DELIVERED: "✓ Delivered",
    State.FAILED: "Not delivered",
    State.DOUBTED: "Delivered, but not verified",
    State.SKIPPED: "✓ Exists already",
}
_OVER = (State.DELIVERED, State.FAILED, State.DOUBTED, State.SKIPPED)
# Enter sends only a plan that needs no second thought: these have another key, and another default.
_FLAGGED = (Action("Back", "esc", "close", "primary"), Action("Send anyway", "a", "send_anyway"))
_ACTIONS = {
    State.LOOK: (Action("Send", "enter", "send", "primary"), Action("Back", "esc", "close")),
    State.RUNNING: (Action("Cancel", "esc", "ask_cancel"),),
    State.STOPPING: (Action("Leave now", "esc", "close"),),
    State.DELIVERED: (
        Action("Copy JSON", "j", "copy_json", "primary"),
        Action("Save JSON", "s", "save_json"),
        Action("First rows", "v", "first_rows"),
        Action("As command", "b", "copy_command"),
        Action("As Python", "p", "copy_python"),
        Action("Run again", "r", "again"),
        Action("Close", "esc", "close"),
    ),
    State.FAILED: (
        Action("Run again", "r", "again", "primary"),
        Action("Details", "d", "details"),
        Action("Copy error", "e", "copy_error"),
        Action("Close", "esc", "close"),
    ),
    State.DOUBTED: (
        Action("Details", "d", "details", "primary"),
        Action("Copy error", "e", "copy_error"),
        Action("Copy JSON", "j", "copy_json"),
        Action("Close", "esc", "close"),
    ),
    State.SKIPPED: (
        Action("Copy JSON", "j", "copy_json", "primary"),
        Action("Save JSON", "s", "save_json"),
        Action("As command", "b", "copy_command"),
        Action("As Python", "p", "copy_python"),
        Action("Run again", "r", "again"),
        Action("Close", "esc", "close"),
    ),
}


class RunScreen(DialogScreen["Outcome | None"]):
    """Shows the summary, runs the transfer, shows the result; dismisses with the outcome or None.

    Args:
        request: the request.
        plan: the plan that the user has seen; a warning is shown if that of the run differs.
        estimate: the expected cost.
        rows: the first rows of the file, and whether their sums are those of a sample.
        demo: whether the request uses the embedded warehouse and bucket.
        connection_name: the name of the connection, for the history.
        on_send: is called when the user has sent it.
        signed_in: the session of the app, which the run uses too; None to sign in.
    """

    HELP = """\
A transfer, from the summary to the result.

Nothing is read before you press Send. If more than half of the rows would come out, a warning \
names the keys that keep them apart: go back and drop them in Columns with o, or send anyway with \
a. You can cancel a transfer at any time: the query and the upload are aborted, and nothing is \
left in the bucket. The file appears there complete and verified, or not at all.

The result JSON is the line that --batch prints. Before the file appears, the number of rows read \
is compared with Snowflake's count, and the total of each sum column over the rows read with that \
over the rows written."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send"),
        Binding("a", "send_anyway", "Send anyway"),
        Binding("c", "ask_cancel(True)", "Cancel the run"),
        Binding("j", "copy_json", "Copy the result JSON"),
        Binding("s", "save_json", "Save the result JSON as a file"),
        Binding("v", "first_rows", "First rows of the file"),
        Binding("b", "copy_command", "Copy as a command"),
        Binding("p", "copy_python", "Copy as Python"),
        Binding("d", "details", "Details of the error"),
        Binding("e", "copy_error", "Copy the error"),
        Binding("r", "again", "Run again"),
        Binding("escape", "leave", "Close, or cancel the run"),
    ]

    state: reactive[State] = reactive(State.LOOK, init=False, bindings=True)

    def __init__(
        self,
        request: Request,
        plan: Plan,
        *,
        estimate: Estimate | None = None,
        rows: tuple[FirstRows, bool] | None = None,
        demo: bool = False,
        connection_name: str | None = None,
        on_send: Callable[[], object] | None = None,
        signed_in: SignedIn | None = None,
    ) -> None:
        super().__init__()
        self._signed_in = signed_in
        self._on_send = on_send
        self._demo, self._connection_name = demo, connection_name
        self.request = request
        self.plan = plan
        self._estimate, self._rows = estimate, rows
        self.outcome: Outcome | None = None
        self.result: dict[str, Any] = {}
        self.failure: Failure | None = None
        self._warnings: list[str] = []
        self._job: Job | None = None
        self._may_leave = False
        self._abandoned = False

    @property
    def running(self) -> bool:
        """Whether the transfer runs."""
        return self._job is not None and self._job.running

    def abandon(self) -> None:
        """Cancel the transfer without showing how it ends: the app is exiting."""
        self._abandoned = True
        if self._job is not None:
            self._job.stop()

    def compose(self) -> ComposeResult:
        """Yield the views of all states, and the buttons."""
        with Dialog(_HEADINGS[State.LOOK], "-wide"):
            with (
                VerticalScroll(classes="body", can_focus=False),
                ContentSwitcher(initial="look", id="views"),
            ):
                with Vertical(id="look"):
                    yield LastLook(self.request, self.plan, self._estimate, self._rows)
                with Vertical(id="running"):
                    expected = self._estimate.chosen.seconds if self._estimate else None
                    route = visible(f"{self.plan.source.name} → {self.request.bucket}")
                    yield Running(route, verify=self.request.verify, expected=expected)
                yield Vertical(id="ended")
            yield ActionBar(*self._list_actions(State.LOOK))

    def show_rows(self, rows: tuple[FirstRows, bool] | None) -> None:
        """Show the first rows of the file, which were read after the dialog was opened."""
        if self.is_mounted and self.state is State.LOOK:
            self.query_one(LastLook).show_rows(rows)

    def _list_actions(self, state: State) -> tuple[Action, ...]:
        if state is State.LOOK and self.plan.grain:
            return _FLAGGED
        return _ACTIONS[state]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that the current state does not have."""
        known = {each.name for actions in (*_ACTIONS.values(), _FLAGGED) for each in actions}
        if action in ("close", "leave") and self.state is State.STOPPING:
            return self._may_leave
        return action not in known or any(
            each.name == action for each in self._list_actions(self.state)
        )

    async def watch_state(self, state: State) -> None:
        """Show the view and the buttons of `state`."""
        views = {State.LOOK: "look", State.RUNNING: "running", State.STOPPING: "running"}
        self.query_one("#views", ContentSwitcher).current = views.get(state, "ended")
        dialog = self.query_one(Dialog)
        dialog.border_title = self._choose_heading(state)
        dialog.set_class(state in (State.FAILED, State.DOUBTED), "-error")
        for name in State:
            self.set_class(name is state, f"-{name.name.lower()}")
        with self.app.batch_update():
            await self.query_one(ActionBar).remove()
            await self.query_one(Dialog).mount(ActionBar(*self._list_actions(state)))
        # Enter, pressed once too often, must not press the button that cancels.
        self.set_focus(None)
        if state is not State.RUNNING and (buttons := self.query("ActionBar Button")):
            self.set_focus(buttons.first())

    def _choose_heading(self, state: State) -> str:
        failed = self.failure is not None and state is State.FAILED
        return self.failure.heading if failed and self.failure else _HEADINGS[state]

    # ------------------------------------------------------------------------------- the run

    def action_send(self) -> None:
        """Start the transfer."""
        if self._on_send is not None:
            self._on_send()
        self.outcome = self.failure = None
        self.result = {}
        self._warnings.clear()
        self._may_leave = False
        self._job = Job(
            self.request,
            self.post_message,
            demo=self._demo,
            connection_name=self._connection_name,
            signed_in=self._signed_in,
        )
        self.query_one(Running).begin(self._job.began)
        self.state = State.RUNNING

    def action_send_anyway(self) -> None:
        """Start the transfer although most of its rows remain."""
        self.action_send()

    def action_again(self) -> None:
        """Start the transfer again."""
        self.action_send()

    def action_leave(self) -> None:
        """Close the dialog; while the transfer runs, ask whether to cancel it."""
        if self.state is State.RUNNING:
            self.action_ask_cancel()
        else:
            self.action_close()

    def action_ask_cancel(self, by_letter: bool = False) -> None:
        """Ask whether to cancel the transfer."""

        def take_answer(yes: bool | None) -> None:
            if yes and self.state is State.RUNNING:
                self.action_cancel()

        delivered = self.query_one(Running).phase is Phase.VERIFY
        name = str(self.plan.source.name)
        question = StopDialog(name, delivered=delivered, by_letter=by_letter)
        self.app.push_screen(question, take_answer)

    def _close_question(self) -> None:
        """Close the question: the transfer has ended in the meantime."""
        for screen in self.app.screen_stack:
            if isinstance(screen, StopDialog):
                screen.dismiss(False)

    def action_cancel(self) -> None:
        """Cancel the transfer, and show what is being stopped."""
        if self._job is None:
            return
        self._job.stop()
        running = self.query_one(Running)
        running.say(STOPPING[running.phase])
        self.state = State.STOPPING
        self.set_timer(_PATIENCE, self._allow_leaving)

    def _allow_leaving(self) -> None:
        """Allow closing the dialog: a network call that hangs may take minutes to return."""
        if self.state is State.STOPPING:
            self._may_leave = True
            self.refresh_bindings()
            running = self.query_one(Running)
            delivered = running.phase is Phase.VERIFY
            end = "the file is delivered" if delivered else "nothing will be delivered"
            running.say(f"Waiting for a network call to return. You can leave now: {end}.")

    @on(Moved)
    def _show_progress(self, message: Moved) -> None:
        if self.state is not State.STOPPING:  # the phase to show is that of the cancel
            self.query_one(Running).move(message.progress)

    @on(Retried)
    def _show_retry(self, message: Retried) -> None:
        if self.state is State.RUNNING:
            self.query_one(Running).retry(message.event)

    @on(Noticed)
    def _keep_warning(self, message: Noticed) -> None:
        event = message.event
        if not isinstance(event, Planned):
            self._warnings.append(event.message)
        elif _list_roles(event.plan) != _list_roles(self.plan):
            self._warnings.append(
                "The plan of the run differs from the one shown before: the table has changed."
            )
        elif event.plan.window != self.plan.window:
            self._warnings.append(
                f"A month has ended since the plan was shown: the run reads {event.plan.window}."
            )

    @on(Ended)
    async def _show_end(self, message: Ended) -> None:
        if self._abandoned:
            return
        self._close_question()
        seconds = time.monotonic() - self._job.began if self._job else 0.0
        announce_end(self.app, str(self.plan.source.name), message.outcome, message.error)
        ended = self.query_one("#ended", Vertical)
        await ended.remove_children()
        if message.outcome is not None:
            self.result = message.outcome.result
        if isinstance(message.outcome, Skipped):
            await ended.mount(Existing(message.outcome))
            self.state = State.SKIPPED
            return
        if message.outcome is not None:
            self.outcome = message.outcome
            await ended.mount(Delivered(message.outcome, seconds, tuple(self._warnings)))
            self.state = State.DELIVERED
            return
        error = message.error or CancelledError()
        self.failure = Failure.of(error, of_run=True)
        await ended.mount(ErrorPanel(self.failure))
        self.outcome = _outcome_of(error)
        if self.outcome is not None:
            self.result = self.outcome.result
            self.state = State.DOUBTED
            return
        if isinstance(error, CancelledError):
            phase = self.query_one(Running).phase
            text = f"{STOPPED[phase]} No file is left on this machine."
            await ended.mount(Static(text, classes="stopped"))
        self.state = State.FAILED

    def on_unmount(self) -> None:
        """Cancel the transfer: its screen is removed."""
        self.abandon()

    # --------------------------------------------------------------------------- afterwards

    def action_close(self) -> None:
        """Dismiss with the outcome, if there is one."""
        self.dismiss(self.outcome)

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
        export.copy_command(self.app, self.request, demo=self._demo)

    def action_copy_python(self) -> None:
        """Copy this transfer as Python."""
        export.copy_python(self.app, self.request)


def _outcome_of(error: BaseException) -> Outcome | None:
    """Return what was delivered in spite of `error`, or None."""
    from core import Outcome

    delivered = error.outcome if isinstance(error, TransferError) else None
    return delivered if isinstance(delivered, Outcome) else None


def _list_roles(plan: Plan) -> list[tuple[str, str]]:
    return [(column.name, column.role.value) for column in plan.columns]
