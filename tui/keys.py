"""The actions whose keys the user's file can change, and the errors in such a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widgets import Input

from tui.widgets.lines import Lines
from tui.widgets.text_input import TextInput
from tui.workbench.columns.pane import ColumnsPane
from tui.workbench.destination import DestinationPane
from tui.workbench.months.pane import PreviewPane
from tui.workbench.screen import Workbench
from tui.workbench.tables.pane import TablesPane

_PARTS: tuple[type[DOMNode], ...] = (TablesPane, ColumnsPane, PreviewPane, DestinationPane)
_WITH_FIELDS: tuple[type[DOMNode], ...] = (TablesPane, DestinationPane)


# Keymaps by name, to which those of the user's file are added.
PRESETS: Final[Mapping[str, Mapping[str, str]]] = {
    "vim": {
        "lines.up": "up,k",
        "lines.down": "down,j",
        "lines.left": "left,h",
        "lines.right": "right,l",
        "lines.pageup": "pageup,ctrl+u",
        "lines.pagedown": "pagedown,ctrl+d",
        "columns.key": "K",
        "history": "f9",
    }
}


@dataclass(frozen=True)
class Remappable:
    """An action whose keys can be changed.

    Attributes:
        name: the id of its binding.
        what: its description.
        keys: its default keys.
    """

    name: str
    what: str
    keys: tuple[str, ...]


def list_remappable(app: type[DOMNode]) -> list[Remappable]:
    """Return every action with an id, of the app and of the workbench, in reading order."""
    return [
        Remappable(each.id, each.tooltip or each.description, _keys(each.key))
        for node in _nodes(app)
        for each in _bindings(node)
        if each.id
    ]


def find_unknown_preset(preset: str) -> str:
    """Return an error about a preset that there is not; empty if there is one of that name."""
    if not preset or preset in PRESETS:
        return ""
    return f"there is no keymap {preset}, only {', '.join(PRESETS)}"


def _nodes(app: type[DOMNode]) -> tuple[type[DOMNode], ...]:
    return (app, Workbench, Lines, *_PARTS)


def make_keymap(preset: str, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a preset, and over them those of the user."""
    return {**PRESETS.get(preset, {}), **keys}


def find_problems(app: type[DOMNode], keymap: Mapping[str, str]) -> list[str]:
    """Return the errors in a keymap: unknown ids, and keys that are bound to two actions.

    Args:
        app: the class of the app.
        keymap: keys, separated by commas, by the id of their binding.
    """
    known = {each.name for each in list_remappable(app)}
    problems = [f"there is no action {name}" for name in keymap if name not in known]
    for part in _PARTS:
        problems += _find_conflicts((Lines, part, Workbench, app), keymap)
    for part in _WITH_FIELDS:
        problems += _find_conflicts((TextInput, Input, part, Workbench, app), keymap)
    return list(dict.fromkeys(problems))


def _find_conflicts(chain: Sequence[type[DOMNode]], keymap: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys bound to two actions while the first node of `chain` has the focus.

    Textual runs the action of the node that is nearest to the focus.
    """
    taken: dict[str, Binding] = {}
    for node in chain:
        for each in _bindings(node):
            for key in _keys(keymap.get(each.id or "", each.key)):
                first = taken.setdefault(key, each)
                if first.action != each.action and {first.id, each.id} & set(keymap):
                    yield f"{key} is both {_name(first)} and {_name(each)}"


def _bindings(node: type[DOMNode]) -> Iterator[Binding]:
    own: Sequence[BindingType] = node.__dict__.get("BINDINGS", ())
    return (each for each in own if isinstance(each, Binding))


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.split(","))


def _name(binding: Binding) -> str:
    return binding.id or (binding.description or binding.action).lower()
