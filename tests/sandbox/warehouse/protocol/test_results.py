"""Results over the wire: every type, chunks, widths, formats, eviction."""

from __future__ import annotations

import gzip
import math
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import snowflake.connector
from hypothesis import given
from hypothesis import strategies as st

from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.json_text import UNDEFINED
from core.sandbox.warehouse.model import Column, Failure
from core.sandbox.warehouse.protocol import wire
from core.sandbox.warehouse.protocol.results import INLINE_ROWS, ResultStore
from tests.sandbox.warehouse.protocol.scripted_engine import Server, running, table

LARGE = 10**30
ROWS = 50_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("warehouse")) as server:
        yield server


@pytest.fixture(params=["ARROW", "JSON"])
def connection(
    server: Server, request: pytest.FixtureRequest
) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """One connection a result format: both must show the same values."""
    parameters = {"PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": request.param}
    with server.connect(session_parameters=parameters) as connection:
        yield connection


def fixed(scale: int, values: list[Any]) -> tuple[Column, pa.Array]:
    return Column("V", "FIXED", 38, scale), pa.array(values, pa.decimal128(38, scale))


def instants(kind: str, scale: int, unit: str, values: list[Any]) -> tuple[Column, pa.Array]:
    return Column("V", kind, scale=scale), pa.array(values, pa.timestamp(unit))


def zoned(scale: int, values: list[tuple[datetime, int] | None]) -> tuple[Column, pa.Array]:
    rows = [value and {"instant": value[0], "offset": value[1]} for value in values]
    kind = pa.struct({"instant": pa.timestamp("us"), "offset": pa.int32()})
    return Column("V", "TIMESTAMP_TZ", scale=scale), pa.array(rows, kind)


MOMENT = datetime(2024, 2, 29, 23, 59, 58, 123456)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 250000)
EXTREMES = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]
EAST = timezone(timedelta(minutes=330))
WEST = timezone(timedelta(hours=-8))


def cut(moment: datetime, digits: int) -> datetime:
    step = 10 ** (6 - min(digits, 6))
    return moment.replace(microsecond=moment.microsecond // step * step)


CASES: dict[str, tuple[tuple[Column, pa.Array], list[Any]]] = {
    "whole": (fixed(0, [1, None, -(10**18), 10**37]), [1, None, -(10**18), 10**37]),
    "fraction": (
        fixed(2, [Decimal("0.10"), None, Decimal("-99999.99"), Decimal("12345678901234567.89")]),
        [Decimal("0.10"), None, Decimal("-99999.99"), Decimal("12345678901234567.89")],
    ),
    "integer": (
        (Column("V", "FIXED", 38, 0), pa.array([-(2**63), None, 2**63 - 1], pa.int64())),
        [-(2**63), None, 2**63 - 1],
    ),
    "nothing": (fixed(0, [None, None]), [None, None]),
    "text": (
        (Column("V", "TEXT"), pa.array(["", "a'\"\\\n", None, "żółć 🎬", " \t"])),
        ["", "a'\"\\\n", None, "żółć 🎬", " \t"],
    ),
    "boolean": ((Column("V", "BOOLEAN"), pa.array([True, None, False])), [True, None, False]),
    "date": (
        (Column("V", "DATE"), pa.array([date(1, 1, 1), None, date(9999, 12, 31)])),
        [date(1, 1, 1), None, date(9999, 12, 31)],
    ),
    "binary": (
        (Column("V", "BINARY", length=8), pa.array([b"\x00\xff", None, b""], pa.binary())),
        [b"\x00\xff", None, b""],
    ),
    "real": (
        (Column("V", "REAL"), pa.array([0.1, None, -math.inf, -0.0])),
        [0.1, None, -math.inf, -0.0],
    ),
    "json": (
        (
            Column("V", "VARIANT"),
            pa.array(['{"a":[1,null],"b":[],"c":{}}', None, '"x, y"', f"[12,{UNDEFINED}]"]),
        ),
        [
            '{\n  "a": [\n    1,\n    null\n  ],\n  "b": [],\n  "c": {}\n}',
            None,
            '"x, y"',
            "[\n  12,\n  undefined\n]",
        ],
    ),
    **{
        f"time{scale}": (
            (
                Column("V", "TIME", scale=scale),
                pa.array([time(23, 59, 58, 123456), None, time(0)], pa.time64("ns")),
            ),
            [cut(MOMENT, scale).time(), None, time(0)],
        )
        for scale in range(10)
    },
    **{
        f"ntz{scale}{unit}": (
            instants("TIMESTAMP_NTZ", scale, unit, [MOMENT, None, BEFORE_1970]),
            [cut(MOMENT, scale), None, cut(BEFORE_1970, scale)],
        )
        for scale in range(10)
        for unit in ("us", "ns")
    },
    "ntz_extremes": (instants("TIMESTAMP_NTZ", 9, "us", EXTREMES), EXTREMES),
    "ntz_extremes7": (instants("TIMESTAMP_NTZ", 7, "us", EXTREMES), EXTREMES),
    **{
        f"ltz{scale}": (
            instants("TIMESTAMP_LTZ", scale, "us", [MOMENT, None]),
            [cut(MOMENT, scale).replace(tzinfo=UTC), None],
        )
        for scale in range(10)
    },
    **{
        f"tz{scale}": (
            zoned(scale, [(MOMENT, 330), None, (BEFORE_1970, -480)]),
            [
                cut(MOMENT, scale).replace(tzinfo=UTC).astimezone(EAST),
                None,
                cut(BEFORE_1970, scale).replace(tzinfo=UTC).astimezone(WEST),
            ],
        )
        for scale in range(10)
    },
}


@pytest.mark.parametrize("name", CASES)
def test_every_type_arrives_as_it_is(
    server: Server, connection: snowflake.connector.SnowflakeConnection, name: str
) -> None:
    (column, values), expected = CASES[name]
    server.script.says(name, lambda: table([column], [values]))
    cursor = connection.cursor().execute(name)
    found = [row[0] for row in cursor.fetchall()]
    assert found == expected
    for ours, theirs in zip(found, expected, strict=True):
        if isinstance(theirs, datetime) and theirs.tzinfo:
            assert ours.utcoffset() == theirs.utcoffset()
        if isinstance(theirs, float):
            assert math.copysign(1, ours) == math.copysign(1, theirs)


def test_nan_arrives(server: Server, connection: snowflake.connector.SnowflakeConnection) -> None:
    server.script.says(
        "NAN", lambda: table([Column("V", "REAL")], [pa.array([math.nan], from_pandas=False)])
    )
    ((value,),) = connection.cursor().execute("NAN").fetchall()
    assert math.isnan(value)


def test_the_description_tells_type_precision_scale_length(
    server: Server, connection: snowflake.connector.SnowflakeConnection
) -> None:
    columns = [
        Column("Mixed Case", "FIXED", 12, 2),
        Column("T", "TEXT", length=20, nullable=False),
        Column("TS", "TIMESTAMP_NTZ", scale=3),
    ]
    kinds = [pa.decimal128(38, 2), pa.string(), pa.timestamp("us")]
    batch = [pa.array([], kind) for kind in kinds]
    server.script.says("TYPES", lambda: table(columns, batch))
    number, words, stamp = connection.cursor().execute("TYPES").description
    assert (number.name, number.precision, number.scale) == ("Mixed Case", 12, 2)
    assert (words.internal_size, words.is_nullable) == (20, False)
    assert stamp.scale == 3


def test_an_empty_result_has_columns_and_no_rows(
    server: Server, connection: snowflake.connector.SnowflakeConnection
) -> None:
    server.script.says("EMPTY", lambda: Answer((Column("V", "TEXT"),), iter(())))
    cursor = connection.cursor().execute("EMPTY")
    assert (cursor.fetchall(), cursor.rowcount) == ([], 0)
    assert [column.name for column in cursor.description] == ["V"]


def test_show_is_answered_in_json(server: Server) -> None:
    column = Column("name", "TEXT")
    rows = pa.record_batch({"name": ["A", "B"]})
    server.script.says("SHOW", lambda: Answer((column,), iter([rows]), 0x4400))
    with server.connect() as connection:
        cursor = connection.cursor().execute("SHOW")
        assert cursor.fetchall() == [("A",), ("B",)]
        assert cursor._query_result_format == "json"


def test_dml_counts_become_the_rowcount(server: Server) -> None:
    column = Column("number of rows inserted", "FIXED", 19, 0)
    rows = pa.record_batch({"number of rows inserted": [7]})
    server.script.says("INSERT", lambda: Answer((column,), iter([rows]), 0x3100))
    with server.connect() as connection:
        cursor = connection.cursor().execute("INSERT")
        assert cursor.rowcount == 7
        assert cursor.stats.num_rows_inserted == 7


class TestChunks:
    def numbers(self, server: Server, batches: list[pa.Array]) -> None:
        column = Column("V", "FIXED", 38, 0, narrow=True)
        server.script.says("NUMBERS", lambda: table([column], *[[batch] for batch in batches]))

    @pytest.mark.parametrize("size", [1, 7_919, ROWS])
    def test_all_rows_arrive_in_order_however_the_engine_cuts_them(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection, size: int
    ) -> None:
        rows = ROWS if size > 1 else 2_500
        values = pa.array(range(rows), pa.int64())
        self.numbers(server, [values.slice(start, size) for start in range(0, rows, size)])
        cursor = connection.cursor().execute("NUMBERS")
        batches = cursor.get_result_batches()
        tables = [batch.to_arrow() for batch in batches]
        assert [batch.rowcount for batch in batches] == [part.num_rows for part in tables]
        assert cursor.rowcount == rows
        assert pa.concat_tables(tables, promote_options="permissive")["V"].to_pylist() == list(
            range(rows)
        )

    def test_integers_are_as_narrow_as_each_chunk_allows(self, tmp_path: Path) -> None:
        chunk = INLINE_ROWS
        with running(tmp_path, chunk_rows=chunk) as server:
            heads = [1, None, 200, 70_000, 5_000_000_000, LARGE, 1]
            kind = pa.decimal128(38, 0)
            self.numbers(server, [pa.array([head] * chunk, kind) for head in heads])
            with server.connect() as connection:
                batches = connection.cursor().execute("NUMBERS").get_result_batches()
                types = [batch.to_arrow().schema.field("V").type for batch in batches]
        narrow = [pa.int8(), pa.int8(), pa.int16(), pa.int32(), pa.int64()]
        assert types == [*narrow, kind, pa.int8()]

    def test_chunk_rows_is_the_most_a_chunk_holds(self, tmp_path: Path) -> None:
        with running(tmp_path, chunk_rows=3_000) as server:
            self.numbers(server, [pa.array(range(10_000), pa.int64())])
            with server.connect() as connection:
                batches = connection.cursor().execute("NUMBERS").get_result_batches()
                assert [batch.rowcount for batch in batches] == [1_000, 3_000, 3_000, 3_000]

    def test_a_server_may_ignore_the_size_that_a_session_asks_for(self, tmp_path: Path) -> None:
        values = pa.array([f"{number:032d}" * 8 for number in range(40_000)])
        with running(tmp_path, chunk_bytes=160 << 20) as server:
            server.script.says("WIDE", lambda: table([Column("V", "TEXT")], [values]))
            with server.connect(session_parameters={"CLIENT_RESULT_CHUNK_SIZE": 1}) as connection:
                batches = connection.cursor().execute("WIDE").get_result_batches()
        assert [batch.rowcount for batch in batches if batch.rowcount] == [1_000, 39_000]

    def test_chunks_stay_within_the_size_the_session_asks_for(self, server: Server) -> None:
        values = pa.array([f"{number:032d}" * 8 for number in range(20_000)])
        server.script.says("WIDE", lambda: table([Column("V", "TEXT")], [values]))
        with server.connect(session_parameters={"CLIENT_RESULT_CHUNK_SIZE": 1}) as connection:
            batches = connection.cursor().execute("WIDE").get_result_batches()
            sizes = [batch.uncompressed_size for batch in batches if batch.uncompressed_size]
            assert len(sizes) >= 5
            assert max(sizes) <= 1 << 20
            assert sum(batch.rowcount for batch in batches) == len(values)

    def test_a_single_row_above_the_limit_still_arrives(self, server: Server) -> None:
        values = pa.array(["x" * (3 << 20)] * 3)
        server.script.says("HUGE", lambda: table([Column("V", "TEXT")], [values]))
        with server.connect(session_parameters={"CLIENT_RESULT_CHUNK_SIZE": 1}) as connection:
            batches = connection.cursor().execute("HUGE").get_result_batches()
            assert [batch.to_arrow().num_rows for batch in batches if batch.rowcount] == [1, 1, 1]

    def test_a_failure_while_reading_fails_the_statement_and_leaves_nothing(
        self, server: Server, connection: snowflake.connector.SnowflakeConnection
    ) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            yield pa.record_batch({"V": list(range(ROWS))})
            raise Failure(100035, "22000", "Numeric value is out of range")

        column = Column("V", "FIXED", 38, 0)
        server.script.says("BREAKS", lambda: Answer((column,), batches()))
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
            connection.cursor().execute("BREAKS")
        assert caught.value.errno == 100035
        assert not (server.directory / "results" / caught.value.sfqid).exists()

    def test_a_chunk_has_record_batches_of_the_recorded_size(self, server: Server) -> None:
        self.numbers(server, [pa.array(range(ROWS), pa.int64())])
        with server.connect() as connection:
            cursor = connection.cursor().execute("NUMBERS")
            batch = cursor.get_result_batches()[1]
            remote = batch._chunk.remote
        request = urllib.request.Request(remote.url, headers=dict(remote.headers))
        with urllib.request.urlopen(request) as answer:
            rows = [batch.num_rows for batch in pa.ipc.open_stream(gzip.decompress(answer.read()))]
        assert len(rows) > 1
        assert max(rows) <= 1_700
        assert sum(rows) == batch.rowcount

    def test_a_chunk_opens_with_its_key_only(self, server: Server) -> None:
        self.numbers(server, [pa.array(range(ROWS), pa.int64())])
        with server.connect() as connection:
            cursor = connection.cursor().execute("NUMBERS")
            remote = cursor.get_result_batches()[1]._chunk.remote
        address, _, parameters = remote.url.partition("?")
        assert address.endswith(f"/chunks/{cursor.sfqid}/0")
        algorithm = "x-amz-server-side-encryption-customer-algorithm=AES256"
        assert algorithm in parameters.split("&")

        def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as got:
                    return got.status, got.read()
            except urllib.error.HTTPError as error:
                return error.code, b""

        key = dict(remote.headers)
        status, body = fetch(remote.url, key)
        assert status == 200
        assert len(body) == remote.compressed_size
        assert len(gzip.decompress(body)) == remote.uncompressed_size
        assert fetch(remote.url, {})[0] == 403
        assert fetch(remote.url, dict.fromkeys(key, "wrong"))[0] == 403
        for name in key:
            assert fetch(remote.url, key | {name: "wrong"})[0] == 403
        assert fetch(address, key)[0] == 403
        assert fetch(remote.url.replace("/0?", "/99?"), key)[0] == 404
        assert fetch(remote.url.replace(cursor.sfqid, "unknown"), key)[0] == 404


class TestStore:
    def write(self, store: ResultStore, name: str, rows: int = ROWS) -> None:
        store.write(
            name,
            (Column("V", "FIXED", 38, 0),),
            iter([pa.record_batch({"V": pa.array(range(rows), pa.int64())})]),
            encode=wire.encode,
            result_format="arrow",
            max_chunk_bytes=1 << 20,
        )

    def known(self, store: ResultStore, name: str) -> bool:
        with store.reading(name) as result:
            return result is not None

    def test_the_directory_is_private_and_starts_empty(self, tmp_path: Path) -> None:
        left = tmp_path / "results" / "left"
        left.mkdir(parents=True)
        store = ResultStore(tmp_path / "results")
        assert not left.exists()
        self.write(store, "one")
        for path in (tmp_path / "results", tmp_path / "results" / "one"):
            assert path.stat().st_mode & 0o777 == 0o700

    def test_the_oldest_results_go_first_when_space_is_short(self, tmp_path: Path) -> None:
        now = [0.0]
        store = ResultStore(tmp_path / "results", max_bytes=100_000, clock=lambda: now[0])
        for name in ("old", "middle", "new"):
            self.write(store, name)
            now[0] += 1_000
        assert not self.known(store, "old")
        assert not (tmp_path / "results" / "old").exists()
        assert self.known(store, "new")

    def test_a_result_being_read_stays(self, tmp_path: Path) -> None:
        now = [0.0]
        store = ResultStore(tmp_path / "results", max_bytes=1, clock=lambda: now[0])
        self.write(store, "read")
        with store.reading("read") as result:
            now[0] += 1_000
            self.write(store, "other")
            assert result
            assert all(chunk.path.exists() for chunk in result.chunks)
        now[0] += 1_000
        store.evict()
        assert not self.known(store, "read")

    def test_results_go_at_their_age(self, tmp_path: Path) -> None:
        now = [0.0]
        store = ResultStore(tmp_path / "results", max_seconds=3_600, clock=lambda: now[0])
        self.write(store, "one", rows=1)
        now[0] += 3_599
        store.evict()
        assert self.known(store, "one")
        now[0] += 3_600
        store.evict()
        assert not self.known(store, "one")


@given(
    scale=st.integers(0, 37),
    values=st.lists(st.none() | st.integers(-(10**38) + 1, 10**38 - 1), min_size=1),
    narrow=st.integers(0, 37),
)
def test_scaled_integers_keep_every_digit_in_the_narrowest_width(
    scale: int, values: list[int | None], narrow: int
) -> None:
    units = [value and (abs(value) // 10**narrow) * (1 if value > 0 else -1) for value in values]
    decimals = [None if unit is None else Decimal(f"{unit}E-{scale}") for unit in units]
    source = pa.table({"V": pa.array(decimals, pa.decimal128(38, scale))})
    data = wire.encode([Column("V", "FIXED", 38, scale, narrow=True)], source)
    array = pa.ipc.open_stream(data).read_all()["V"]
    if pa.types.is_decimal(array.type):
        assert array.to_pylist() == decimals
        width = 128
    else:
        assert array.to_pylist() == units
        width = array.type.bit_width
    largest = max((unit if unit >= 0 else ~unit for unit in units if unit is not None), default=0)
    assert width == next(bits for bits in (8, 16, 32, 64, 128) if largest < 1 << (bits - 1))
