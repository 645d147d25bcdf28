"""Finding numeric columns whose sum means nothing, by their names: rates, averages, coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from core.planning.identifiers import split_name

if TYPE_CHECKING:
    from core.planning.source import SourceColumn

# A mean of something is not additive, whatever it is a mean of.
_MEANS: Final = frozenset({"AVG", "AVERAGE", "MEAN", "MEDIAN", "STDDEV"})
_MEASURES: Final = frozenset({
    "LAT", "LATITUDE", "LON", "LNG", "LONGITUDE", "RATE", "RATES", "RATIO", "RATIOS", "PCT",
    "PERCENT", "PERCENTAGE", "TEMP", "TEMPERATURE", "AGE", "SCORE", "SCORES", "RATING", "RATINGS",
})  # fmt: skip
# What a name counts or adds up, if it ends so: SCORE_COUNT, RATE_PLAN_COST.
_AMOUNTS: Final = frozenset({
    "COUNT", "COUNTS", "CNT", "QTY", "QUANTITY", "SUM", "TOTAL", "AMOUNT", "AMT", "COST", "COSTS",
    "SALES", "REVENUE", "FEE", "FEES",
})  # fmt: skip


def find_not_additive(columns: Sequence[SourceColumn]) -> Mapping[str, str]:
    """Return the numeric columns whose names say that their sum means nothing.

    Whole words count, so that AGENTS and STORAGE are additive.

    Args:
        columns: the table's columns.

    Returns:
        The reason, in a few words, by column name.
    """
    found = {c.name: _explain(split_name(c.name)) for c in columns if c.type.numeric}
    return {name: why for name, why in found.items() if why}


def _explain(words: Sequence[str]) -> str:
    mean = next((word for word in words if word in _MEANS), "")
    if mean:
        return f"name has {mean}"
    if "PER" in words[1:-1]:  # PRICE_PER_UNIT
        return "name has PER"
    if ("UNIT", "PRICE") in pairwise(words):
        return "name has UNIT PRICE"
    if words and words[-1] in _AMOUNTS:
        return ""
    return next((f"name has {word}" for word in words if word in _MEASURES), "")
