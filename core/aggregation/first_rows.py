"""The first rows of a delivery as text, to be shown.

They are kept while the file is written, because the bucket may allow writing but not reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

ROWS: Final = 50
_CHARACTERS: Final = 200


@dataclass(frozen=True)
class FirstRows:
    """The first rows of a file.

    Attributes:
        columns: the names of the columns, in the order of the file.
        rows: up to 50 rows; values as text, truncated to 200 characters, and None for NULL.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()


def take_first_rows(frame: pl.DataFrame) -> FirstRows:
    """Return the first rows of `frame`."""
    columns = [_to_texts(column) for column in frame.head(ROWS)]
    return FirstRows(tuple(frame.columns), tuple(zip(*columns, strict=True)))


def _to_texts(column: pl.Series) -> list[str | None]:
    if column.dtype == pl.Binary:
        column = column.bin.encode("hex").str.to_uppercase()
    if column.dtype == pl.Time:
        column = column.dt.to_string("iso")  # a cast leaves out the fraction
    # Polars formats the values, because Python's dates and times have a smaller range.
    return column.cast(pl.String).str.head(_CHARACTERS).to_list()
