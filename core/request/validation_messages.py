"""The mistakes in options, and their messages: they name the option, never its value."""

from __future__ import annotations

from collections.abc import Iterable

from core.remedy import Advice, Remedy, join_texts

Mistake = tuple[str, str]
"""The option, empty if the mistake is of several; and what is wrong, which may hold remedies."""


class InvalidOptionsError(ValueError):
    """Options that are not those of a request.

    Attributes:
        mistakes: what is wrong, each once.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        super().__init__()
        self.mistakes = list(dict.fromkeys(mistakes))

    @property
    def message(self) -> str:
        """One short sentence per mistake."""
        texts = (Advice(Remedy(name), ": ", text) if name else text for name, text in self.mistakes)
        return join_texts(texts, "; ")
