"""The first rows of a delivery, as text for people.

They are kept while the file is written: the bucket may let us write only.
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
        columns: their names, in the order of the file.
        rows: up to 50, their values as text, cut after 200 characters; None for NULL.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()


def take_first_rows(frame: pl.DataFrame) -> FirstRows:
    """The first rows of `frame`."""
    columns = [_texts(column) for column in frame.head(ROWS)]
    return FirstRows(tuple(frame.columns), tuple(zip(*columns, strict=True)))


def _texts(column: pl.Series) -> list[str | None]:
    if column.dtype == pl.Binary:
        column = column.bin.encode("hex").str.to_uppercase()
    if column.dtype == pl.Time:
        column = column.dt.to_string("iso")  # a cast leaves out the fraction
    # Made by polars, whose dates and times reach further than Python's.
    return column.cast(pl.String).str.head(_CHARACTERS).to_list()
