"""A warehouse that lies: every lie ends in an error of ours, soon, and nothing is delivered.

What it says of its own rows cannot be proved here: a warehouse that sends other rows in the right
form, and other totals to fit, is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.deliveries import execute, objects, transfer
from tests.trust.hostile.liar import Lie
from tests.trust.hostile.lies import (
    CHUNKS,
    HARMLESS,
    LOGIN,
    QUERY,
    RESULT,
    flipped,
    is_chunk,
    is_result,
    mutated,
)
from tests.trust.hostile.runs import SECONDS, run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

PEAK = 900 * 1024  # KB, of four transfers at once
FAILURES = {
    *("UsageError", "SignInError", "SourceDataError", "TemporaryError", "IntegrityError"),
    *("DestinationError", "LocalResourceError", "ObjectMissingError", "TransferError"),
}


@pytest.fixture(scope="module")
def small(sandbox: Sandbox) -> Iterator[str]:
    """A table whose rows come as an inline batch and in chunks of several sizes."""
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE SMALL AS SELECT "
        "DATEADD(DAY, SEQ4() % 90, '2024-01-01'::DATE) AS D, 'k' || (SEQ4() % 7) AS K, "
        "SEQ4() AS N, SEQ4() / 4 AS F FROM TABLE(GENERATOR(ROWCOUNT => 22000))",
    )
    yield "SMALL"
    execute(sandbox, "DROP TABLE SMALL")


def told(
    sandbox: Sandbox, lies: Mapping[str, Lie], engine: str, **settings: str
) -> dict[str, dict[str, Any]]:
    """How a transfer ends under each lie; none ends the process."""
    code, lines = run(sandbox, lies, engine, settings)
    assert code == 0, f"{code} after {lines[-8:]}"
    assert lines[-1]["peak"] < PEAK
    ended = {line["name"]: line for line in lines if "name" in line}
    assert ended.keys() == lies.keys()
    return ended


def check_failed(ended: Mapping[str, dict[str, Any]]) -> None:
    for name, end in ended.items():
        assert end["outcome"] in FAILURES, f"{name}: {end}"
        assert end["code"] > 0
        assert end["seconds"] < SECONDS, f"{name}: {end}"
        assert "Traceback" not in end["text"]


@pytest.mark.parametrize("engine", ["stream", pytest.param("pushdown", marks=pytest.mark.slow)])
def test_every_lie_fails(sandbox: Sandbox, small: str, engine: str) -> None:
    ended = told(sandbox, {**LOGIN, **QUERY, **RESULT, **CHUNKS, **HARMLESS}, engine)
    names = list(HARMLESS)
    if engine == "pushdown":  # its groups fit in one chunk, and are read by the names of columns
        names += ["chunks are listed once for all", "chunks have columns in another order"]
    harmless = {name: ended.pop(name) for name in names}
    check_failed(ended)
    right = transfer(sandbox, small)["row_count"]
    for name, end in harmless.items():
        assert f"'row_count': {right}" in end["outcome"], f"{name}: {end}"
    assert len(objects(sandbox, f"lies/{engine}/")) == len(harmless)


def test_a_lie_that_the_connector_fetches_fails(sandbox: Sandbox, small: str) -> None:
    """As it does where lists of revoked certificates are to be looked into."""
    name = "chunks have other types than they say"
    check_failed(told(sandbox, {name: CHUNKS[name]}, "stream", crl_check_mode="ENABLED"))


def check_noise(sandbox: Sandbox, lies: Mapping[str, Lie]) -> None:
    """Noise may hit what nobody reads; else it fails like a lie."""
    ended = told(sandbox, lies, "stream")
    check_failed({name: end for name, end in ended.items() if end["code"] != 0})


@pytest.mark.parametrize("count", [4, pytest.param(300, marks=pytest.mark.slow)])
def test_json_with_other_values(sandbox: Sandbox, small: str, count: int) -> None:
    check_noise(sandbox, {f"mutation {n}": mutated(n) for n in range(count)})


@pytest.mark.parametrize("count", [4, pytest.param(300, marks=pytest.mark.slow)])
def test_flipped_bytes(sandbox: Sandbox, small: str, count: int) -> None:
    places = (is_chunk, is_result)
    check_noise(sandbox, {f"flip {n}": flipped(n, places[n % 2]) for n in range(count)})
