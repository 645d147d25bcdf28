"""An entry of the history: a run that has ended, and its form in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

from core.errors import TransferError, UsageError
from core.remedy import as_data, from_data
from core.request.request import Request

DELIVERED: Final = "delivered"
SKIPPED: Final = "skipped"  # the object was there already
UNCHANGED: Final = "unchanged"  # no month that was looked at has changed
_WELL: Final = (DELIVERED, SKIPPED, UNCHANGED)

FrontEnd = Literal["app", "batch", "library"]

# The names that fields had in the first version of the history, and that reports still use.
_FORMER_NAMES: Final = {"account": "totals", "verdict": "comparison"}
_TEXTS: Final = (
    "by",
    "table",
    "url",
    "outcome",
    "run_id",
    "destination",
    "engine",
    "window",
    "series",
)
_NUMBERS: Final = ("rows", "bytes")
_MAPPINGS: Final = ("result", "totals", "comparison")
_LISTS: Final = ("columns", "objects", "months")


@dataclass(frozen=True)
class HistoryEntry:
    """A run that has ended.

    Attributes:
        started: the time of its start, in UTC.
        seconds: its duration.
        by: the front end.
        demo: whether it used the embedded warehouse and bucket.
        table: the full name of the table; the requested name if the table was not found.
        url: the URL of the object; the requested destination if nothing was delivered.
        outcome: `delivered`, `skipped`, `unchanged`, or the label of the error's class
            (`core.errors`).
        rows: rows in the file; None if nothing was delivered.
        bytes: the size of the file; None if nothing was delivered.
        message: the error's message; empty if there was no error.
        hint: the error's hint; empty without one.
        result: the result JSON; empty if nothing was delivered.
        totals: the counts of the run and, by summed column, the totals that agreed; empty if
            nothing was delivered.
        comparison: the result of the verification; empty if there was no verification.
        request: the request, for another run, without secrets; None if its connection has no name.
        engine: the engine that was chosen; empty if the run ended before.
        window: the months that were read, in words; empty for all months, or if the run ended
            before the plan was made.
        run_id: the id of the run, which is also in Snowflake's query tag and in the metadata of the
            object; empty for runs of versions that did not store it.
        destination: the URL of the bucket and the prefix.
        columns: the plan: `name` and `role` of each column, and the `type` in which it is delivered
            (None if it is not), in the order of the table; empty if the run ended before the plan
            was made.
        objects: the objects that were delivered: `key`, `size`, `etag` and `crc32` of each.
        months: the figures of each month of the delivery, if it has an object of its own.
        series: what the deliveries have in common whose months are compared with each other.
    """

    started: datetime
    seconds: float
    by: FrontEnd
    demo: bool
    table: str
    url: str
    outcome: str
    rows: int | None = None
    bytes: int | None = None
    message: str = ""
    hint: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    request: Request | None = None
    engine: str = ""
    window: str = ""
    run_id: str = ""
    destination: str = ""
    columns: tuple[Mapping[str, Any], ...] = ()
    objects: tuple[Mapping[str, Any], ...] = ()
    months: tuple[Mapping[str, Any], ...] = ()
    series: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code of the run, by its outcome; 1 for an outcome that is not known."""
        return 0 if self.outcome in _WELL else _EXIT_CODES.get(self.outcome, 1)

    def as_line(self) -> str:
        """Return the entry as one line of JSON."""
        values: dict[str, Any] = {
            **asdict(self),
            "started": self.started.isoformat(),
            "message": as_data(self.message),
            "hint": as_data(self.hint),
            "request": self.request.as_data() if self.request else None,
        }
        return json.dumps(values) + "\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Parse a line; a request that this version does not understand is left out.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: the line is not an entry.
        """
        given = json.loads(line)
        values = {_FORMER_NAMES.get(name, name): value for name, value in given.items()}
        request = values.pop("request", None)
        known: dict[str, Any] = {
            name: values[name] for name in cls.__dataclass_fields__ if name in values
        }
        with suppress(UsageError):
            known["request"] = Request.of(**request) if request else None
        texts = {name: from_data(known[name]) for name in ("message", "hint") if name in known}
        started = datetime.fromisoformat(values["started"])
        known |= texts | {"started": started if started.tzinfo else started.replace(tzinfo=UTC)}
        _check_types(known)
        known |= {name: tuple(known[name]) for name in _LISTS if name in known}
        return cls(**known)


def _check_types(values: Mapping[str, Any]) -> None:
    """Raise a TypeError if a field has another type than this version writes."""
    expected: dict[str, Any] = {
        **dict.fromkeys(_TEXTS, str),
        **dict.fromkeys(_NUMBERS, int | None),
        **dict.fromkeys(_MAPPINGS, Mapping),
        **dict.fromkeys(_LISTS, list),
        "seconds": int | float,
    }
    for name, kind in expected.items():
        if name in values and not isinstance(values[name], kind):
            raise TypeError(f"{name} has the wrong type")


def _list_errors(cls: type[TransferError] = TransferError) -> Iterator[type[TransferError]]:
    yield cls
    for each in cls.__subclasses__():
        yield from _list_errors(each)


_EXIT_CODES: Final[Mapping[str, int]] = {each.label: each.exit_code for each in _list_errors()}
