"""The line of keys at the bottom: those for which there is room, each whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

# Actions whose keys are always shown; the help of each part lists all of its keys.
_ALWAYS: Final = ("run", "help", "close")
_FIRST_LEFT_OUT: Final = ("zoom", "history", "quit", "app.jobs")


class KeysLine(Footer):
    """A footer that leaves out keys where a line has no room for them.

    Textual's would cut the last ones, F1 among them, and show half a word.
    """

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._width = 0

    def compose(self) -> ComposeResult:
        """Yield the keys that fit."""
        self._width = self.app.size.width
        keys = [each for each in super().compose() if isinstance(each, FooterKey)]
        shown = choose_keys([(k.action, _measure(k)) for k in keys], self._width)
        self.styles.grid_size_columns = max(1, len(shown))
        yield from (keys[index] for index in shown)

    async def on_resize(self, event: events.Resize) -> None:
        """Choose the keys again for another width."""
        if self.app.size.width != self._width:
            await self.recompose()


def choose_keys(keys: Sequence[tuple[str, int]], width: int) -> list[int]:
    """Return the indexes of the keys to show.

    Args:
        keys: the action and the cells of each.
        width: the cells of the line.

    Example:
        >>> choose_keys([("run", 6), ("sort", 6), ("zoom", 6), ("help", 7)], 20)
        [0, 1, 3]
    """
    named = [n for action in _FIRST_LEFT_OUT for n, key in enumerate(keys) if key[0] == action]
    others = [n for n in reversed(range(len(keys))) if n not in named and keys[n][0] not in _ALWAYS]
    shown = list(range(len(keys)))
    for index in (*named, *others):
        if sum(keys[n][1] for n in shown) <= width:
            break
        shown.remove(index)
    return shown


def _measure(key: FooterKey) -> int:
    """Return the cells of a key, its description, and the space after it."""
    return cell_len(key.key_display) + cell_len(key.description) + 2
