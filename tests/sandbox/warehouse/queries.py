"""Ask the sandbox's SQL engine, without the wire, and read its answers as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from core.sandbox.warehouse.model import Failure

Row = tuple[Any, ...]


@contextmanager
def engine_in(directory: Path) -> Iterator[Engine]:
    """An engine that is closed in the end."""
    engine = Engine(directory)
    try:
        yield engine
    finally:
        engine.close()


def session_in(engine: Engine, schema: str = "PUBLIC") -> EngineSession:
    """A session in DEMO, in UTC."""
    session = engine.connect()
    session.database, session.schema = "DEMO", schema
    session.parameters["TIMEZONE"] = "UTC"
    return session


def rows(session: EngineSession, sql: str, *binds: tuple[str, Any]) -> list[Row]:
    """All rows. Timestamps are text; a TIMESTAMP_TZ is (text of the instant, offset)."""
    return read(session.run(sql, binds))


def one(session: EngineSession, sql: str, *binds: tuple[str, Any]) -> Any:
    """The value of a result of one row: alone, or as a tuple when there are several columns."""
    found = rows(session, sql, *binds)
    assert len(found) == 1, found
    return found[0][0] if len(found[0]) == 1 else found[0]


def types(session: EngineSession, sql: str) -> list[Row]:
    """(type, precision, scale, length) of each column, Nones left out."""
    answer = session.run(sql)
    list(answer.batches)
    shown = [(c.type, c.precision, c.scale, c.length) for c in answer.columns]
    return [tuple(part for part in each if part is not None) for each in shown]


def read(answer: Answer) -> list[Row]:
    """The rows of an answer, as `rows` gives them."""
    found: list[Row] = []
    for batch in answer.batches:
        columns = [_values(column) for column in batch.columns]
        found += zip(*columns, strict=True) if columns else []
    return found


def _values(column: pa.Array) -> Sequence[Any]:
    if pa.types.is_timestamp(column.type):
        return [_trimmed(each) for each in column.cast(pa.string()).to_pylist()]
    if pa.types.is_struct(column.type) and column.type.field(0).name == "t":
        micros, nanos = column.flatten()
        pairs = zip(micros.cast(pa.string()).to_pylist(), nanos.to_pylist(), strict=True)
        return [None if text is None else _trimmed(f"{text}{left:03}") for text, left in pairs]
    if pa.types.is_struct(column.type):
        instants, offsets = column.flatten()
        pairs = zip(_values(instants), offsets.to_pylist(), strict=True)
        return [None if offset is None else (text, offset) for text, offset in pairs]
    if pa.types.is_time(column.type):
        return [_trimmed(each) for each in column.cast(pa.string()).to_pylist()]
    return column.to_pylist()  # type: ignore[no-any-return]


def _trimmed(text: str | None) -> str | None:
    """A moment's text without the zeros behind its point, and without the zone."""
    if text is None:
        return None
    text = text.removesuffix("Z")
    return text.rstrip("0").rstrip(".") if "." in text else text


@contextmanager
def failing(code: int, message: str | None = None) -> Iterator[pytest.ExceptionInfo[Failure]]:
    """The statement inside fails with this code, its message matching `message`."""
    with pytest.raises(Failure, match=message) as caught:
        yield caught
    assert caught.value.code == code, caught.value
