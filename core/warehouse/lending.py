"""Lend an open session to a run, so that it needs no sign-in of its own.

A sign-in can cost its user a second factor or a window of the browser. So the app signs in once: a
run that it starts uses its session, beside it; and the transfers of a job share one
(`core.jobs.sign_ins`). Snowflake runs statements of one session at the same time, and the connector
allows calls from several threads (its `threadsafety` is 2). What would differ for the run does so
for each statement: the query tag is sent with it. The other parameters are pinned at the sign-in
(`core.warehouse.connect`), and equal for both. Only the chunks of results have the size of the
app's session, 16 MB, also in engine `unload`, which reads the list of the chunks but none of them:
the list is longer then, by 8 KB for 16 MB of groups, so 5 MB for 10 GB. Another size would
be lost with a session that is renewed, and change it for the app.

A second session from the tokens of the first would need a request that Snowflake does not document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, cast

from core.runtime.background import Waiter
from core.runtime.cancel import NEVER, Cancel
from core.runtime.retry import QUICK, Retry
from core.warehouse.connect import CHUNK_MEGABYTES, connect
from core.warehouse.network.addresses import Account
from core.warehouse.own_session import OwnSession

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.request.request import Request
    from core.warehouse.session import Session

ARGUMENTS: Final = ("connection", "warehouse", "role", "aws_profile", "timezone")
"""The options of a request on which a sign-in depends."""


def ignore() -> None:
    """Report no sign-in."""


class Lender(Protocol):
    """What lends sessions to runs: the app's session, or the sign-ins of a job."""

    def lend(
        self, request: Request, retry: Retry, cancel: Cancel, begin: Callable[[], None] = ignore
    ) -> Session | None:
        """Return an open session whose loan is counted; None if the run has to sign in itself.

        Args:
            request: the request of the run.
            retry: the retry policy of the run.
            cancel: ends the wait for Snowflake.
            begin: called before the wait, so that the run reports it as its sign-in; not if the
                sign-in was reported by another run of the same job.

        Raises:
            TransferError: the sign-in for this request failed, or `cancel` was set.
        """


@dataclass(frozen=True, repr=False)
class SignedIn:
    """An open session, and what it was opened with.

    Attributes:
        session: the session.
        connection: the name or the arguments of the connection; None for the default one.
        warehouse: as in a `Request`.
        role: as in a `Request`.
        aws_profile: as in a `Request`.
        timezone: as in a `Request`.
    """

    session: Session
    connection: str | Mapping[str, object] | None
    warehouse: str | None
    role: str | None
    aws_profile: str | None
    timezone: str | None

    @classmethod
    def open(
        cls,
        connection: str | Mapping[str, object] | None,
        *,
        query_tag: str,
        warehouse: str | None = None,
        role: str | None = None,
        aws_profile: str | None = None,
        timezone: str | None = None,
        chunk_megabytes: int = CHUNK_MEGABYTES,
        retry: Retry = QUICK,
        cancel: Cancel = NEVER,
    ) -> Self:
        """Sign in; the arguments and errors are those of `core.warehouse.connect.connect`."""
        opened = connect(
            connection,
            query_tag=query_tag,
            warehouse=warehouse,
            role=role,
            aws_profile=aws_profile,
            timezone=timezone,
            chunk_megabytes=chunk_megabytes,
            retry=retry,
            cancel=cancel,
        )
        session = cast("Session", opened)
        return cls(session, connection, warehouse, role, aws_profile, timezone)

    def lend(
        self, request: Request, retry: Retry, cancel: Cancel, begin: Callable[[], None] = ignore
    ) -> Session | None:
        """Return the session; see `Lender`.

        Returns:
            None if it was opened with other arguments, or has been closed; or if it is lost and
            would prompt the user to sign in again, which is then due anyway.

        Raises:
            CancelledError: `cancel` was set.
        """
        fits = all(getattr(self, name) == getattr(request, name) for name in ARGUMENTS)
        if not fits or not self.session.lend():
            return None
        begin()
        try:
            usable = self.session.renewable or Waiter(cancel).call(self.session.is_valid)
        except BaseException:
            self.session.take_back()
            raise
        if not usable:
            self.session.take_back()
            return None
        return self.session


def borrow(
    lender: Lender | None,
    request: Request,
    retry: Retry,
    query_tag: str,
    cancel: Cancel,
    begin: Callable[[], None] = ignore,
) -> SnowflakeConnection | None:
    """Return an open session for a run of `request`.

    Args:
        lender: whose session it is, if it has one that fits the request.
        request: the request of the run.
        retry: the retry policy of the run.
        query_tag: the tag of its statements in Snowflake's query history.
        cancel: ends the wait for Snowflake.
        begin: reports a sign-in; see `Lender`.

    Returns:
        The session; `sign_out` returns it to its owner. None if the run has to sign in.

    Raises:
        TransferError: the sign-in of the lender failed, or `cancel` was set.
    """
    owner = lender.lend(request, retry, cancel, begin) if lender else None
    if owner is None:
        return None
    return cast("SnowflakeConnection", LentSession(owner, retry, query_tag))


class LentSession(OwnSession):
    """An open session as a run uses it: all else is that of its owner.

    Args:
        owner: the session, which counts this loan already (`Session.lend`).
        retry: the retry policy of the run.
        query_tag: the tag of its statements.
    """

    def __init__(self, owner: Session, retry: Retry, query_tag: str) -> None:
        self._owner = owner
        self._returned = False
        self.retry = retry
        self.renewable = owner.renewable
        self.gate, self.web = owner.gate, owner.web
        self.statement_parameters = {"QUERY_TAG": query_tag}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)

    @property
    def is_alone(self) -> bool:
        """Whether no other run uses the session; its owner may."""
        return self._owner.loans == 1

    def renew(self, lost: str) -> None:
        """Sign in again, unless another thread has done so since session `lost` was lost."""
        self._owner.renew(lost)

    def where(self) -> Account:
        """Return the location of the account, as far as it is known."""
        return self._owner.where()

    def close(self) -> None:
        """Return the session; it stays open for its owner."""
        if not self._returned:
            self._returned = True
            self._owner.take_back()
