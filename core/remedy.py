"""Remedies for failures and warnings, as data: an option and the value that it should have.

Core does not know how the user sets an option: on the command line, in a field of the app, or as a
keyword of the library. So a text that names an option contains a `Remedy` in its place, which each
front end replaces by its own spelling (`spell_out`). `Advice` is a `str`: without a front end it
names options as keywords of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

_OPTION: Final = "option"  # the key of a remedy's option in `as_data`


@dataclass(frozen=True)
class Remedy:
    """An option to set or to change.

    Attributes:
        option: a field of `core.Request`.
        value: the value to set, as the user would type it; True for an option without a value;
            None if the user chooses the value.
    """

    option: str
    value: str | bool | None = None

    def __str__(self) -> str:
        """Return the remedy as a keyword argument of `transfer_data`."""
        if self.value is None:
            return self.option
        shown = f'"{self.value}"' if isinstance(self.value, str) else self.value
        return f"{self.option}={shown}"


Spell = Callable[[Remedy], str]


class Advice(str):
    """A text that contains remedies; as a `str` it names them as keywords of the library.

    Operations of `str` return plain strings. To keep the remedies, concatenate texts with
    `Advice(first, second)` or `join_texts`.

    Args:
        pieces: text, remedies and other advice, in order.

    Attributes:
        pieces: the parts of the text and the remedies, in order.

    Example:
        >>> text = Advice("Allow it: ", Remedy("if_exists", "overwrite"), ".")
        >>> spell_out(text, lambda remedy: f"choose {remedy.value}")
        'Allow it: choose overwrite.'
    """

    __slots__ = ("pieces",)

    pieces: tuple[str | Remedy, ...]

    def __new__(cls, *pieces: str | Remedy) -> Self:
        flat: list[str | Remedy] = []
        for piece in pieces:
            flat += piece.pieces if isinstance(piece, Advice) else [piece]
        text = super().__new__(cls, "".join(map(str, flat)))
        text.pieces = tuple(flat)
        return text

    def __getnewargs__(self) -> tuple[str | Remedy, ...]:  # type: ignore[override]  # for copies
        return self.pieces


def spell_out(text: str, spell: Spell) -> str:
    """Return `text` with each remedy replaced by `spell(remedy)`; a plain string is unchanged."""
    if not isinstance(text, Advice):
        return text
    return "".join(spell(piece) if isinstance(piece, Remedy) else piece for piece in text.pieces)


def remedies(*texts: str) -> tuple[Remedy, ...]:
    """Return the remedies in `texts`, in their order."""
    pieces = (piece for text in texts if isinstance(text, Advice) for piece in text.pieces)
    return tuple(piece for piece in pieces if isinstance(piece, Remedy))


def join_remedies(options: Iterable[Remedy], joint: str = "or") -> Advice:
    """Join one or more remedies, as in `A, B or C`."""
    *others, last = options
    pieces: list[str | Remedy] = []
    for n, each in enumerate(others):
        pieces += [", ", each] if n else [each]
    return Advice(*pieces, f" {joint} ", last) if pieces else Advice(last)


def join_texts(texts: Iterable[str], separator: str = " ") -> Advice:
    """Join the texts that are not empty, and keep their remedies."""
    pieces: list[str] = []
    for text in filter(None, texts):
        pieces += [separator, text] if pieces else [text]
    return Advice(*pieces)


def as_data(text: str) -> str | list[str | dict[str, Any]]:
    """Convert `text` for JSON: to a string, or to a list of pieces with remedies as objects."""
    if not remedies(text):
        return str(text)
    assert isinstance(text, Advice)  # noqa: S101 - for the type checker
    return [
        {_OPTION: piece.option, "value": piece.value} if isinstance(piece, Remedy) else piece
        for piece in text.pieces
    ]


def from_data(data: object) -> str:
    """Convert the result of `as_data` back to a text.

    Raises:
        KeyError, TypeError: `data` does not have that form.
    """
    if isinstance(data, str):
        return data
    if not isinstance(data, list):
        raise TypeError("neither a text nor a list of pieces")
    return Advice(*map(_parse_piece, data))


def _parse_piece(data: object) -> str | Remedy:
    if isinstance(data, Mapping):
        option, value = data[_OPTION], data.get("value")
        if isinstance(option, str) and isinstance(value, str | bool | None):
            return Remedy(option, value)
    elif isinstance(data, str):
        return data
    raise TypeError("not a piece of a text")
