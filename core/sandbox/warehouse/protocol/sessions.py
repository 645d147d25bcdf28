"""Sessions: who is signed in, with which tokens, and until when."""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.sandbox.warehouse.model import Failure

if TYPE_CHECKING:
    from core.sandbox.warehouse.engine.engine import Engine, EngineSession
    from core.sandbox.warehouse.users.users import Users

SESSION_SECONDS = 3600.0  # validity that Snowflake gives a session token
MASTER_SECONDS = 14_400.0
ENDED_REMEMBERED = 1_000  # tokens that are answered with "no longer exists"

_SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


@dataclass
class Session:
    """One signed-in client; its tokens expire by the clock of `Sessions`."""

    id: int
    work: EngineSession
    token: str = field(default_factory=lambda: _token("session"))
    master_token: str = field(default_factory=lambda: _token("master"))
    expires: float = 0.0
    master_expires: float = 0.0


class Sessions:
    """The sessions of one server.

    Args:
        engine: gives every session its own state.
        users: of the one account there is.
        clock: by which tokens expire, in seconds.

    Attributes:
        on_end: called with a session that has ended; it must close the session's `work`, once
            nothing uses it any more.
    """

    def __init__(
        self,
        engine: Engine,
        users: Users,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._users = users
        self._clock = clock
        self.on_end: Callable[[Session], None] = lambda session: session.work.close()
        self._sessions: dict[int, Session] = {}
        self._ended: deque[str] = deque(maxlen=ENDED_REMEMBERED)
        self._lock = threading.Lock()
        self._next_id = 1

    def knows_account(self, account: str) -> bool:
        return account.upper() == self._users.account.upper()

    def login(self, data: dict[str, Any], asked: dict[str, str]) -> Session:
        """Sign in.

        Args:
            data: the `data` of the login request.
            asked: `database`, `schema`, `warehouse`, `role` of the connection, where given.

        Raises:
            Refused: the password, the key or the token is wrong.
            Failure: 390189 the role may not be used.
        """
        self._users.check(data, asked.get("role") or "")
        work = self._engine.connect()
        for name, value in (data.get("SESSION_PARAMETERS") or {}).items():
            work.parameters[str(name).upper()] = value
        _use(work, asked)
        with self._lock:
            session = Session(self._next_id, work)
            work.state.session_id = str(session.id)
            self._next_id += 1
            self._prolong(session)
            self._sessions[session.id] = session
        return session

    def by_token(self, token: str) -> Session:
        """Return the session of a session token.

        Raises:
            Failure: 390112 expired (renew it), 390111 ended, 390104 never given out.
        """
        with self._lock:
            for session in self._sessions.values():
                if hmac.compare_digest(session.token.encode(), token.encode()):
                    if self._clock() >= session.expires:
                        raise Failure(
                            390112, "08001", "Your session has expired. Please login again."
                        )
                    return session
            if token in self._ended:
                raise Failure(
                    390111,
                    "08001",
                    "Session no longer exists. New login required to access the service.",
                )
        raise Failure(390104, "08001", "Authorization token is invalid.")

    def renew(self, master_token: str) -> Session:
        """Give the session of a master token fresh tokens.

        Raises:
            Failure: 390114 the master token has expired, 390113 it is unknown.
        """
        with self._lock:
            for session in self._sessions.values():
                if hmac.compare_digest(session.master_token.encode(), master_token.encode()):
                    if self._clock() >= session.master_expires:
                        raise Failure(390114, "08001", "Authentication token has expired.")
                    session.token, session.master_token = _token("session"), _token("master")
                    self._prolong(session)
                    return session
        raise Failure(390113, "08001", "Authentication token was not found.")

    def end(self, session: Session) -> None:
        """Forget a session; its tokens are refused from now on."""
        with self._lock:
            self._sessions.pop(session.id, None)
            self._ended.append(session.token)
        self.on_end(session)

    def end_all(self) -> None:
        for session in list(self._sessions.values()):
            self.end(session)

    def _prolong(self, session: Session) -> None:
        now = self._clock()
        session.expires = now + SESSION_SECONDS
        session.master_expires = now + MASTER_SECONDS

    def end_expired(self) -> None:
        """End the sessions of clients that went away without logging out."""
        now = self._clock()
        for session in list(self._sessions.values()):
            if now >= session.master_expires:
                self.end(session)


def _token(kind: str) -> str:
    return f"ver:1-hint:{kind}-{secrets.token_urlsafe(48)}"


def _use(work: EngineSession, asked: dict[str, str]) -> None:
    """Enter the database, schema, warehouse and role of a connection.

    Snowflake signs in all the same when one of the first three does not exist, and leaves it unset.
    """
    for kind in ("role", "warehouse", "database", "schema"):
        name = asked.get(kind)
        if not name:
            continue
        identifier = name if _SIMPLE_NAME.fullmatch(name) or name.startswith('"') else _quote(name)
        try:
            for _ in work.run(f"USE {kind.upper()} {identifier}").batches:
                pass
        except Failure as failure:
            if kind == "role":
                raise Failure(
                    390189,
                    "08004",
                    f"Role '{name}' specified in the connect string does not exist or not "
                    "authorized. Contact your local system administrator, or attempt to login "
                    "with another role, e.g. PUBLIC.",
                ) from failure


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
