"""The dialog of a run, from the summary to the result."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Static

from core import CancelledError, Phase, Skipped, TransferError
from tui.format.text import visible
from tui.screens.actions import Action, ActionBar
from tui.screens.dialog import Dialog
from tui.screens.error import ErrorPanel
from tui.screens.failure import Failure
from tui.screens.run.afterwards import Afterwards
from tui.screens.run.delivered import Delivered, Existing
from tui.screens.run.job import Ended, Moved, Retried
from tui.screens.run.look import LastLook
from tui.screens.run.progress import STOPPED, STOPPING, Running
from tui.screens.run.queue import Begun, QueuedRun, Standing, queue_of
from tui.screens.run.states import ACTIONS, FLAGGED, HEADINGS, State
from tui.screens.run.stop import StopDialog

if TYPE_CHECKING:
    from core import Outcome, Request
    from core.facade import Estimate, FirstRows, Plan, SignedIn

_UNDER_WAY = (State.WAITING, State.RUNNING, State.STOPPING)
_PATIENCE = 2.0  # seconds that a cancel may take before the dialog can be closed


class RunScreen(Afterwards):
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
        transfer: the run to show, if it was started before; the other arguments are then its own.
    """

    HELP = """\
A transfer, from the summary to the result.

Nothing is read before you press Send. If more than half of the rows would come out, a warning \
names the keys that keep them apart: go back and drop them in Columns with o, or send anyway with \
a. You can cancel a transfer at any time: the query and the upload are aborted, and nothing is \
left in the bucket. The file appears there complete and verified, or not at all. w closes this \
dialog while the transfer goes on: the line at the top shows it, and F12 lists all. One transfer \
runs at a time; others wait for it.

The result JSON is the line that --batch prints. Before the file appears, the number of rows read \
is compared with Snowflake's count, and the total of each sum column over the rows read with that \
over the rows written."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send"),
        Binding("a", "send_anyway", "Send anyway"),
        Binding("c", "ask_cancel(True)", "Cancel the run"),
        Binding("w", "background", "Go on working while it runs"),
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
        plan: Plan | None,
        *,
        estimate: Estimate | None = None,
        rows: tuple[FirstRows, bool] | None = None,
        demo: bool = False,
        connection_name: str | None = None,
        on_send: Callable[[], object] | None = None,
        signed_in: SignedIn | None = None,
        transfer: QueuedRun | None = None,
    ) -> None:
        super().__init__(request, demo=demo)
        self._signed_in = signed_in
        self._on_send = on_send
        self._connection_name = connection_name
        self.plan = plan
        self._estimate, self._rows = estimate, rows
        self.transfer = transfer
        self._may_leave = False

    @classmethod
    def of(cls, transfer: QueuedRun) -> RunScreen:
        """Return the dialog of a run that was started before."""
        return cls(transfer.request, transfer.plan, demo=transfer.demo, transfer=transfer)

    @property
    def running(self) -> bool:
        """Whether the transfer runs."""
        return self.transfer is not None and self.transfer.running

    @property
    def _subject(self) -> str:
        """The name of the transfer for the user."""
        if self.transfer is not None:
            return self.transfer.name
        return str(self.plan.source.name) if self.plan else self.request.table

    def compose(self) -> ComposeResult:
        """Yield the views of all states, and the buttons."""
        with Dialog(HEADINGS[State.LOOK], "-wide"):
            with (
                VerticalScroll(classes="body", can_focus=False),
                ContentSwitcher(initial="look", id="views"),
            ):
                with Vertical(id="look"):
                    if self.plan is not None:
                        yield LastLook(self.request, self.plan, self._estimate, self._rows)
                with Vertical(id="running"):
                    route = visible(f"{self._subject} → {self.request.bucket}")
                    yield Running(route, verify=self.request.verify, expected=self._expected)
                yield Vertical(id="ended")
            yield ActionBar(*self._list_actions(State.LOOK))

    @property
    def _expected(self) -> float | None:
        """The estimated seconds of the run."""
        if self.transfer is not None:
            return self.transfer.expected
        return self._estimate.chosen.seconds if self._estimate else None

    async def on_mount(self) -> None:
        """Show the run that was started before, if there is one."""
        run = self.transfer
        if run is None:
            return
        if run.standing is Standing.ENDED:
            await self._show_end(Ended(run.outcome, run.error))
        else:
            self._watch(run)

    def show_rows(self, rows: tuple[FirstRows, bool] | None) -> None:
        """Show the first rows of the file, which were read after the dialog was opened."""
        self._rows = rows  # for `compose`, if that is still to come
        if self.plan is None or not self.is_mounted or self.state is not State.LOOK:
            return
        if looks := self.query(LastLook):
            looks.first().show_rows(rows)
        else:  # it is composed, but not mounted yet
            self.call_after_refresh(self.show_rows, rows)

    def _list_actions(self, state: State) -> tuple[Action, ...]:
        if state is State.LOOK and self.plan is not None and self.plan.grain:
            return FLAGGED
        return ACTIONS[state]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that the current state does not have."""
        known = {each.name for actions in (*ACTIONS.values(), FLAGGED) for each in actions}
        if action in ("close", "leave") and self.state is State.STOPPING:
            return self._may_leave
        return action not in known or any(
            each.name == action for each in self._list_actions(self.state)
        )

    async def watch_state(self, state: State) -> None:
        """Show the view and the buttons of `state`."""
        views = {State.LOOK: "look", **dict.fromkeys(_UNDER_WAY, "running")}
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
        return self.failure.heading if failed and self.failure else HEADINGS[state]

    # ------------------------------------------------------------------------------- the run

    def action_send(self) -> None:
        """Start the transfer."""
        if self._on_send is not None:
            self._on_send()
        self.outcome = self.failure = None
        self.result = {}
        self._may_leave = False
        if self.transfer is not None:
            self.transfer = self.transfer.repeat()
        else:
            self.transfer = QueuedRun(
                self.request,
                self.plan,
                demo=self.demo,
                connection_name=self._connection_name,
                expected=self._expected,
                signed_in=self._signed_in,
            )
        queue_of(self.app).add(self.transfer)
        self._watch(self.transfer)

    def _watch(self, run: QueuedRun) -> None:
        """Show a run that waits or runs, from now on."""
        run.watcher = lambda message: self.post_message(message)
        if run.standing is Standing.RUNNING:
            self._show_begin()
            if run.stopping:
                self._show_stopping()
            return
        self.query_one(Running).begin(run.began)
        self.state = State.WAITING
        before = [each for each in queue_of(self.app).active if each is not run]
        if before:
            text = f"Waits for {visible(before[0].name)}: one transfer runs at a time."
            self.query_one(Running).say(text)

    @on(Begun)
    def _show_begin(self) -> None:
        if self.transfer is not None:
            self.query_one(Running).begin(self.transfer.began, deepcopy(self.transfer.track))
            self.state = State.RUNNING

    def action_background(self) -> None:
        """Close the dialog while the transfer goes on."""
        if self.transfer is not None:
            self.transfer.watcher = None
            self.app.notify("It goes on; F12 lists the runs.", timeout=3, markup=False)
        self.dismiss(None)

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
        elif self.state is State.WAITING:
            self.action_background()
        else:
            self.action_close()

    def action_ask_cancel(self, by_letter: bool = False) -> None:
        """Ask whether to cancel the transfer; one that waits is taken back at once."""
        if self.state is State.WAITING and self.transfer is not None:
            queue_of(self.app).cancel(self.transfer)
            return

        def take_answer(yes: bool | None) -> None:
            if yes and self.state is State.RUNNING:
                self.action_cancel()

        delivered = self.query_one(Running).phase is Phase.VERIFY
        question = StopDialog(self._subject, delivered=delivered, by_letter=by_letter)
        self.app.push_screen(question, take_answer)

    def _close_question(self) -> None:
        """Close the question: the transfer has ended in the meantime."""
        for screen in self.app.screen_stack:
            if isinstance(screen, StopDialog):
                screen.dismiss(False)

    def action_cancel(self) -> None:
        """Cancel the transfer, and show what is being stopped."""
        if self.transfer is not None:
            self.transfer.stop()
            self._show_stopping()

    def _show_stopping(self) -> None:
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

    @on(Ended)
    async def _show_end(self, message: Ended) -> None:
        self._close_question()
        ended = self.query_one("#ended", Vertical)
        await ended.remove_children()
        if message.outcome is not None:
            self.result = message.outcome.result
        if isinstance(message.outcome, Skipped):
            await ended.mount(Existing(message.outcome))
            unchanged = message.outcome.restatement is not None
            self.state = State.UNCHANGED if unchanged else State.SKIPPED
            return
        if message.outcome is not None:
            self.outcome = message.outcome
            run = self.transfer
            seconds, warnings = (run.seconds, tuple(run.warnings)) if run else (0.0, ())
            await ended.mount(Delivered(message.outcome, seconds, warnings))
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
        if isinstance(error, CancelledError) and not (self.transfer and self.transfer.unstarted):
            phase = self.query_one(Running).phase
            text = f"{STOPPED[phase]} No file is left on this machine."
            await ended.mount(Static(text, classes="stopped"))
        self.state = State.FAILED

    def on_unmount(self) -> None:
        """Cancel the transfer if this screen still shows it: the app is exiting."""
        if self.transfer is not None and self.transfer.watcher is not None:
            self.transfer.watcher = None
            self.transfer.stop()

    def action_close(self) -> None:
        """Dismiss with the outcome, if there is one."""
        if self.transfer is not None and self.state is State.STOPPING:
            queue_of(self.app).leave(self.transfer)
        self.dismiss(self.outcome)


def _outcome_of(error: BaseException) -> Outcome | None:
    """Return what was delivered in spite of `error`, or None."""
    from core import Outcome

    delivered = error.outcome if isinstance(error, TransferError) else None
    return delivered if isinstance(delivered, Outcome) else None
