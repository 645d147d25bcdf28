"""Names as people write them: dotted, quoted, in the wrong case, misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import UsageError
from core.runtime.characters import escaped, hides

_PART = re.compile(r'"(?:[^"]|"")+"|[^".]+')
_TABLE = re.compile(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern})){{0,2}}")
_UNQUOTED = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


@dataclass(frozen=True)
class TableName:
    """A table or view, fully named, each part in its stored case."""

    database: str
    schema: str
    table: str

    def __str__(self) -> str:
        return ".".join(map(write_name, (self.database, self.schema, self.table)))


def write_name(part: str) -> str:
    """`part` as one writes it in SQL: bare where that means the same, else quoted."""
    if _UNQUOTED.fullmatch(part) and part == part.upper():
        return part
    return '"' + part.replace('"', '""') + '"'


def parse_table(text: str) -> tuple[str, ...]:
    """Split `TABLE`, `SCHEMA.TABLE` or `DATABASE.SCHEMA.TABLE` into its one to three parts.

    Quoted parts stay as they are, others fold to upper case, as in Snowflake
    (docs.snowflake.com, "Identifier requirements").

    Raises:
        UsageError: the text is no such name.
    """
    wanted = text.strip()
    parts = tuple(map(_fold, _PART.findall(wanted))) if _TABLE.fullmatch(wanted) else ("",)
    if not all(parts):  # blanks between dots are no name
        raise UsageError(
            f"{text!r} is not a table name.",
            'Write TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE; quote odd parts: "my table".',
        )
    return parts


def _fold(part: str) -> str:
    """A part as Snowflake stores it."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.strip().upper()


def find_name(wanted: str, names: Sequence[str], what: str) -> str:
    """The one of `names` that `wanted` means: exactly, else in another case.

    Raises:
        UsageError: there is none, or several differ from it only in case; the nearest are named.
    """
    if wanted in names:
        return wanted
    same = [name for name in names if name.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise UsageError(
            f"{what} {wanted!r} could be any of {join_names(same)}.", "Write it in its exact case."
        )
    raise UsageError(f"There is no {what} {wanted!r}.", nearest_hint(wanted, names))


def nearest_hint(wanted: str, names: Iterable[str]) -> str:
    """A sentence that names what comes nearest to `wanted`, or what there is at all."""
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.5)
    if near:
        return f"Nearest: {join_names([folded[name] for name in near])}."
    return f"There are: {join_names(list(folded.values()))}." if folded else ""


def warn_of_hidden(names: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The warning about names that hold characters nobody can see, if there are such names.

    Args:
        names: what each one names, and the name.

    Returns:
        One sentence with the characters as escapes, or nothing.
    """
    hiding = [f"{what} {escaped(name)}" for what, name in names if hides(name)]
    if not hiding:
        return ()
    return (
        f"Names with characters that cannot be seen, or that change how text is shown: "
        f"{join_names(hiding)}. Such a name can look like another.",
    )


def join_names(names: Sequence[str], most: int = 12) -> str:
    """`A, B, C`, and how many more where the list is long."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
