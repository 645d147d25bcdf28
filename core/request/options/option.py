"""What an option consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        help: what the option does, in whole sentences.
        type: the type of its value in the library.
        default: the value if none is given; ignored if `required`.
        required: whether a value must be given.
        absent: what applies if the default is None, in a few words, with values in backticks.
        placeholder: the name of its value in lists of options; empty for flags, and for options
            with `choices`.
        examples: valid values, as text.
        library: what else the library accepts, in whole sentences.
    """

    help: str
    type: Any
    default: object = None
    required: bool = False
    absent: str = ""
    placeholder: str = ""
    examples: tuple[str, ...] = ()
    library: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that the option can have; empty if they are not a fixed list."""
        alternatives = (self.type, *get_args(self.type))  # of `Literal[...]`, `Literal[...] | None`
        found = next((each for each in alternatives if get_origin(each) is Literal), None)
        return get_args(found)

    @property
    def is_flag(self) -> bool:
        """Whether the value is true or false."""
        return self.type is bool

    @property
    def is_written(self) -> bool:
        """Whether the value can be written as text; if not, only the library has the option."""
        return bool(self.is_flag or self.choices or {str, int} & {self.type, *get_args(self.type)})

    @property
    def default_text(self) -> str:
        """The default in a few words; empty for required options, flags and empty lists."""
        if self.required or self.default in (False, ()):
            return ""
        return self.absent if self.default is None else str(self.default)
