"""The flags of a plan in words: advice about its columns, each with the option that acts on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from core.planning.names import join_names
from core.remedy import Advice, Remedy, join_remedies
from core.request.lists import format_names

# Spark refuses these in the names of parquet's columns (spark.apache.org, Dataset write of parquet:
# "contains invalid character(s) among ' ,;{}()\n\t='"), and Athena in those of its tables.
_REFUSED: Final = frozenset(" ,;{}()\n\t=")


def warn_of_identifiers(found: Mapping[str, str]) -> Iterator[str]:
    """Yield the warning about summed columns that look like identifiers, if there are any.

    Args:
        found: the reason by column name.
    """
    if found:
        yield Advice(
            f"Summed although they look like identifiers: {_list_reasons(found)}. Leave them out: ",
            Remedy("drop_identifiers", True),
            ".",
        )


def warn_of_not_additive(found: Mapping[str, str], dropped: Sequence[str]) -> Iterator[str]:
    """Yield the warning about summed columns whose sum means nothing, if there are any.

    Args:
        found: the reason by column name.
        dropped: the columns that the request leaves out already.
    """
    if found:
        yield Advice(
            f"Summed although the sum may mean nothing: {_list_reasons(found)}. Leave them out: ",
            Remedy("drop_columns", format_names([*dropped, *found])),
            ".",
        )


def warn_of_names(names: Sequence[str]) -> Iterator[str]:
    """Yield the warnings about names of delivered columns that a reader of the file may refuse."""
    by_case: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_case[name.casefold()].append(name)
    same = [name for group in by_case.values() if len(group) > 1 for name in group]
    if same:
        yield Advice(
            f"Columns whose names differ only by case: {join_names(same)}. Spark, Athena and "
            "Redshift take them for one column. Give them other names: ",
            Remedy("rename"),
            ".",
        )
    refused = [name for name in names if not _REFUSED.isdisjoint(name)]
    if refused:
        shown = ", ".join(map(repr, refused[:12])) + (" and more" if len(refused) > 12 else "")
        yield Advice(
            f"Columns whose names have characters that Spark and Athena refuse: {shown}. Give them "
            "other names: ",
            Remedy("rename"),
            ".",
        )


def warn_of_nothing(names: Sequence[str]) -> Iterator[str]:
    """Yield the warning about a delivery whose only column is the month, if it is so.

    Args:
        names: the delivered columns.
    """
    if len(names) == 1:
        yield Advice(
            f"The file holds the months of {names[0]} and nothing else: every other column is "
            "left out. Choose columns to sum or to keep: ",
            join_remedies([Remedy("sum_columns"), Remedy("key_columns")]),
            ".",
        )


def _list_reasons(found: Mapping[str, str]) -> str:
    return join_names([f"{name} ({why})" for name, why in found.items()])
