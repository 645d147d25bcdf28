"""Answers that grow when they are read: each is refused by its size, in bounded memory."""

from __future__ import annotations

import gzip
import io
import threading
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from core.errors import IntegrityError
from core.query.catalog import show_databases
from core.warehouse.connect import connect, sign_out
from core.warehouse.network import gate
from core.warehouse.results.arrow_streams import BrokenStreamError, open_stream, read
from core.warehouse.results.bodies import read_body
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run as run_statement
from tests.support.deliveries import bucket_client, execute
from tests.support.services.warehouse_proxy import say_in_progress
from tests.trust.hostile.liar import Answer, Lie, lying
from tests.trust.hostile.lies import Where, arrow, asked, has, is_chunk, is_login, is_read, when
from tests.trust.hostile.runs import run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

HUGE = 320 << 20  # bytes that a bomb becomes
PEAK = 600 * 1024  # KB: of four transfers of few rows at once, and some room


def stream(table: pa.Table, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def zeros(compression: str) -> bytes:
    """Integers of value zero, `HUGE` bytes of them, in some kilobytes."""
    return stream(
        pa.table(
            {"c": pa.Array.from_buffers(pa.int64(), HUGE // 8, [None, pa.py_buffer(bytes(HUGE))])}
        ),
        compression,
    )


def bombs() -> dict[str, bytes]:
    """Arrow streams of some kilobytes that stand for far more."""
    text = pa.array(["x" * (1 << 20)])
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 4096, pa.int8()), text)
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int64()), text)
    views = pa.array(["y" * (1 << 16)], pa.string_view())
    buffers = [None, pa.py_buffer(views.buffers()[1].to_pybytes() * 65536), views.buffers()[2]]
    return {
        "zstd": zeros("zstd"),
        "lz4": zeros("lz4"),
        "dictionary": stream(pa.table({"c": repeated})),
        "runs": stream(pa.table({"c": runs})),
        "views": stream(pa.table({"c": pa.Array.from_buffers(views.type, 65536, buffers)})),
        "nulls": stream(pa.table({"c": pa.nulls(10**9)})),
        "structures": stream(
            pa.table({"c": pa.StructArray.from_buffers(pa.struct([]), 10**9, [None])})
        ),
        "nested": stream(pa.table({"c": pa.array([deep(40)])})),
    }


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return bombs()


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> Iterator[str]:
    """A table whose rows come as an inline batch and in chunks."""
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE SMALL AS SELECT "
        "DATEADD(DAY, SEQ4() % 90, '2024-01-01'::DATE) AS D, 'k' || (SEQ4() % 7) AS K, "
        "SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 22000))",
    )
    yield "SMALL"
    execute(sandbox, "DROP TABLE SMALL")


def test_streams(made: dict[str, bytes]) -> None:
    for name, data in made.items():
        assert len(data) < HUGE // 50, name
        with pytest.raises(BrokenStreamError):
            read(open_stream(data), len(data))


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"c": pa.array([], pa.int64())}),
        pa.table({"c": pa.array([None] * 1000, pa.int8())}),
        pa.table({"c": pa.array([True, None] * 5000)}),
        pa.table(
            {"c": [{"epoch": 1, "fraction": 2}], "v": pa.array([[1.0]], pa.list_(pa.float32(), 1))}
        ),
    ],
    ids=["no rows", "nulls", "truths", "structures"],
)
def test_plain_streams_are_read(table: pa.Table) -> None:
    data = stream(table)
    assert read(open_stream(data), len(data)).equals(table)


def check(sandbox: Sandbox, lies: dict[str, Lie], outcome: str) -> None:
    """See that each ends in a typed error, four at a time, and that memory stays bounded."""
    patient = dict.fromkeys(("login_timeout", "request_timeout", "retry_timeout"), 30)
    code, lines = run(sandbox, lies, "stream", patient)
    assert code == 0, lines
    ended = {line["name"]: line["outcome"] for line in lines if "outcome" in line}
    assert ended == dict.fromkeys(lies, outcome), lines
    assert lines[-1]["peak"] < PEAK


def test_chunks(sandbox: Sandbox, table: str, made: dict[str, bytes]) -> None:
    def bomb(body: bytes) -> Lie:
        def edit(answer: Answer) -> None:
            answer.body = body

        return when(is_chunk, edit)

    check(sandbox, {name: bomb(body) for name, body in made.items()}, "TemporaryError")


def test_a_chunk_that_unpacks_to_far_more_than_its_size() -> None:
    """It is refused before all of it is in memory, whatever it would be."""
    most = 4 * 1000 + (16 << 20)

    def unpack(body: bytes) -> pa.Buffer:
        return read_body([body[:2], body[2:]], 1000)

    for body in (gzip.compress(bytes(most + 1)), b"plain" + bytes(most)):
        with pytest.raises(BrokenStreamError, match="far larger than declared"):
            unpack(body)
    assert unpack(gzip.compress(bytes(most))).size == most


def test_rows_that_come_with_an_answer(
    sandbox: Sandbox, table: str, made: dict[str, bytes]
) -> None:
    def bomb(name: str, where: Where) -> Lie:
        return when(where, has(**arrow(made[name])))

    places = {"describe": asked("DESCRIBE"), "show": asked("SHOW"), "read": is_read}
    lies = {
        f"{name} {place}": bomb(name, where)
        for name in ("zstd", "nulls")
        for place, where in places.items()
    }
    check(sandbox, lies, "TemporaryError")


def packed(before: bytes, filling: bytes, after: bytes) -> bytes:
    """gzip of half of `HUGE` bytes: 160 KB, which the connector alone would make `HUGE`."""
    pack = zlib.compressobj(6, zlib.DEFLATED, 31)
    piece = filling * ((1 << 20) // len(filling))
    parts = [pack.compress(before), *(pack.compress(piece) for _ in range(HUGE >> 21))]
    return b"".join([*parts, pack.compress(after), pack.flush()])


def test_login(sandbox: Sandbox, table: str) -> None:
    def bomb(body: bytes, headers: dict[str, str]) -> Lie:
        def edit(answer: Answer) -> None:
            assert answer.json["success"]
            answer.body = body
            answer.headers |= headers

        return when(is_login, edit)

    begin, end, zipped = b'{"success": true, "data": {"x": ', b"}}", {"content-encoding": "gzip"}
    text = packed(begin + b'"', b"a", b'"' + end)
    lies = {
        "text": bomb(text, zipped),
        "list": bomb(packed(begin + b"[0", b",0", b"]" + end), zipped),
        "depth": bomb(packed(begin, b"[", b""), zipped),
        "no gzip": bomb(gzip.decompress(text), {}),
    }
    check(sandbox, lies, "IntegrityError")


def test_a_usual_login_is_far_smaller(sandbox: Sandbox) -> None:
    """What is cut off is eight times what this warehouse tells, and Snowflake was recorded to."""
    sizes: list[int] = []
    lie = when(is_login, lambda answer: sizes.append(len(answer.body)))
    try:
        run(sandbox, {"none": lie}, "stream", {})
    finally:  # it is delivered, if the table is there
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key="lies/stream/none")
    assert sizes
    assert max(sizes) * 8 < 128 * 1024


@pytest.mark.parametrize("at", ["query-request", "/monitoring/queries", "/result"])
def test_an_answer_after_the_sign_in(
    sandbox: Sandbox, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are counted as they come; what gzip makes of them, only the connector sees."""
    most = 1 << 20  # in place of 128 MB, which take long
    monkeypatch.setattr(gate, "LARGEST_ANSWER", most)

    def lie(answer: Answer) -> None:
        if "monitoring" in at and "/result" in answer.path:  # the status is asked for only then
            answer.body = say_in_progress(answer.path).encode()
        if at in answer.path:
            answer.body = answer.body.rstrip()[:-1] + b', "x": "' + b"a" * most + b'"}'

    with lying(sandbox, lie) as server:
        session = connect({**sandbox.snowflake, "port": server.server_port}, query_tag="tests")
        with pytest.raises(IntegrityError, match="exceeds the size limit"):
            read_rows(run_statement(session, show_databases(None, 10), threading.Event()))
        sign_out(session)
