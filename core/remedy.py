"""What helps against a failure or a warning, as data: an option, and the value that it should take.

Core does not know how the user gives an option: on the command line, in a field of the app, or as
a keyword of the library. So a text that names an option holds a `Remedy` in its place, and each
front end spells it (`spelled`). Without a front end it reads in the library's words: `Advice` is a
`str`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

_OPTION: Final = "option"  # the key by which `as_data` marks a remedy


@dataclass(frozen=True)
class Remedy:
    """An option to give, or to give otherwise.

    Attributes:
        option: a field of `core.Request`.
        value: the value that helps, as it would be typed; True for an option without one; None
            where the value is the user's choice.
    """

    option: str
    value: str | bool | None = None

    def __str__(self) -> str:
        """The remedy as a keyword of `transfer_data`."""
        if self.value is None:
            return self.option
        shown = f'"{self.value}"' if isinstance(self.value, str) else self.value
        return f"{self.option}={shown}"


Spell = Callable[[Remedy], str]


class Advice(str):
    """A text that holds remedies; as a `str` it names them as keywords of the library.

    Operations of `str` return plain strings: texts are put together by `Advice(first, second)`
    or `joined`, which keep the remedies.

    Args:
        pieces: text, remedies and other advice, in order.

    Attributes:
        pieces: the text before, between and behind the remedies, and these.

    Example:
        >>> text = Advice("Allow it: ", Remedy("if_exists", "overwrite"), ".")
        >>> spelled(text, lambda remedy: f"choose {remedy.value}")
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


def spelled(text: str, spell: Spell) -> str:
    """`text` with its remedies as `spell` words them; a plain string is returned as it is."""
    if not isinstance(text, Advice):
        return text
    return "".join(spell(piece) if isinstance(piece, Remedy) else piece for piece in text.pieces)


def remedies(*texts: str) -> tuple[Remedy, ...]:
    """The remedies in `texts`, in their order."""
    pieces = (piece for text in texts if isinstance(text, Advice) for piece in text.pieces)
    return tuple(piece for piece in pieces if isinstance(piece, Remedy))


def listed_remedies(options: Iterable[Remedy], joint: str = "or") -> Advice:
    """At least one remedy, joined as in `A, B or C`."""
    *others, last = options
    pieces: list[str | Remedy] = []
    for n, each in enumerate(others):
        pieces += [", ", each] if n else [each]
    return Advice(*pieces, f" {joint} ", last) if pieces else Advice(last)


def joined(texts: Iterable[str], separator: str = " ") -> Advice:
    """The texts that are not empty, with their remedies."""
    pieces: list[str] = []
    for text in filter(None, texts):
        pieces += [separator, text] if pieces else [text]
    return Advice(*pieces)


def as_data(text: str) -> str | list[str | dict[str, Any]]:
    """`text` for JSON: a string, or the pieces of an advice, each remedy as an object."""
    if not remedies(text):
        return str(text)
    assert isinstance(text, Advice)  # noqa: S101 - for the type checker
    return [
        {_OPTION: piece.option, "value": piece.value} if isinstance(piece, Remedy) else piece
        for piece in text.pieces
    ]


def from_data(data: object) -> str:
    """The text that `as_data` made.

    Raises:
        KeyError, TypeError: it is not of that form.
    """
    if isinstance(data, str):
        return data
    if not isinstance(data, list):
        raise TypeError("neither text nor pieces of a text")
    return Advice(*map(_piece, data))


def _piece(data: object) -> str | Remedy:
    if isinstance(data, Mapping):
        option, value = data[_OPTION], data.get("value")
        if isinstance(option, str) and isinstance(value, str | bool | None):
            return Remedy(option, value)
    elif isinstance(data, str):
        return data
    raise TypeError("not a piece of a text")
