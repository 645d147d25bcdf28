"""The sign-ins of a job: one serves all its transfers that would sign in with the same arguments.

Transfers of other connections, roles, warehouses or time zones need sessions of their own. So do
those with engine `unload` beside others, because the session decides on the size of chunks, which
is another one for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.engines.choice import find_chunk_size
from core.errors import SignInError, UsageError
from core.runtime.background import Future, Waiter, start
from core.runtime.cancel import NEVER, Cancel
from core.runtime.closing import Closing
from core.runtime.retry import Retry
from core.warehouse.connect import sign_out
from core.warehouse.lending import ARGUMENTS, SignedIn, ignore

if TYPE_CHECKING:
    from core.request.request import Request
    from core.warehouse.session import Session

_TAG = "amplify-transfer job"  # of the session; each statement has that of its transfer
_Key = Sequence[object]


class SignIns(Closing):
    """Lends sessions to the transfers of a job, and signs in for the first of each kind.

    A context manager that signs out on exit, when all transfers have ended. Transfers that begin
    during a sign-in wait for it. A refusal is that of all: Snowflake would lock the user after a
    few more. After any other failure the next transfer signs in again.

    Args:
        cancel: ends all sign-ins: that of the job.
    """

    def __init__(self, cancel: Cancel = NEVER) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._begun: list[tuple[_Key, Future[SignedIn]]] = []

    def lend(
        self, request: Request, retry: Retry, cancel: Cancel, begin: Callable[[], None] = ignore
    ) -> Session | None:
        """Return an open session; see `core.warehouse.lending.Lender`."""
        for _ in range(2):
            future, is_begun = self._begin(request, retry)
            if is_begun:
                begin()
            try:
                signed_in = Waiter(cancel).result(future)
            except (SignInError, UsageError):
                raise
            except BaseException:
                if future.done():
                    self._forget(future)
                raise
            if session := signed_in.lend(request, retry, cancel):
                return session
            self._forget(future)  # lost, and it would prompt the user to sign in again
            sign_out(signed_in.session)
        return None

    def close(self) -> None:
        """Sign out."""
        for _, future in self._begun:
            if future.done() and future.exception() is None:
                sign_out(future.result().session)

    def _begin(self, request: Request, retry: Retry) -> tuple[Future[SignedIn], bool]:
        """Return the sign-in that fits a request, and whether it begins now."""
        chunk = find_chunk_size(request)
        own = {name: getattr(request, name) for name in ARGUMENTS}
        key = [*own.values(), chunk]
        with self._lock:
            for known, future in self._begun:
                if known == key:
                    return future, False
            how = {"query_tag": _TAG, "chunk_megabytes": chunk, "retry": retry}
            future = start(SignedIn.open, **own, **how, cancel=self._cancel)
            self._begun.append((key, future))
            return future, True

    def _forget(self, future: Future[SignedIn]) -> None:
        with self._lock:
            self._begun = [each for each in self._begun if each[1] is not future]
