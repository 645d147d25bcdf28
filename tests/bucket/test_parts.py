from __future__ import annotations

import hashlib
import threading
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bucket.parts import MAX_PARTS, Part, PartBody, StoppedError, combine_crc32, cut, digest


@given(st.binary(), st.binary())
def test_combined_crc32_is_that_of_the_whole(first: bytes, second: bytes) -> None:
    combined = combine_crc32(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


@given(st.integers(0, 60 * 2**40), st.sampled_from([5 * 2**20, 16 * 2**20]))
def test_parts_cover_the_file_and_are_few(size: int, part_size: int) -> None:
    parts = cut(size, part_size)
    assert 1 <= len(parts) <= MAX_PARTS
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert parts[0].offset == 0
    assert all(a.offset + a.size == b.offset for a, b in pairwise(parts))
    assert parts[-1].offset + parts[-1].size == size


def test_digest_of_a_range(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    path = tmp_path / "file"
    path.write_bytes(data)
    found = digest(path, Part(2, 1000, 2_000_000))
    assert found.md5 == hashlib.md5(data[1000:2_001_000]).digest()
    assert found.crc32 == zlib.crc32(data[1000:2_001_000])
    with pytest.raises(OSError, match="shorter"):
        digest(path, Part(1, 0, len(data) + 1))


def test_a_body_reads_its_part_counts_what_is_sent_and_stops(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    stopped, sent = threading.Event(), [0]
    with PartBody(path, Part(1, 2, 5), stopped, sent.append) as body:
        assert len(body) == 5
        assert body.read() == b"23456"
        assert body.read(1) == b""
        assert sent == [0], "read to be signed, not sent"
        body.seek(0)
        body.begin()
        assert body.read(3) == b"234"
        assert sent[-1] == 3
        assert body.tell() == 3
        stopped.set()
        with pytest.raises(StoppedError):
            body.read(1)
