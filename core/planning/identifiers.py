"""Splitting names into words, and finding numeric columns that look like identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.planning.source import SourceColumn

_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_LAST_WORDS = frozenset({
    "ID", "IDS", "KEY", "KEYS", "PK", "FK", "SK", "UID", "GUID", "UUID",
    "NO", "NR", "NUM", "NUMBER", "NBR", "CODE", "CODES",
    "ZIP", "ZIPCODE", "POSTCODE", "PLZ", "SSN", "EAN", "UPC", "ISBN", "YEAR",
})  # fmt: skip
# These can also be joined to the word before: ORDERKEY, USERID, EMPNO.
_ENDINGS = ("NUMBER", "CODE", "YEAR", "KEY", "NUM", "NBR", "ZIP", "ID", "NO")
# English words with such an ending, alone or joined to the word before (AMOUNTPAID, MAXBID).
_CHANCE = re.compile(
    r".*(PAID|VALID|GRID|FLUID|LIQUID|SOLID|ACID|HYBRID|COVID|VOID|HUMID|RAPID|MEDICAID|PYRAMID"
    r"|MONKEY|DONKEY|TURKEY|WHISKEY|HOCKEY|JOCKEY|PLATINUM|MAGNUM|ALUMINUM|TECHNO|STENO|INFERNO"
    r"|LIGHTYEAR|UNZIP|GZIP|DECODE|ENCODE)"
    # Short words only alone or after these words, because JOBID ends in BID, and MAILID in LID.
    r"|(OVER|UNDER|RE|MIN|MAX|AVG|TOTAL|HIGH|LOW|BEST|FIRST|LAST|OPEN|CLOSE)?BID|AID|KID|LID|MID"
    # CASINO, PIANO, VOLCANO, MONO; in names of numbers other letters precede NO: EMPNO, POLICYNO.
    r"|.*[AIOU]NO"
)

# Values are nearly unique if a sample of at least 100 has this share of distinct values.
_LEAST_VALUES = 100
_UNIQUE_SHARE = 0.99


def split_name(name: str) -> list[str]:
    """Return the words of a column name in upper case, without digits.

    Example:
        >>> split_name("shipDate_2")
        ['SHIP', 'DATE']
    """
    return [word.upper() for run in _WORD.findall(name) for word in _CAMEL.split(run)]


def find_identifiers(
    columns: Sequence[SourceColumn], sample: Mapping[str, Sequence[object]]
) -> Mapping[str, str]:
    """Return the numeric columns that look like identifiers.

    A column looks like an identifier if its name ends in a word for identifiers, or if its values
    are whole numbers, not negative, and nearly unique in the sample.

    Args:
        columns: the table's columns.
        sample: sampled values by column name; may lack columns.

    Returns:
        The reason, in a few words, by column name.
    """
    found: dict[str, str] = {}
    for column in columns:
        if column.type.numeric:
            why = _explain_by_name(column.name)
            if not why and column.type.kind == "FIXED" and not column.type.scale:
                why = _explain_by_values(sample.get(column.name, ()))
            if why:
                found[column.name] = why
    return found


def _explain_by_name(name: str) -> str:
    words = split_name(name)
    last = words[-1] if words else ""
    if last in _LAST_WORDS:
        return f"name ends in {last}"
    if _CHANCE.fullmatch(last):
        return ""
    return next((f"name ends in {ending}" for ending in _ENDINGS if last.endswith(ending)), "")


def _explain_by_values(values: Sequence[object]) -> str:
    numbers = [int(value) for value in values if isinstance(value, int | Decimal)]
    distinct = len(set(numbers))
    if len(numbers) < _LEAST_VALUES or distinct < _UNIQUE_SHARE * len(numbers):
        return ""
    return f"{distinct:,} distinct in {len(numbers):,} sampled rows" if min(numbers) >= 0 else ""
