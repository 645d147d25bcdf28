"""Arrow streams recorded from the real Snowflake are decoded as they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from core.runtime.cancel import NEVER
from core.warehouse.connect import connect
from core.warehouse.results.arrow_streams import open_stream
from core.warehouse.results.chunks import Fetch
from tests.support.recordings import ARROW, read_arrow

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

TYPES = {
    "REAL": pa.types.is_floating,
    "BOOLEAN": pa.types.is_boolean,
    "DATE": pa.types.is_date32,
    "TIME": pa.types.is_time,
    "BINARY": pa.types.is_binary,
    **dict.fromkeys(("TEXT", "VARIANT", "OBJECT", "ARRAY"), pa.types.is_string),
    **dict.fromkeys(("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"), pa.types.is_timestamp),
}


def is_number(kind: pa.DataType, scale: int) -> bool:
    return pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == scale)


if ARROW:

    @pytest.fixture(scope="module")
    def fetch(sandbox: Sandbox) -> Iterator[Fetch]:
        with closing(connect(sandbox.snowflake, query_tag="a test")) as session:
            yield Fetch(session, 30.0, NEVER)

    @pytest.mark.parametrize("path", ARROW, ids=lambda path: path.name)
    def test_a_recorded_stream_is_decoded(fetch: Fetch, path: Path) -> None:
        data = read_arrow(path)
        raw = pa.ipc.open_stream(data).read_all()
        made = fetch._decode(fetch._read(partial(open_stream, data), len(data)))
        assert (made.num_rows, made.column_names) == (raw.num_rows, raw.column_names)
        for column, field in zip(made.schema, raw.schema, strict=True):
            logical, scale = (field.metadata.get(key, b"0") for key in (b"logicalType", b"scale"))
            if logical == b"FIXED":
                assert is_number(column.type, int(scale)), column
            else:
                assert TYPES[logical.decode()](column.type), column
            assert made[column.name].null_count == raw[field.name].null_count

    @pytest.mark.parametrize("path", [each for each in ARROW if each.stem == "all_types"])
    def test_a_recorded_zoned_timestamp_is_its_instant(fetch: Fetch, path: Path) -> None:
        data = read_arrow(path)
        raw = pa.ipc.open_stream(data).read_all()["C22"].combine_chunks()
        made = fetch._decode(fetch._read(partial(open_stream, data), len(data)))["C22"]
        epochs = [each and each["epoch"] for each in raw.to_pylist()]
        seconds = [
            each if each is None else each // 10**9
            for each in made.cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_pylist()
        ]
        assert seconds == epochs
