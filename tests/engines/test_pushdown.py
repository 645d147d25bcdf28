"""Engine `pushdown` makes the same files as `stream`, and keeps the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.deliveries import download, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def both(box: Sandbox, table: str, **options: Any) -> list[bytes]:
    """The files of both engines."""
    return [
        download(box, transfer(box, table, engine=engine, **options))
        for engine in ("stream", "pushdown")
    ]


@pytest.mark.parametrize("kind", ["parquet", "json", "ndjson", "csv"])
def test_locations_in_every_format(sandbox: Sandbox, kind: str) -> None:
    streamed, pushed = both(sandbox, "LOCATIONS_595", date_column="DOB", format=kind)
    assert streamed == pushed


def test_orders(sandbox: Sandbox) -> None:
    streamed, pushed = both(sandbox, "ORDERS_100K")
    assert streamed == pushed


def test_every_type_and_hard_names(sandbox: Sandbox) -> None:
    streamed, pushed = both(sandbox, '"Mixed Case"')
    assert streamed == pushed
