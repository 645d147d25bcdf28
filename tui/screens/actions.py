"""A row of buttons that show their keys: each action can be run by mouse, by Tab or by its key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from textual.app import ComposeResult
from textual.containers import ItemGrid
from textual.content import Content
from textual.widgets import Button
from textual.widgets.button import ButtonVariant

_NARROWEST, _WIDEST = 16, 24  # cells of a button
_AROUND: Final = 4  # cells of a button besides its label and its key


@dataclass(frozen=True)
class Action:
    """An action of a screen.

    Attributes:
        label: the text of the button.
        key: the key to show beside it; the screen binds it.
        name: the name of the screen's action.
        variant: `primary` for the default action, `error` for one that stops something.
    """

    label: str
    key: str
    name: str
    variant: ButtonVariant = "default"


class ActionBar(ItemGrid):
    """Buttons for a screen's actions, as many on a row as fit.

    Args:
        actions: the actions.
        id: the id of the widget.
    """

    DEFAULT_CSS = """
    ActionBar {
        width: 1fr;
        height: auto;
        margin-top: 1;
        grid-gutter: 1 2;
    }
    """

    def __init__(self, *actions: Action, id: str | None = None) -> None:  # noqa: A002  Textual's
        longest = max((len(each.label) + len(each.key) for each in actions), default=0)
        width = max(_NARROWEST, longest + _AROUND)
        super().__init__(id=id, min_column_width=width)
        self._actions = actions
        self.styles.max_width = max(_WIDEST, width) * len(actions)

    def compose(self) -> ComposeResult:
        """Yield a button for each action; its id is `do-` and the action's name."""
        for action in self._actions:
            yield Button(
                Content.assemble(action.label, "  ", (action.key, "not bold italic")),
                action.variant,
                compact=True,
                action=f"screen.{action.name}",
                id="do-" + re.sub(r"\W|_", "-", action.name).strip("-"),
            )
