"""What an app does with keys before a widget gets them: their order, and alt with a digit."""

from __future__ import annotations

from collections import deque
from typing import Final, cast

from textual import _ansi_sequences, events, on
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

_ROUNDS: Final = 4  # a key may choose a row, which picks a table, which moves the focus
PATIENCE: Final = 0.5  # seconds; a widget that is removed never answers
_MOST_WAITS: Final = 20  # for a widget that is there, but slow, as on a busy machine
_PART_KEYS: Final = "12345"


class KeyHandled(Message, verbose=True):
    """Follows a key through the queues of the same widgets, and so arrives after it.

    Args:
        number: the number of the key.
        rounds: how often it is to be sent again, after what the key had other widgets do.
    """

    def __init__(self, number: int, rounds: int) -> None:
        super().__init__()
        self.number, self.rounds = number, rounds


class OrderedKeys(App[None]):
    """An app in which a key is given to a widget once the key before it has had its effect.

    Textual sends each key to the widget that has the focus when the key is read. A key that moves
    the focus does so later, so the next keys of a burst would go to the widget that had it before:
    of `/id`, the last two would be commands rather than the text of the filter.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys_waiting: deque[events.Key | events.Paste] = deque()
        self._key_number = 0
        self._key_is_under_way = False
        self._key_timer: Timer | None = None
        self._key_target: MessagePump = self
        self._key_waits = 0

    async def on_event(self, event: events.Event) -> None:
        """Hold back a key while the one before it is being handled."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_is_under_way:
            self._keys_waiting.append(event)
            if self._key_timer is None:
                self._key_timer = self.set_timer(PATIENCE, self._give_up)
        else:
            await self._give(event)

    async def _give(self, event: events.Key | events.Paste) -> None:
        self._key_number += 1
        self._key_is_under_way = True
        self._key_target = target = self.focused or self.screen
        await super().on_event(event)
        self._key_is_under_way = target.post_message(KeyHandled(self._key_number, _ROUNDS))

    @on(KeyHandled)
    async def _follow_key(self, message: KeyHandled) -> None:
        """Give the next key once the effects of the last one have spread."""
        if message.number != self._key_number:
            return
        self._key_target = target = self.focused or self.screen
        if message.rounds and target.post_message(KeyHandled(message.number, message.rounds - 1)):
            return
        await self._next_key()

    async def _give_up(self) -> None:
        """Give the next key, unless the widget that has the last one is only slow."""
        self._key_timer = None
        self._key_waits += 1
        if self._key_target.is_running and self._key_waits < _MOST_WAITS:
            self._key_timer = self.set_timer(PATIENCE, self._give_up)
            return
        await self._next_key()

    async def _next_key(self) -> None:
        if self._key_timer is not None:
            self._key_timer.stop()
            self._key_timer = None
        self._key_is_under_way = False
        self._key_waits = 0
        if self._keys_waiting:
            await self._give(self._keys_waiting.popleft())
            if self._keys_waiting:
                self._key_timer = self.set_timer(PATIENCE, self._give_up)


def read_alt_digits() -> None:
    """Have Textual read ESC and a digit as alt and that digit.

    It reads `ESC 1` as the character that macOS types with option and 1. A terminal that sends ESC
    for option or alt means the key, and one that means the character sends the character.
    """
    sequences = cast("dict[str, object]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for digit in _PART_KEYS:
        sequences.pop(f"\x1b{digit}", None)
