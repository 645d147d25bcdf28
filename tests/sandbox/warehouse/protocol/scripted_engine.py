"""A warehouse engine that answers by script, so that tests decide every value and every moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import snowflake.connector

from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.engine.session_state import SessionState
from core.sandbox.warehouse.model import Column, Failure
from core.sandbox.warehouse.protocol.server import create_app
from core.sandbox.warehouse.protocol.serving import serve
from tests.support.waiting import PATIENCE

LOGIN = {"account": "sandbox", "user": "demo", "password": "open sesame"}
ROLES = ("ANALYST", '"odd role"')

Bind = tuple[str, Any]
Interrupt = Callable[[], None]


def text(value: str, name: str = "V") -> Answer:
    """One row, one column."""
    return Answer((Column(name, "TEXT"),), iter([pa.record_batch({name: [value]})]))


def table(columns: Sequence[Column], *batches: Sequence[pa.Array]) -> Answer:
    """The batches as the answer of a SELECT."""
    names = [column.name for column in columns]
    made = (pa.RecordBatch.from_arrays(list(arrays), names=names) for arrays in batches)
    return Answer(tuple(columns), made)


@dataclass
class Script:
    """What the engine does: `answers` by statement text; every text that was run is in `ran`.

    `BLOCK` runs until it is interrupted (`started` and `interrupted` tell when),
    or `released`. `closed` tells of every session closed.
    """

    answers: dict[str, Callable[[Session, Sequence[Bind]], Answer]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)
    interrupted: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def says(self, sql: str, answer: Callable[[], Answer]) -> None:
        """Answer `sql` with what `answer` makes, each time anew."""
        self.answers[sql] = lambda session, binds: answer()

    def connect(self) -> Session:
        return Session(self)

    def close(self) -> None:
        """Nothing to close."""


class Session:
    """One session of the scripted engine."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.database: str | None = None
        self.schema: str | None = None
        self.role = "PUBLIC"
        self.warehouse = ""
        self.parameters: dict[str, object] = {"TIMEZONE": "UTC"}
        self.state = SessionState()

    def run(
        self,
        sql: str,
        binds: Sequence[Bind] = (),
        *,
        on_start: Callable[[Interrupt], None] | None = None,
        query_id: str = "",
    ) -> Answer:
        words = sql.split(maxsplit=2)
        if words[0] == "USE":
            return self._use(words[1], words[2])
        self._script.ran.append(sql)
        if sql == "BLOCK":
            return self._block(on_start)
        if words[:2] == ["ALTER", "SESSION"]:
            name, value = words[2].removeprefix("SET ").split("=")
            self.parameters[name.strip()] = value.strip(" '")
            return text("Statement executed successfully.")
        if sql not in self._script.answers:
            raise Failure(1003, "42000", f"SQL compilation error:\nunexpected '{words[0]}'.")
        return self._script.answers[sql](self, binds)

    def close(self) -> None:
        self._script.closed.release()

    def _use(self, kind: str, name: str) -> Answer:
        if kind == "ROLE" and name.upper() not in (role.upper() for role in ROLES):
            raise Failure(2003, "02000", f"Role '{name}' does not exist or not authorized.")
        if name == "NOWHERE":
            raise Failure(2043, "02000", "Object does not exist, or operation cannot be performed.")
        setattr(self, kind.lower(), name.strip('"'))
        return text("Statement executed successfully.")

    def _block(self, on_start: Callable[[Interrupt], None] | None) -> Answer:
        interrupted = threading.Event()

        def batches() -> Iterator[pa.RecordBatch]:
            self._script.started.release()
            while not interrupted.wait(0.002):
                if self._script.released.is_set():
                    yield pa.record_batch({"V": ["released"]})
                    return
            self._script.interrupted.release()
            raise Failure(604, "57014", "the engine was interrupted")

        if on_start:
            on_start(interrupted.set)
        return Answer((Column("V", "TEXT"),), batches())


@dataclass
class Server:
    """A running server with its script."""

    script: Script
    port: int
    directory: Path

    def connect(self, **options: Any) -> snowflake.connector.SnowflakeConnection:
        """A connection of the unmodified connector."""
        arguments = {**LOGIN, "host": "127.0.0.1", "port": self.port, "protocol": "http"}
        return snowflake.connector.connect(**{**arguments, **options})


@contextmanager
def running(directory: Path, **options: Any) -> Iterator[Server]:
    """The warehouse server over a new script; `options` are those of `create_app`."""
    script = Script()
    app = create_app(script, results_dir=directory / "results", **LOGIN, **options)  # type: ignore[arg-type]
    stop, ready, address = threading.Event(), threading.Event(), {}

    def on_ready(told: dict[str, Any]) -> None:
        address.update(told)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(app,), kwargs={"on_ready": on_ready, "stop": stop}
    )
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield Server(script, address["port"], directory)
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
