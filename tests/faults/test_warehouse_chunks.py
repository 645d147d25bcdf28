"""What may happen to the pieces of a result on their way, with both engines that read one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import IntegrityError, LocalResourceError, TemporaryError, TransferError
from core.events import Retrying
from tests.faults.cases import Case, Ground, Table, by
from tests.support.services.buckets import Action, hang, reset
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    CHUNK,
    READ,
    RESULT,
    body,
    cut,
    doubled,
    first_rows,
    flipped,
    half,
    http,
    refuse,
    repeated,
    rows,
    short_stream,
    stall,
    tell,
    wider,
    without_column,
    without_last,
)

# A group a row, so that the result of both engines comes in three pieces.
CHUNKED = Table(
    "CREATE TABLE {name} AS SELECT '2024-01-05'::DATE AS D, LPAD(SEQ4()::VARCHAR, 5, '0') AS K, "
    "(SEQ4() + 0.25)::NUMBER(12,2) AS N FROM TABLE(GENERATOR(ROWCOUNT => 21500))",
    b"D,K,N\r\n" + b"".join(b"2024-01-01,%05d,%d.25\r\n" % (n, n) for n in range(21_500)),
)


def chunk(name: str, action: Action, times: int = 1, **how: Any) -> Case:
    """A fault of the chunks that hold the rows of the table."""
    return case(f"chunk {name}", lambda g: g.warehouse.on(CHUNK + READ, action, times), **how)


def declared(name: str, change: Callable[[dict[str, Any]], object], **how: Any) -> Case:
    """A lie in the list of chunks, at every look."""
    # Of the statements with such a list: that of a sample has none.
    action = tell(lambda told: change(told) if told.get("chunks") else None)
    return case(name, lambda g: g.warehouse.on(RESULT + READ, action, ALWAYS), **how)


def case(
    name: str,
    arm: Callable[[Ground], None],
    error: type[TransferError] | None = None,
    words: str = "",
    **more: Any,
) -> Case:
    return Case(name, "warehouse", arm, error, words, table=CHUNKED, **more)


def refused_twice(ground: Ground) -> None:
    """The URLs have expired, and the result itself is gone when it is asked for again."""
    ground.warehouse.on(CHUNK + READ, http(403), ALWAYS)
    ground.warehouse.on(RESULT + READ, refuse(709, "02000"), ALWAYS, skip=1)


def listed_twice(told: dict[str, Any]) -> None:
    told["chunks"][1] = {**told["chunks"][1], "url": told["chunks"][0]["url"]}


def lost(told: dict[str, Any]) -> None:
    told["chunks"].pop()


def nowhere(told: dict[str, Any]) -> None:
    told["chunks"][0]["url"] = "http://[nowhere/secret-message"


def longer(told: dict[str, Any]) -> None:
    told["chunks"][0]["rowCount"] += 1
    told["total"] += 1


def asked_again(ground: Ground) -> None:
    """Every further request for a chunk is told of: none is made unheard."""
    told = [each for each in ground.events if isinstance(each, Retrying)]
    assert told
    refused = {each.what for each in told}
    assert ground.warehouse.seen(CHUNK + READ) <= len(told) + len(refused)


def waited(ground: Ground) -> None:
    """As long as the store of chunks has asked for."""
    (told,) = (each for each in ground.events if isinstance(each, Retrying))
    assert (told.why, told.pause >= 1) == ("429 Too Many Requests", True)


def endless(told: dict[str, Any]) -> None:
    """As of a terabyte: more addresses than a small limit of memory has room for."""
    first = told["chunks"][0]
    told["chunks"] = [{**first, "url": f"{first['url']}?{n:01000}"} for n in range(3_500)]


# Half of what the store of chunks asks to wait for.
BRIEF: dict[str, Any] = {"options": {"max_retry_time": 1}, "seconds": 30.0}
ROWS = "holds .* rows instead of"

# What the download makes good, or finds; the same for both engines.
STREAM = [
    chunk("503 twice", http(503), 2),
    chunk("429 with Retry-After", http(429, {"Retry-After": "1"}), check=waited),
    chunk("403, URL expired", http(403)),
    chunk("404", http(404)),
    chunk(
        "503 without end",
        http(503),
        ALWAYS,
        error=TemporaryError,
        words="503 Service Unavailable",
        check=asked_again,
        **BRIEF,
    ),
    chunk(
        "Retry-After past the limit",
        http(503, {"Retry-After": "60"}),
        ALWAYS,
        error=TemporaryError,
        words="503",
        **BRIEF,
    ),
    chunk("reset", reset),
    chunk("ends too soon", body(half)),
    chunk("one bit turned", body(flipped)),
    chunk("its Arrow stream ends too soon", body(short_stream)),
    chunk("short by a row once", rows(without_last)),
    chunk("with its rows twice, once", rows(repeated)),
    chunk("with its rows twice, always", rows(repeated), ALWAYS, error=IntegrityError, words=ROWS),
    declared("chunk not listed", lost, error=IntegrityError, words=ROWS),
    declared("chunk at no address", nowhere, error=TemporaryError, words="is invalid", **BRIEF),
    declared("chunk declared longer", longer, error=IntegrityError, words=ROWS),
    case(
        "first rows short by one",
        lambda g: g.warehouse.on(RESULT + READ, first_rows(without_last), ALWAYS),
        IntegrityError,
        ROWS,
    ),
]
BOTH = [
    chunk("cut in the middle", cut),
    chunk("another integer width", rows(wider), 2),
    chunk("short by a row always", rows(without_last), ALWAYS, error=IntegrityError, words=ROWS),
    chunk("without a column", rows(without_column), ALWAYS, error=IntegrityError, words="columns"),
    declared("chunk listed twice", listed_twice, error=IntegrityError, words="list of batches"),
    declared(
        "list of chunks too long",
        endless,
        error=LocalResourceError,
        words='engine="unload"',
        options={"memory_limit": "400MB"},
    ),
    case("chunk 403, then the result gone", refused_twice, TemporaryError, "no longer"),
]
PUSHDOWN = [
    # Of other rows, as many as declared, stream knows nothing: only --verify finds them.
    chunk("with other rows", rows(doubled), ALWAYS, error=IntegrityError, words="do not agree"),
]
SLOW = [
    chunk("404 without end", http(404), ALWAYS, error=TemporaryError, words="fetched", **BRIEF),
    chunk("429 without end", http(429), ALWAYS, error=TemporaryError, words="fetched", **BRIEF),
    chunk("403 without end", http(403), ALWAYS, error=TemporaryError, words="fetched", **BRIEF),
    chunk("reset without end", reset, ALWAYS, error=TemporaryError, words="fetched", **BRIEF),
    chunk("cut without end", cut, ALWAYS, error=TemporaryError, words="fetched", **BRIEF),
    chunk("stalls", stall, seconds=120.0),
    chunk("unanswered", hang, seconds=120.0),
]


CASES = [
    *(by("stream", each) for each in STREAM + BOTH),
    *(by("pushdown", each) for each in BOTH + PUSHDOWN),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_chunks(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(case)


def test_other_rows_are_found_by_the_verification(ground: Ground) -> None:
    """As many as declared, so the books of engine `stream` agree with what it has read."""
    ground.warehouse.on(CHUNK + READ, rows(doubled), ALWAYS)
    with pytest.raises(IntegrityError) as caught:
        ground.transfer(CHUNKED, engine="stream", verify=True)
    assert caught.value.outcome
    assert "Do not rely on it" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=lambda case: case.name)
def test_chunks_without_end(outcome: Callable[[Case], None], case: Case) -> None:
    outcome(by("stream", case))
