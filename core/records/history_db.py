"""The file of the history: an SQLite database in the state directory, of mode 0600.

Several processes may use it at once. It has a rollback journal and no write-ahead log, because a
write-ahead log needs memory that all processes share, which a home directory on a network file
system does not have (sqlite.org/wal.html). Each call opens the database and closes it again, so
nothing is held between runs or across a fork.

Closing any descriptor of a file releases the locks that this process has on it (fcntl(2)), and so
those of another thread. So the database is opened by SQLite alone, and one thread at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.runtime.disk.private_files import create_own

_PATIENCE: Final = 1.0  # seconds to wait for another process
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ONE: Final = threading.Lock()
_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of their ends
        started REAL NOT NULL,                     -- seconds since 1970
        demo INTEGER NOT NULL,
        name TEXT NOT NULL,                        -- of the table, in lower case
        destination TEXT NOT NULL,
        outcome TEXT NOT NULL,
        delivered INTEGER NOT NULL,
        words TEXT NOT NULL,                       -- what a search looks through, in lower case
        entry TEXT NOT NULL,                       -- all of it, in JSON
        line TEXT UNIQUE                           -- of an imported file, its hash; else NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS runs_by_name ON runs (name, destination)",
    "CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started)",
    "PRAGMA user_version = 1",
)
_INSERT: Final = (
    "INSERT OR IGNORE INTO runs"
    " (started, demo, name, destination, outcome, delivered, words, entry, line)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True)
class Row:
    """A run as it is stored: what is searched, and the entry in JSON.

    Attributes:
        started: seconds since 1970.
        demo: whether it used the embedded warehouse and bucket.
        name: the name of the table.
        destination: the URL of the bucket and the prefix.
        outcome: `delivered`, or the label of the error's class.
        delivered: whether there is a delivery, even if its verification failed.
        words: the text that a search looks through.
        entry: the entry in JSON.
        line: the hash of the line from which it is imported; lines are imported once.
    """

    started: float
    demo: bool
    name: str
    destination: str
    outcome: str
    delivered: bool
    words: str
    entry: str
    line: str | None = None


@dataclass(frozen=True)
class Filter:
    """Which runs are read; None, or an empty text, is any.

    Attributes:
        table: the name of the table: the whole name, or its last parts, in any case.
        since: seconds since 1970; runs that started earlier are left out.
        words: words that all occur in the table, the URL, the outcome, the message, the engine, the
            window, the front end or the id of the run.
        demo: whether they used the embedded warehouse and bucket.
        destination: the URL of the bucket and the prefix.
        delivered: whether there is a delivery.
    """

    table: str = ""
    since: float | None = None
    words: tuple[str, ...] = ()
    demo: bool | None = None
    destination: str = ""
    delivered: bool | None = None

    @property
    def condition(self) -> tuple[str, list[object]]:
        """The condition in SQL, and its values."""
        parts: list[tuple[str, object]] = []
        if self.table:
            name = "name = {0} OR substr(name, -length({0}) - 1) = '.' || {0}"
            parts.append((f"({name})", _fold(self.table)))
        if self.destination:
            parts.append(("destination = {0}", _encodable(self.destination)))
        exact = {"demo": self.demo, "delivered": self.delivered}
        parts += [(f"{name} = {{0}}", value) for name, value in exact.items() if value is not None]
        if self.since is not None:
            parts.append(("started >= {0}", self.since))
        parts += [("instr(words, {0}) > 0", _fold(word)) for word in self.words]
        texts = [text.format(f"?{number}") for number, (text, _) in enumerate(parts, 1)]
        return " AND ".join(texts) or "TRUE", [value for _, value in parts]


def insert(path: Path, rows: Iterable[Row], *, kept: int, since: float) -> None:
    """Append runs to the database, which is created if it is missing, in one transaction.

    A database that is damaged is renamed to end in `.damaged`, and a new one is created.

    Args:
        path: the database.
        rows: the runs, oldest first.
        kept: the most runs that remain; the oldest are deleted.
        since: seconds since 1970; runs that started earlier are deleted.

    Raises:
        sqlite3.Error, OSError: it cannot be written.
    """
    rows = list(rows)
    try:
        _insert(path, rows, kept, since)
    except sqlite3.DatabaseError as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _DAMAGED:
            raise
        path.replace(path.with_suffix(".damaged"))
        _insert(path, rows, kept, since)


def select(path: Path, wanted: Filter, limit: int) -> list[str]:
    """Return the newest entries, newest first, in JSON.

    Raises:
        sqlite3.Error, OSError: the database cannot be read.
    """
    condition, values = wanted.condition
    text = f"SELECT entry FROM runs WHERE {condition} ORDER BY number DESC LIMIT {int(limit)}"
    with _open(path) as database:
        if database.execute("PRAGMA user_version").fetchone() == (0,):  # empty
            return []
        return [entry for (entry,) in database.execute(text, values) if isinstance(entry, str)]


def _insert(path: Path, rows: list[Row], kept: int, since: float) -> None:
    with _open(path) as database:
        database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            database.execute(statement)
        database.executemany(_INSERT, map(_as_values, rows))
        database.execute("DELETE FROM runs WHERE started < ?", [since])
        database.execute(
            "DELETE FROM runs WHERE number <="
            " (SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?)",
            [kept],
        )
        database.execute("COMMIT")


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database; what is not committed is rolled back."""
    with _ONE:
        create_own(path)
        address = f"{path.absolute().as_uri()}?mode=rw"
        database = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)
        with closing(database):
            yield database


def _as_values(row: Row) -> tuple[object, ...]:
    texts = (_fold(row.name), _encodable(row.destination), _encodable(row.outcome))
    return (row.started, row.demo, *texts, row.delivered, _fold(row.words), row.entry, row.line)


def _fold(text: str) -> str:
    return _encodable(text).lower()


def _encodable(text: str) -> str:
    """Return `text` without lone surrogates, which SQLite cannot store."""
    return text.encode("utf-8", "replace").decode()
