"""The events that a run sends to its front end: frozen values, at most ten per second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engines.choice import Choice
    from core.planning.plan import Plan
    from core.records.restatement import Restatement


class Phase(StrEnum):
    """The phases of a transfer, in their order."""

    CONNECT = "connect"
    PLAN = "plan"
    QUERY = "query"
    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"
    VERIFY = "verify"


@dataclass(frozen=True)
class Progress:
    """The progress of the current phase.

    Attributes:
        phase: the current phase.
        rows: the rows processed in this phase, 0 if the phase does not process rows. Phase `read`
            counts rows of the result (with engine `stream`, rows of the source), `write` delivered
            rows.
        total_rows: the number of rows to process; None if unknown.
        bytes: the bytes processed in this phase. `read` counts uncompressed bytes, `upload` bytes
            sent, `verify` bytes read back.
        total_bytes: the number of bytes to process; None if unknown.
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
        """Whether the progress of the phase is measured in bytes of the file."""
        return self.phase in (Phase.UPLOAD, Phase.VERIFY)


@dataclass(frozen=True)
class Planned:
    """The plan was made, and the engine was chosen.

    Attributes:
        plan: the plan.
        choice: the engine, and the reason for it.
        restatement: which months are delivered again; None unless the request asks for some.
        account: the Snowflake account.
    """

    plan: Plan
    choice: Choice
    restatement: Restatement | None = None
    account: str = ""


@dataclass(frozen=True)
class Warned:
    """A warning; the run continues."""

    message: str


@dataclass(frozen=True)
class Delivered:
    """The delivery is complete. It remains if its verification fails.

    Attributes:
        url: the URL of the object.
        rows: the number of data rows.
        bytes: the size in bytes.
    """

    url: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Retrying:
    """A request failed, and will be retried.

    Attributes:
        what: the subject of the request, such as `part 3`.
        attempt: the number of the next attempt.
        attempts: the largest number of attempts.
        why: the failure in a few words, such as `503 SlowDown`.
        pause: seconds until the next attempt.
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
    """A request that was retried has succeeded.

    Attributes:
        what: the subject of the request, as in `Retrying`.
    """

    what: str


Event = Progress | Planned | Warned | Delivered | Retrying | Recovered
Listener = Callable[[Event], None]
