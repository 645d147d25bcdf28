"""Bodies of batches: compressed or not, damaged, and larger than declared."""

from __future__ import annotations

import gzip
import zlib

import pytest

from core.warehouse.results.arrow_streams import BrokenStreamError
from core.warehouse.results.bodies import read_body

CONTENT = bytes(range(256)) * 5000
PACKED = gzip.compress(CONTENT)


def pieces(body: bytes, size: int = 1000) -> list[bytes]:
    return [body[n : n + size] for n in range(0, len(body), size)]


@pytest.mark.parametrize("body", [CONTENT, PACKED, gzip.compress(CONTENT, 0)])
@pytest.mark.parametrize("declared", [0, 1, len(CONTENT), 9 * len(CONTENT)])
def test_a_body_is_read_whatever_its_declared_size(body: bytes, declared: int) -> None:
    assert read_body(pieces(body), declared).to_pybytes() == CONTENT


def test_a_body_without_bytes_is_empty() -> None:
    assert read_body([], 10).size == 0


def other_size(stated: int) -> bytes:
    return PACKED[:-4] + stated.to_bytes(4, "little")


@pytest.mark.parametrize(
    "body",
    [
        PACKED[:1000],
        PACKED[:2],
        PACKED[:-1],
        PACKED[:-8] + bytes(4) + PACKED[-4:],
        other_size(len(CONTENT) - 1),
        other_size(len(CONTENT) + 1),
        other_size(0),
        PACKED[:500] + bytes(8) + PACKED[508:],
        b"\x1f\x8b" + zlib.compress(CONTENT),
    ],
)
def test_a_damaged_body_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenStreamError):
        read_body(pieces(body), len(CONTENT))


def test_a_stated_size_is_refused_before_memory_is_allocated() -> None:
    with pytest.raises(BrokenStreamError, match="far larger than declared"):
        read_body(pieces(other_size(2**32 - 1)), len(CONTENT))
