"""A choice of one option among a few, on one line: `◉ parquet  ○ json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Options side by side; left, right, space and a click change the choice.

    Attributes:
        value: the chosen option.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--on", "choice--off"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right,space,enter", "step(1)", "Next", show=False),
    ]

    value: reactive[str] = reactive("")

    class Changed(Message):
        """The user chose another option."""

        def __init__(self, choice: Choice, value: str) -> None:
            super().__init__()
            self.choice, self.value = choice, value

        @property
        def control(self) -> Choice:
            """The widget."""
            return self.choice

    def __init__(self, options: Sequence[str], *, id: str | None = None, **kwargs: Any) -> None:  # noqa: A002
        super().__init__(id=id, **kwargs)
        self.options = tuple(options)
        self.set_reactive(Choice.value, self.options[0])

    def render(self) -> Content:
        """Return the options; the chosen one is marked by a sign and by its colour."""
        on, off = (self.get_visual_style(f"choice--{state}") for state in ("on", "off"))
        parts = [
            Content.styled(
                f"{'◉' if each == self.value else '○'} {each}", on if each == self.value else off
            )
            for each in self.options
        ]
        return Content("  ").join(parts)

    def get_content_width(self, container: Any, viewport: Any) -> int:
        """Return the width of all options."""
        return sum(len(each) + 4 for each in self.options) - 2

    def action_step(self, step: int) -> None:
        """Choose the next option, or the previous one."""
        at = self.options.index(self.value)
        self._choose(self.options[(at + step) % len(self.options)])

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked option."""
        at, offset = 0, event.get_content_offset(self)
        for each in self.options:
            if offset and at <= offset.x < at + len(each) + 2:
                self._choose(each)
            at += len(each) + 4

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))
