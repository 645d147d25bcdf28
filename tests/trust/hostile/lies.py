"""What a warehouse may answer that it should not: each lie by its name."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from tests.support.services.warehouse_proxy import say_in_progress
from tests.trust.hostile.liar import Answer, Lie

SSE_KEY = "x-amz-server-side-encryption-customer-key"

Edit = Callable[[dict[str, Any]], object]
Where = Callable[[Answer], bool]


def is_login(answer: Answer) -> bool:
    return "login-request" in answer.path


def is_start(answer: Answer) -> bool:
    return answer.path == "/queries/v1/query-request"


def is_status(answer: Answer) -> bool:
    return answer.path.startswith("/monitoring/queries")


def on_status(change: Callable[[Answer], object]) -> Lie:
    """Change the status, which is asked for only if a statement runs when its result is."""
    asked: set[str] = set()

    def lie(answer: Answer) -> None:
        if is_status(answer):
            change(answer)
        elif is_result(answer) and not is_start(answer) and answer.path not in asked:
            asked.add(answer.path)
            answer.body = say_in_progress(answer.path).encode()

    return lie


def is_result(answer: Answer) -> bool:
    """Any answer with rows."""
    return answer.path.startswith("/queries/") and b'"rowtype"' in answer.body


def is_read(answer: Answer) -> bool:
    """The answer with the rows of the table: the only one that comes in chunks."""
    return is_result(answer) and b'"chunks"' in answer.body


def is_chunk(answer: Answer) -> bool:
    return answer.is_chunk


def when(where: Where, change: Callable[[Answer], object]) -> Lie:
    def lie(answer: Answer) -> None:
        if where(answer):
            change(answer)

    return lie


def body(text: bytes) -> Callable[[Answer], None]:
    def change(answer: Answer) -> None:
        answer.body = text

    return change


def data(edit: Edit) -> Callable[[Answer], None]:
    """Edit the `data` of an answer."""

    def change(answer: Answer) -> None:
        told = answer.json
        if isinstance(told.get("data"), dict):
            edit(told["data"])
        answer.body = json.dumps(told).encode()

    return change


def has(**fields: Any) -> Callable[[Answer], None]:
    return data(lambda told: told.update(fields))


def lacks(*names: str) -> Callable[[Answer], None]:
    return data(lambda told: [told.pop(name, None) for name in names])


def each_chunk(**fields: Any) -> Callable[[Answer], None]:
    return data(lambda told: [chunk.update(fields) for chunk in told["chunks"]])


def table(change: Callable[[pa.Table], pa.Table]) -> Callable[[Answer], None]:
    """Replace the rows of a chunk."""

    def edit(answer: Answer) -> None:
        with pa.ipc.open_stream(answer.body) as stream:
            made = change(stream.read_all())
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, made.schema) as writer:
            writer.write_table(made)
        answer.body = sink.getvalue()

    return edit


def zoned(made: pa.Table) -> pa.Table:
    """Say of every column that it holds times with their zones, which are structures."""
    told = {"logicalType": "TIMESTAMP_TZ", "scale": "9", "byteLength": "16"}
    return made.cast(pa.schema([field.with_metadata(told) for field in made.schema]))


def truths_as_times(made: pa.Table) -> pa.Table:
    """Say of truth values in place of the rows that they are times."""
    told = {"logicalType": "TIMESTAMP_NTZ", "scale": "9"}
    fields = [pa.field(name, pa.bool_(), metadata=told) for name in made.column_names]
    return pa.table([pa.array([True] * made.num_rows)] * len(fields), pa.schema(fields))


def bomb(answer: Answer) -> None:
    """64 MB of zeros in 64 KB; the list of chunks has promised less."""
    answer.body = gzip.compress(bytes(64 << 20))
    answer.headers["content-encoding"] = "gzip"


def arrow(stream: bytes) -> dict[str, Any]:
    """The fields of an answer that brings its rows as Arrow, also where they came in JSON."""
    return {
        "queryResultFormat": "arrow",
        "rowset": None,
        "rowsetBase64": base64.b64encode(stream).decode(),
    }


def rows(**columns: Sequence[object]) -> Callable[[Answer], None]:
    """Replace the rows that come with the answer itself, its columns too."""
    made = pa.table(columns)
    fields = [
        field.with_metadata({"logicalType": "TEXT", "scale": "0", "precision": "0"})
        if pa.types.is_string(field.type)
        else field.with_metadata({"logicalType": "FIXED", "scale": "0", "precision": "38"})
        for field in made.schema
    ]
    made = made.cast(pa.schema(fields))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    return has(**arrow(sink.getvalue()), total=made.num_rows, returned=made.num_rows)


def inline(change: Callable[[pa.Table], pa.Table]) -> Callable[[Answer], None]:
    """Replace the rows that come with the answer itself."""

    def edit(told: dict[str, Any]) -> None:
        part = Answer("", {}, 200, base64.b64decode(told["rowsetBase64"]))
        table(change)(part)
        told["rowsetBase64"] = base64.b64encode(part.body).decode()

    return data(edit)


def asked(words: str) -> Where:
    """Answers with the rows of a statement that begins with these words.

    They come with the answer to the statement itself, or are asked for later, by its id.
    """
    ids: set[str] = set()

    def where(answer: Answer) -> bool:
        begins = str(answer.asked.get("sqlText", "")).startswith(words)
        if begins:
            ids.add(str((answer.json.get("data") or {}).get("queryId")))
        return is_result(answer) and (begins or any(each in answer.path for each in ids))

    return where


NOISE = random.Random(1).randbytes(4_000)
LOGIN: dict[str, Lie] = {
    "login is html": when(is_login, body(b"<html>no</html>")),
    "login is a list": when(is_login, body(b"[]")),
    "login is empty": when(is_login, body(b"")),
    "login is deep": when(is_login, body(b"[" * 100_000 + b"]" * 100_000)),
    "login has no data": when(is_login, lambda a: body(b'{"success": true, "data": null}')(a)),
    "login has a number for a token": when(is_login, has(token=5, masterToken=[])),
    "login has no token": when(is_login, lacks("token", "masterToken")),
    "login has strange parameters": when(is_login, has(parameters={"a": [1]})),
    "login has a long session": when(is_login, has(sessionId="x" * 100_000, sessionInfo=7)),
}
QUERY: dict[str, Lie] = {
    "start is html": when(is_start, body(b"<html>")),
    "start is null": when(is_start, body(b"null")),
    "query id is missing": when(is_start, lacks("queryId")),
    "query id is a number": when(is_start, has(queryId=7)),
    "query id is a path": when(is_start, has(queryId="../../session?delete=true")),
    "status is a list": on_status(body(b"[]")),
    "status has no data": on_status(body(b'{"success": true, "data": null}')),
    "status knows nothing": on_status(has(queries=[])),
    "status is unknown": on_status(has(queries=[{"id": "x", "status": "DREAMING"}])),
}
RESULT: dict[str, Lie] = {
    "result is html": when(is_result, body(b"<html>")),
    "rowtype is missing": when(is_result, lacks("rowtype")),
    "rowtype is null": when(is_result, has(rowtype=None)),
    "rowtype is empty": when(is_result, has(rowtype=[])),
    "rowtype has no names": when(
        is_result, data(lambda told: [column.update(name=None) for column in told["rowtype"]])
    ),
    "rowtype has absurd sizes": when(
        is_result,
        data(
            lambda told: [c.update(precision=-9, scale=10**9, length=-1) for c in told["rowtype"]]
        ),
    ),
    "total is negative": when(is_result, has(total=-1, returned=-1)),
    "total is absurd": when(is_result, has(total=10**18)),
    "total is a text": when(is_result, has(total="many")),
    "rows are no base64": when(is_result, has(rowsetBase64="####")),
    "rows are noise": when(is_result, has(rowsetBase64=base64.b64encode(NOISE).decode())),
    "rows are missing": when(is_result, has(rowsetBase64="")),
    "rows are of another format": when(is_result, has(queryResultFormat="json")),
    "rows are of an unknown format": when(is_result, has(queryResultFormat="xml")),
    "describe has other columns": when(asked("DESCRIBE"), rows(a=["x"], b=["y"])),
    "describe has numbers": when(asked("DESCRIBE"), rows(name=[1], type=[2], **{"null?": [3]})),
    "describe has absurd types": when(
        asked("DESCRIBE"),
        rows(name=["D", "N"], type=["DATE", "NUMBER(999999,999999)"], **{"null?": ["Y", "Y"]}),
    ),
    "describe has other names": when(
        asked("DESCRIBE"), rows(name=["D", '"; --'], type=["DATE", "DATE"], **{"null?": ["Y", "Y"]})
    ),
    "describe has other types than it says": when(asked("DESCRIBE"), inline(zoned)),
    "show has other types than it says": when(asked("SHOW"), inline(zoned)),
    "show has no counts": when(
        asked("SHOW"), rows(name=["SMALL"], kind=["TABLE"], rows=["-5"], bytes=["9" * 5_000])
    ),
    "show has other columns": when(asked("SHOW"), rows(a=["x"])),
}
CHUNKS: dict[str, Lie] = {
    "one row more is declared": when(is_read, data(lambda t: t.update(total=t["total"] + 1))),
    "one row less is declared": when(is_read, data(lambda t: t.update(total=t["total"] - 1))),
    "chunks are null": when(is_read, has(chunks=None)),
    "chunks are a text": when(is_read, has(chunks="abc")),
    "chunks have negative counts": when(is_read, each_chunk(rowCount=-5)),
    "chunks have no address": when(is_read, each_chunk(url=None)),
    "chunks are files": when(is_read, each_chunk(url="file:///etc/passwd")),
    "chunks have broken headers": when(is_read, has(chunkHeaders={SSE_KEY: "c\r\nd: e"})),
    "a chunk is listed twice": when(
        is_read, data(lambda told: told["chunks"].append(told["chunks"][0]))
    ),
    "chunks are listed once for all": when(
        is_read, data(lambda t: [c.update(url=t["chunks"][0]["url"]) for c in t["chunks"]])
    ),
    "chunks are empty": when(is_chunk, body(b"")),
    "chunks are html": when(is_chunk, body(b"<html>")),
    "chunks are noise": when(is_chunk, body(NOISE)),
    "chunks are short": when(is_chunk, lambda a: body(a.body[: len(a.body) // 2])(a)),
    "chunks are a bomb": when(is_chunk, bomb),
    "chunks lack a row": when(is_chunk, table(lambda made: made.slice(1))),
    "chunks have a row more": when(
        is_chunk, table(lambda made: pa.concat_tables([made, made.slice(0, 1)]))
    ),
    "rows have other types than they say": when(is_read, inline(zoned)),
    "chunks have other types than they say": when(is_chunk, table(zoned)),
    "chunks have truths as times": when(is_chunk, table(truths_as_times)),
    "chunks lack a column": when(is_chunk, table(lambda made: made.select(made.column_names[1:]))),
    "chunks have a column more": when(
        is_chunk, table(lambda made: made.append_column(made.schema.field(0), made.column(0)))
    ),
    "chunks have columns in another order": when(
        is_chunk, table(lambda made: made.select(made.column_names[::-1]))
    ),
}
# Lies that change nothing: sizes are hints, and headers that no storage service knows are not sent.
HARMLESS: dict[str, Lie] = {
    "chunks have headers of others": when(
        is_read, data(lambda told: told["chunkHeaders"].update({"a\r\nb": "c", "Cookie": "d"}))
    ),
    "sizes are negative": when(is_read, each_chunk(uncompressedSize=-5, compressedSize=-1)),
    "sizes are absurd": when(is_read, each_chunk(uncompressedSize=10**15, compressedSize=10**15)),
}


def flipped(number: int, where: Where, most: int = 8) -> Lie:
    """Flip a few bytes of every answer, always the same ones for a number."""

    def change(answer: Answer) -> None:
        chance = random.Random(f"{number} {len(answer.body)}")
        broken = bytearray(answer.body)
        for _ in range(chance.randint(1, most)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        answer.body = bytes(broken)

    return when(where, change)


_WORTHLESS: tuple[object, ...] = (
    None,
    -1,
    0,
    10**30,
    "",
    "x" * 10_000,
    "\0",
    [],
    {},
    [[[]]],
    True,
    1e308,
    "NaN",
)


def mutated(number: int) -> Lie:
    """Replace values anywhere in the JSON of answers by others of any type."""
    chance = random.Random(number)

    def change(answer: Answer) -> None:
        told = answer.json
        places = list(_places(told))
        for holder, name in chance.sample(places, min(len(places), chance.randint(1, 4))):
            holder[name] = chance.choice(_WORTHLESS)
        answer.body = json.dumps(told).encode()

    return when(lambda answer: not answer.is_chunk and answer.body[:1] == b"{", change)


def _places(told: Any) -> Iterator[tuple[Any, Any]]:
    pairs = told.items() if isinstance(told, dict) else enumerate(told)
    for name, value in list(pairs):
        yield told, name
        if isinstance(value, dict | list):
            yield from _places(value)
