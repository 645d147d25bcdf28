"""Splitting names into words, and finding numeric columns that look like identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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


def split_name(name: str) -> list[str]:
    """Return the words of a column name in upper case, without digits.

    Example:
        >>> split_name("shipDate_2")
        ['SHIP', 'DATE']
    """
    return [word.upper() for run in _WORD.findall(name) for word in _CAMEL.split(run)]


def find_identifiers(columns: Sequence[SourceColumn]) -> Mapping[str, str]:
    """Return the numeric columns whose names are those of identifiers.

    Only names count: a column of different values, such as POPULATION, can be a measure.

    Args:
        columns: the table's columns.

    Returns:
        The reason, in a few words, by column name.
    """
    found = {c.name: _explain_by_name(c.name) for c in columns if c.type.numeric}
    return {name: why for name, why in found.items() if why}


def _explain_by_name(name: str) -> str:
    words = split_name(name)
    last = words[-1] if words else ""
    if last in _LAST_WORDS:
        return f"name ends in {last}"
    if _CHANCE.fullmatch(last):
        return ""
    return next((f"name ends in {ending}" for ending in _ENDINGS if last.endswith(ending)), "")
