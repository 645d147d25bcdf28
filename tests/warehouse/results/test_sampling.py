"""A sample, or the first rows: which is read, and which failures end it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import (
    NumericOverflowError,
    ObjectMissingError,
    SourceDataError,
    TemporaryError,
    TransferError,
)
from core.planning.source import Source
from core.warehouse.sampling import read_some
from tests.support.sources import ORDERS, source

TABLE = source(ORDERS, rows=1_000_000)
VIEW = replace(TABLE, is_view=True)
SAMPLE, BEGINNING = False, True


def read(of: Source, answers: list[list[int] | TransferError]) -> tuple[list[int], list[bool]]:
    """What is read, and how each statement read."""
    asked: list[bool] = []

    def answer(beginning: bool) -> list[int]:
        asked.append(beginning)
        found = answers.pop(0)
        if isinstance(found, TransferError):
            raise found
        return found

    return read_some(of, answer, lambda rows: not rows), asked


def test_a_sample_is_enough() -> None:
    assert read(TABLE, [[1]]) == ([1], [SAMPLE])


def test_an_empty_sample_says_nothing_of_the_table() -> None:
    assert read(TABLE, [[], [1]]) == ([1], [SAMPLE, BEGINNING])


def test_what_cannot_be_sampled_is_read_from_its_beginning() -> None:
    assert read(TABLE, [SourceDataError("No."), [1]]) == ([1], [SAMPLE, BEGINNING])


@pytest.mark.parametrize("of", [VIEW, replace(TABLE, rows=0), replace(TABLE, rows=None)])
def test_where_no_sample_is_taken_none_is_repeated(of: Source) -> None:
    assert read(of, [[]]) == ([], [SAMPLE])
    with pytest.raises(SourceDataError):
        read(of, [SourceDataError("No.")])


@pytest.mark.parametrize(
    "error", [ObjectMissingError("No."), NumericOverflowError("No."), TemporaryError("No.")]
)
def test_what_another_read_would_not_mend_is_raised(error: TransferError) -> None:
    with pytest.raises(type(error)):
        read(TABLE, [error, [1]])
