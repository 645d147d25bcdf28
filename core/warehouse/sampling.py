"""Read a part of a source, and its first rows where no part can be sampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.errors import NumericOverflowError, ObjectMissingError, SourceDataError
from core.planning.source import Source

T = TypeVar("T")


def read_some(source: Source, read: Callable[[bool], T], is_empty: Callable[[T], bool]) -> T:
    """Read a sample, or the first rows if it cannot be taken or is empty.

    A sample by blocks may find no block, and tables of some kinds refuse to be sampled.

    Args:
        source: the table or view.
        read: runs a statement; its argument says whether it reads the first rows
            (`beginning=` of `core.query`).
        is_empty: whether the result of `read` has no rows.

    Raises:
        TransferError: the statement failed without sampling too.
    """
    if source.is_view or not source.rows:
        return read(False)
    try:
        sample = read(False)
    except (ObjectMissingError, NumericOverflowError):
        raise
    except SourceDataError:
        return read(True)
    return read(True) if is_empty(sample) else sample
