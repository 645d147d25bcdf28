"""Lend an open session to a run, so that it needs no sign-in of its own.

A sign-in can cost its user a second factor or a window of the browser. So the app signs in once: a
run that it starts uses its session, beside it. Snowflake runs statements of one session at the same
time, and the connector allows calls from several threads (its `threadsafety` is 2). What would
differ for the run does so for each statement: the query tag is sent with it. The other parameters
are pinned at the sign-in (`core.warehouse.connect`), and equal for both. Only the chunks of results
have the size of the app's session, 16 MB, also in engine `unload`.

A second session from the tokens of the first would need a request that Snowflake does not document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.runtime.background import Waiter
from core.runtime.cancel import Cancel
from core.runtime.retry import Retry
from core.warehouse.network.addresses import Account
from core.warehouse.own_session import OwnSession

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.request.request import Request
    from core.warehouse.session import Session


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

    def fits(self, request: Request) -> bool:
        """Whether a sign-in for `request` would have the same arguments."""
        names = ("connection", "warehouse", "role", "aws_profile", "timezone")
        return all(getattr(self, name) == getattr(request, name) for name in names)


def borrow(
    signed_in: SignedIn | None, request: Request, retry: Retry, query_tag: str, cancel: Cancel
) -> SnowflakeConnection | None:
    """Return an open session for a run of `request`.

    Args:
        signed_in: the session to use, if it fits the request.
        request: the request of the run.
        retry: the retry policy of the run.
        query_tag: the tag of its statements in Snowflake's query history.
        cancel: ends the wait for Snowflake.

    Returns:
        The session; `sign_out` returns it to its owner. None if it was opened with other arguments,
        or has been closed; or if it is lost and would prompt the user to sign in again, which is
        then due anyway.

    Raises:
        CancelledError: `cancel` was set.
    """
    if signed_in is None or not signed_in.fits(request) or not signed_in.session.lend():
        return None
    lent = LentSession(signed_in.session, retry, query_tag)
    try:
        usable = lent.renewable or Waiter(cancel).call(signed_in.session.is_valid)
    except BaseException:
        lent.close()
        raise
    if not usable:
        lent.close()
        return None
    return cast("SnowflakeConnection", lent)


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
