"""Parsing, finding and listing names of tables and columns, as users write them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import UsageError
from core.remedy import Advice, Remedy
from core.runtime.characters import escape_hidden, has_hidden

_PART = re.compile(r'"(?:[^"]|"")+"|[^".]+')
_TABLE = re.compile(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern})){{0,2}}")
_UNQUOTED = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


@dataclass(frozen=True)
class TableName:
    """The full name of a table or view, each part as Snowflake stores it."""

    database: str
    schema: str
    table: str

    def __str__(self) -> str:
        return ".".join(map(write_name, (self.database, self.schema, self.table)))


def write_name(part: str) -> str:
    """Return a part of a name as it is written in SQL: quoted only if it must be.

    Example:
        >>> write_name("ORDERS"), write_name("my table")
        ('ORDERS', '"my table"')
    """
    if _UNQUOTED.fullmatch(part) and part == part.upper():
        return part
    return '"' + part.replace('"', '""') + '"'


def parse_table(text: str) -> tuple[str, ...]:
    """Split `TABLE`, `SCHEMA.TABLE` or `DATABASE.SCHEMA.TABLE` into its one to three parts.

    Quoted parts keep their case, others become upper case, as in Snowflake (docs.snowflake.com,
    "Identifier requirements").

    Raises:
        UsageError: the text is not a table name.

    Example:
        >>> parse_table('sales."my table"')
        ('SALES', 'my table')
    """
    wanted = text.strip()
    parts = tuple(map(_fold, _PART.findall(wanted))) if _TABLE.fullmatch(wanted) else ("",)
    if not all(parts):  # only blanks between two dots
        raise UsageError(
            f"{text!r} is not a table name.",
            "Write TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE. Quote a part that holds blanks, "
            'dots or lower-case letters: "my table".',
        )
    return parts


def _fold(part: str) -> str:
    """Return a part as Snowflake stores it: without quotes, or in upper case."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.strip().upper()


def find_name(wanted: str, names: Sequence[str], what: str) -> str:
    """Return the one of `names` that equals `wanted`, or else the one that differs only in case.

    Args:
        wanted: the name to find.
        names: the existing names.
        what: the kind of the names, for the error, such as `column`.

    Raises:
        UsageError: there is no such name, or several differ only in case. The hint lists similar
            names.
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
    """Return a sentence that lists the names most similar to `wanted`, or all if none is."""
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.5)
    if near:
        return f"Nearest: {join_names([folded[name] for name in near])}."
    return f"There are: {join_names(list(folded.values()))}." if folded else ""


def check_delivered_names(names: Iterable[tuple[str, str]]) -> None:
    """Check that no two columns of a delivery have the same name.

    Args:
        names: pairs of the name in the table and the name in the delivery.

    Raises:
        UsageError: two have.
    """
    found: dict[str, str] = {}
    for source, delivered in names:
        if delivered in found:
            raise UsageError(
                f"Columns {found[delivered]} and {source} would both be called {delivered}.",
                Advice("Give one of them another name: ", Remedy("rename"), "."),
            )
        found[delivered] = source


def warn_of_hidden(names: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the warning about names with invisible characters, if there are any.

    Args:
        names: pairs of the kind of a name, such as `column`, and the name.

    Returns:
        One warning, with the characters escaped; empty if no name has such characters.
    """
    hiding = [f"{what} {escape_hidden(name)}" for what, name in names if has_hidden(name)]
    if not hiding:
        return ()
    return (
        f"Names with characters that cannot be seen, or that change how text is shown: "
        f"{join_names(hiding)}. Such a name can look like another.",
    )


def join_names(names: Sequence[str], most: int = 12) -> str:
    """Return `A, B, C`; of a list longer than `most`, the first ones and the number of others.

    Example:
        >>> join_names(["A", "B", "C"], most=2)
        'A, B and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
