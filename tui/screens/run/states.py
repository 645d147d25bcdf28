"""The states of the dialog of a run, with the heading and the actions of each."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from tui.screens.actions import Action


class State(Enum):
    """The states of the dialog.

    DOUBTED is a delivery whose verification failed, SKIPPED an object that was there already,
    UNCHANGED months of which none has changed.
    """

    LOOK = auto()
    WAITING = auto()
    RUNNING = auto()
    STOPPING = auto()
    DELIVERED = auto()
    FAILED = auto()
    DOUBTED = auto()
    SKIPPED = auto()
    UNCHANGED = auto()


HEADINGS: Final = {
    State.LOOK: "Send this?",
    State.WAITING: "Waiting for its turn",
    State.RUNNING: "Sending",
    State.STOPPING: "Stopping",
    State.DELIVERED: "✓ Delivered",
    State.FAILED: "Not delivered",
    State.DOUBTED: "Delivered, but not verified",
    State.SKIPPED: "✓ Exists already",
    State.UNCHANGED: "✓ Unchanged",
}
# Enter sends only a plan that needs no second thought: these have another key, and another default.
FLAGGED: Final = (
    Action("Back", "esc", "close", "primary"),
    Action("Send anyway", "a", "send_anyway"),
)
_AFTERWARDS: Final = (
    Action("As command", "b", "copy_command"),
    Action("As Python", "p", "copy_python"),
    Action("Run again", "r", "again"),
    Action("Close", "esc", "close"),
)
_IF_SKIPPED: Final = (
    Action("Copy JSON", "j", "copy_json", "primary"),
    Action("Save JSON", "s", "save_json"),
    *_AFTERWARDS,
)
ACTIONS: Final = {
    State.LOOK: (Action("Send", "enter", "send", "primary"), Action("Back", "esc", "close")),
    State.WAITING: (
        Action("Go on working", "esc", "background", "primary"),
        Action("Take it back", "c", "ask_cancel"),
    ),
    State.RUNNING: (
        Action("Cancel", "esc", "ask_cancel"),
        Action("Go on working", "w", "background"),
    ),
    State.STOPPING: (Action("Leave now", "esc", "close"),),
    State.DELIVERED: (
        Action("Copy JSON", "j", "copy_json", "primary"),
        Action("Save JSON", "s", "save_json"),
        Action("First rows", "v", "first_rows"),
        *_AFTERWARDS,
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
    State.SKIPPED: _IF_SKIPPED,
    State.UNCHANGED: _IF_SKIPPED,
}
