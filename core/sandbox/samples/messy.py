"""`"Mixed Case"`: every type, hard names and edge values in sixty rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

from core.sandbox.samples.declare import Installer, Where, literal, table, values

NAME = "Mixed Case"
ROWS = 60
_SEED = 60
_COLUMNS = (
    ("Id", "NUMBER(10,0)"),
    ("id", "VARCHAR(8)"),
    ("Größe (m²)", "FLOAT"),
    ("price.net", "NUMBER(20,4)"),
    ('say "when"', "DATE"),
    ("WHEN_NTZ", "TIMESTAMP_NTZ(9)"),
    ("when ltz", "TIMESTAMP_LTZ(9)"),
    ("when tz", "TIMESTAMP_TZ(9)"),
    ("clock", "TIME(9)"),
    ("名前", "VARCHAR"),
    ("Payload", "VARIANT"),
    ("raw", "BINARY"),
    ("[/b]", "BOOLEAN"),
    ("tags", "ARRAY"),
    ("SELECT", "NUMBER(38,0)"),
)
_TEXTS = ("", " ", "a", "A", "a ", "é", "e\u0301", "ß", "日本", "🙂", 'q"q', "x\ty", None)
_OFFSETS = (0, 540, -480, 330, -210, 845, -720)
_FLOATS = ("'NaN'::DOUBLE", "'inf'::DOUBLE", "'-inf'::DOUBLE", "0.0", "-0.0", "1.5", "1e300",
           "0.1", "NULL")  # fmt: skip
_DATES = (date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(2024, 2, 29), None)
_BLANK = {7, 23, 41}
_PAYLOADS: tuple[object, ...] = (
    {"a": 1, "b": [1, 2, {"c": None}]},
    [],
    {},
    "text",
    12.5,
    True,
    None,
)


def _moment(random: Random) -> datetime:
    """Return a UTC moment within three hours of a month's end, without nanoseconds."""
    year, month = random.randrange(2019, 2026), random.randrange(1, 13)
    turn = datetime(year, month, 1, tzinfo=UTC)
    return turn + timedelta(microseconds=random.randrange(-10_800_000_000, 10_800_000_000))


def _timestamp(moment: datetime, offset: int | None = None) -> str:
    fields = f"'t': TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}', 'n': 0::SMALLINT"
    if offset is not None:
        fields += f", 'o': {offset}::SMALLINT"
    return f"{{{fields}}}"


def _ntz(random: Random, index: int) -> str:
    if index % 13 == 0:  # the sentinels of open-ended validity
        return "{'t': TIMESTAMP '9999-12-31 00:00:00', 'n': 0::SMALLINT}"
    if index % 17 == 0:
        return "{'t': TIMESTAMP '0001-01-01 00:00:00', 'n': 0::SMALLINT}"
    return _timestamp(_moment(random)) if index % 11 else "NULL"


def _row(index: int, random: Random) -> list[str]:
    day = random.choice(_DATES) if index % 4 == 0 else date(2020, 1, 1) + timedelta(days=index * 17)
    payload = random.choice(_PAYLOADS)
    clock = f"{index % 24:02}:{random.randrange(60):02}:{random.randrange(60):02}"
    digits = random.randrange(10**6)
    return [
        str(index),
        literal(f"k{index % 5}" if index % 6 else None),
        random.choice(_FLOATS),
        f"{random.randrange(-(10**12), 10**12)}::DECIMAL(16,0) * 0.0001::DECIMAL(5,4)",
        f"DATE '{day:%Y-%m-%d}'".replace("'1-", "'0001-") if day else "NULL",
        _ntz(random, index),
        _timestamp(_moment(random)),
        _timestamp(_moment(random), random.choice(_OFFSETS)),
        f"TIME_NS '{clock}.{digits:06}'" if index % 9 else "NULL",
        literal(random.choice(_TEXTS)),
        literal(json.dumps(payload, separators=(",", ":"))) if index % 7 else "NULL",
        literal(random.randbytes(index % 5)) if index % 8 else "NULL",
        random.choice(("TRUE", "FALSE", "NULL")),
        literal(json.dumps(["x"] * (index % 3))) if index % 5 else "NULL",
        str(10**37 + index) if index % 10 else "NULL",
    ]


def _blank_row() -> list[str]:
    """Return SQL literals of a row: NULL, except for a blank text and a JSON null."""
    special = {"名前": "'  '", "Payload": "'null'"}
    return [special.get(name, "NULL") for name, _ in _COLUMNS]


def _rows() -> Iterator[list[str]]:
    random = Random(_SEED)  # noqa: S311 - not for secrets
    for index in range(ROWS):
        yield _blank_row() if index in _BLANK else _row(index, random)


def _select() -> str:
    return values(_rows())


def declare(target: Installer, where: Where) -> None:
    """Declare the table."""
    table(target, where, NAME, _COLUMNS, ROWS, _select, "Every type, hard names, edge values")
