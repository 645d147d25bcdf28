"""A line of text to type: it is never selected by the focus, and every change can be undone."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.widgets.input import Selection

_STEPS = 200  # changes kept for undo


class TextInput(Input):
    """An input for the app's forms.

    Textual's input selects its whole text when it takes the focus, so that one key replaces all of
    it. Here the text and the cursor stay as they are; ctrl+z undoes a change, ctrl+y repeats it. A
    run of typed characters is one change. What was set before the first focus is not undone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "undo", "Undo", show=False),
        Binding("ctrl+y", "redo", "Redo", show=False),
    ]

    def __init__(self, value: str | None = None, **settings: Any) -> None:
        self._past: list[str] = []
        self._future: list[str] = []
        self._typing = self._restoring = self._was_focused = False
        super().__init__(value, select_on_focus=False, **settings)

    def watch_value(self, old: str, new: str) -> None:
        """Keep the text before a change."""
        if old == new or self._restoring or not self._was_focused:
            return
        typed = len(new) == len(old) + 1
        if not (typed and self._typing and self._past):
            self._past = [*self._past, old][-_STEPS:]
        self._typing = typed
        self._future.clear()

    def on_focus(self) -> None:
        """Begin a new change: what is typed now is undone on its own."""
        self._was_focused, self._typing = True, False

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether the key is text; a key with alt is not."""
        return not key.startswith("alt+") and super().check_consume_key(key, character)

    def on_key(self, event: events.Key) -> None:
        """Leave keys with alt to the app: some terminals send them with their character."""
        if event.key.startswith("alt+"):
            event.prevent_default()

    def action_undo(self) -> None:
        """Restore the text before the last change."""
        self._restore(self._past, self._future)

    def action_redo(self) -> None:
        """Repeat the change that was undone last."""
        self._restore(self._future, self._past)

    def _restore(self, source: list[str], other: list[str]) -> None:
        if not source:
            return
        other.append(self.value)
        self._restoring, self._typing = True, False
        try:
            self.value = source.pop()
        finally:
            self._restoring = False
        self.selection = Selection.cursor(len(self.value))
