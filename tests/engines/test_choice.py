"""Which engine a transfer takes, and the reason that people are told."""

from __future__ import annotations

from typing import Any

import pytest

from core.engines import EngineName
from core.engines.choice import choose, find_chunk_size
from core.planning.plan import make_plan
from tests.support.sources import ORDERS, request, source

MILLION, GIGABYTE = 10**6, 2**30


def chosen(size: dict[str, Any], **options: Any) -> tuple[EngineName, str]:
    asked = request(**options)
    choice = choose(asked, make_plan(source(ORDERS, **size), {}, asked))
    return choice.engine, choice.why


@pytest.mark.parametrize(
    ("size", "limit", "engine", "why"),
    [
        ((50 * MILLION, 5 * GIGABYTE), {}, EngineName.STREAM, "50,000,000 rows: below"),
        ((50 * MILLION + 1, 1), {}, EngineName.PUSHDOWN, "50,000,001 rows: above"),
        ((1, 5 * GIGABYTE + 1), {}, EngineName.PUSHDOWN, "5,368,709,121 bytes: above"),
        ((1, None), {}, EngineName.STREAM, "1 rows: below"),
        ((11, 1), {"stream_limit": "10"}, EngineName.PUSHDOWN, "above the 10-row streaming limit"),
        ((11, 1), {"stream_limit": "1KB"}, EngineName.STREAM, "below the 1 KB streaming limit"),
        ((1, 1025), {"stream_limit": "1KB"}, EngineName.PUSHDOWN, "1,025 bytes: above"),
        ((0, 0), {"stream_limit": "0"}, EngineName.STREAM, "0 rows: below"),
    ],
)
def test_auto_goes_by_size(
    size: tuple[int, int | None], limit: dict[str, str], engine: EngineName, why: str
) -> None:
    rows, stored = size
    got, said = chosen({"rows": rows, "bytes": stored}, **limit)
    assert got is engine
    assert why in said


def test_what_has_no_known_size_is_grouped_in_snowflake() -> None:
    assert chosen({"is_view": True}) == (EngineName.PUSHDOWN, "size unknown: view")
    assert chosen({}) == (EngineName.PUSHDOWN, "size unknown")


@pytest.mark.parametrize(
    ("engine", "megabytes"), [("auto", 16), ("stream", 16), ("pushdown", 16), ("unload", 160)]
)
def test_only_unload_has_large_chunks(engine: str, megabytes: int) -> None:
    way = {"storage_integration": "S3"} if engine == "unload" else {}
    assert find_chunk_size(request(engine=engine, **way)) == megabytes


@pytest.mark.parametrize("engine", [EngineName.STREAM, EngineName.PUSHDOWN])
def test_an_engine_that_is_asked_for_is_taken(engine: EngineName) -> None:
    assert chosen({"rows": 10**12}, engine=engine.value) == (engine, "set by you")
