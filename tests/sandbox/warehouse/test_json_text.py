"""JSON text as it is held and as results have it."""

from __future__ import annotations

import pytest

from core.sandbox.warehouse.json_text import UNDEFINED, compact, pretty
from tests.support.recordings import ARROW, read_arrow

HELD = [
    "1",
    '"a\\"b: {["',
    "[]",
    "{}",
    "[[],[{}],{}]",
    f"[1.10,{UNDEFINED},null,true]",
    '{"a":{"b":[1e400]},"c":"x y"}',
]


@pytest.mark.parametrize("held", HELD)
def test_what_is_printed_is_read_back(held: str) -> None:
    assert compact(pretty(held)) == held


if ARROW:
    import pyarrow as pa

    @pytest.mark.parametrize("name", ["SF_ARRAY", "SF_OBJECT", "SF_VARIANT_JSON"])
    def test_it_is_printed_as_recorded(name: str) -> None:
        (path,) = [each for each in ARROW if each.stem == name]
        texts = pa.ipc.open_stream(read_arrow(path)).read_all()[name].drop_null().to_pylist()
        assert texts
        assert [pretty(compact(each)) for each in texts] == texts
