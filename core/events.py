"""What a run tells its front end while it works: small frozen values, at most ten a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engines.choice import Choice
    from core.planning.plan import Plan


class Phase(StrEnum):
    """The stops of a transfer, in their order."""

    CONNECT = "connect"
    PLAN = "plan"
    QUERY = "query"
    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"
    VERIFY = "verify"


@dataclass(frozen=True)
class Progress:
    """How far the current phase has come.

    Attributes:
        phase: where the run is.
        rows: rows done in this phase (read: rows of the result, which are the source's where they
            are grouped here; write: delivered rows); 0 where rows are not what the phase works on.
        total_rows: the rows there will be, if known.
        bytes: bytes done in this phase (read: uncompressed; upload: sent; verify: read back).
        total_bytes: the bytes there will be, if known.
        elapsed: seconds since the run began.
    """

    phase: Phase
    rows: int
    total_rows: int | None
    bytes: int
    total_bytes: int | None
    elapsed: float

    @property
    def in_bytes(self) -> bool:
        """Whether the phase works on the file, by the byte."""
        return self.phase in (Phase.UPLOAD, Phase.VERIFY)


@dataclass(frozen=True)
class Planned:
    """The plan stands: what will happen to each column, and which engine does it."""

    plan: Plan
    choice: Choice


@dataclass(frozen=True)
class Warned:
    """Something the user should know; the run goes on."""

    message: str


@dataclass(frozen=True)
class Delivered:
    """The delivery is complete, and stands whatever becomes of its verification.

    Attributes:
        url: where it is.
        rows: its rows.
        bytes: its size.
    """

    url: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Retrying:
    """A request failed, and is about to be tried again.

    Attributes:
        what: was asked for, such as `part 3`.
        attempt: which try comes next.
        attempts: how many tries there are at most.
        why: the failure in a few words, such as `503 SlowDown`.
        pause: seconds until the next try.
    """

    what: str
    attempt: int
    attempts: int
    why: str
    pause: float

    def __str__(self) -> str:
        return (
            f"{self.what}: retrying {self.attempt}/{self.attempts}: {self.why} "
            f"in {self.pause:.1f} s"
        )


@dataclass(frozen=True)
class Recovered:
    """A request that was tried again has succeeded.

    Attributes:
        what: was asked for.
    """

    what: str


Event = Progress | Planned | Warned | Delivered | Retrying | Recovered
Listener = Callable[[Event], None]
