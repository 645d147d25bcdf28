"""A row of buttons that name their keys: the same actions by mouse, by Tab and by letter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from textual.app import ComposeResult
from textual.containers import ItemGrid
from textual.content import Content
from textual.widgets import Button
from textual.widgets.button import ButtonVariant

_WIDEST: Final = 24  # cells a button


@dataclass(frozen=True)
class Action:
    """What a screen can do.

    Attributes:
        label: in a word or two.
        key: as shown beside it; the screen binds it.
        name: of the screen's action.
        variant: `primary` for the one to expect, `error` for one that stops something.
    """

    label: str
    key: str
    name: str
    variant: ButtonVariant = "default"


class ActionBar(ItemGrid):
    """Buttons for a screen's actions, as many a row as fit.

    Args:
        actions: what the buttons do.
        id: of the widget.
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
        super().__init__(id=id, min_column_width=16)
        self._actions = actions
        self.styles.max_width = _WIDEST * len(actions)

    def compose(self) -> ComposeResult:
        """One button an action, called `do-` and its name."""
        for action in self._actions:
            yield Button(
                Content.assemble(action.label, "  ", (action.key, "dim")),
                action.variant,
                compact=True,
                action=f"screen.{action.name}",
                id="do-" + re.sub(r"\W|_", "-", action.name).strip("-"),
            )
