"""The further options of a delivery in words: its files, what is beside them, its conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.facade import join_names
from tui.format.figures import count

if TYPE_CHECKING:
    from core import Request


def describe_further(request: Request) -> str:
    """Return the further options of a request that are set, in words; empty if none is."""
    return "; ".join((*_list_files(request), *_list_conditions(request)))


def _list_files(request: Request) -> Iterator[str]:
    if request.split_by:
        yield "a file for each month"
    if request.restate_months is not None:
        yield f"again those of the last {count(request.restate_months, 'month')} that have changed"
    if request.encrypt_to:
        yield f"encrypted to {join_names(request.encrypt_to)}"
    if request.manifest:
        yield "a manifest"
    if request.success_file:
        yield "_SUCCESS at the end"


def _list_conditions(request: Request) -> Iterator[str]:
    if request.min_rows is not None:
        yield f"only from {count(request.min_rows, 'row')} on"
    if request.max_rows is not None:
        yield f"only up to {count(request.max_rows, 'row')}"
    if request.max_change is not None:
        yield f"only within {request.max_change} of the last delivery's rows"
    if request.require_months:
        yield "only if every month is there"
