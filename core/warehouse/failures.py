"""What a failure of the Snowflake connector means to the user.

The error number decides, then the class: connector 5.x uses one class for much that differs, and
its texts may carry values of the table, addresses or tokens. So a message is ours, with the error
number, the query id and the names of objects; nothing else of the driver's text is repeated.
"""

from __future__ import annotations

import errno as os_errno
import re
from http import HTTPStatus
from typing import Final

from core.errors import LocalResourceError, SignInError, TemporaryError, TransferError
from core.warehouse.error_codes import (
    BUSY,
    BY_CLASS,
    BY_NUMBER,
    BY_RANGE,
    KEY,
    REDIRECTED,
    REFUSED,
    SESSION_ENDED,
    TLS,
    UNREACHABLE,
    WRONG_ACCOUNT,
    Meaning,
)
from core.warehouse.unload_errors import BY_TEXT, WORDED

_LOGIN_FAILED: Final = 250001
# 390114, the master token's end, is that of a session too, if there was one.
_LOST: Final = frozenset({250002, 390111, 390112, 390113, 390114, 390115})
_HTTP_STATUSES: Final = frozenset(HTTPStatus)
_HTTP_STATUS = re.compile(r"error status: (\d{3})")
_ANY_STATUS = re.compile(r"status:? (\d{3})\b")
_REASONS: Final = (
    ("reset by peer", "connection reset"),
    ("Connection refused", "connection refused"),
    ("timed out", "no answer in time"),
    ("non-successful HTTP status", "refused; the URL may have expired"),
)
# What `core.warehouse.network.gate` answers in place of any host but the account's.
_MISDIRECTED: Final = f"status: {HTTPStatus.MISDIRECTED_REQUEST.value}"
_QUOTED_NAME = re.compile(r"'([^'\n]{1,300})'")
_LOCAL: Final = frozenset({os_errno.ENOSPC, os_errno.EDQUOT, os_errno.EFBIG, os_errno.EROFS})


def translate(error: BaseException, doing: str) -> TransferError:
    """Say what `error` means.

    Args:
        error: what the connector, or the network below it, raised.
        doing: what was being done, as in "while {doing}".

    Returns:
        The error to raise `from error`; a TransferError comes back as it is.
    """
    if isinstance(error, TransferError):
        return error
    number = getattr(error, "errno", None)
    is_driver = hasattr(error, "sfqid")
    meaning = _driver_meaning(error, number) if is_driver else _local_meaning(error)
    if meaning is None:
        return TransferError(f"Unexpected {type(error).__name__} while {doing}{_place(error)}.")
    sentence = meaning.sentence.replace(" {name}", _name(error)) if is_driver else meaning.sentence
    kind = SignInError if _login_token(error, meaning) else meaning.kind
    message = f"{sentence.rstrip('.')} (while {doing}{_place(error)})."
    if kind is TemporaryError:
        again = meaning.again and not (meaning is BUSY and getattr(error, "sfqid", None))
        return TemporaryError(message, meaning.hint, why=_why(error, sentence), again=again)
    return kind(message, meaning.hint)


def is_session_lost(error: BaseException) -> bool:
    """Whether the session is gone, or may be, so that only a new sign-in helps."""
    lost = getattr(error, "errno", None) in _LOST or "Reauthentication" in type(error).__name__
    # The connector's word for any refusal of a statement's start.
    return lost or "did not report a queryId" in str(error)


def session_ended() -> TemporaryError:
    """What to raise for a lost session once there is a new one."""
    return TemporaryError(SESSION_ENDED.sentence, SESSION_ENDED.hint, again=True)


def _driver_meaning(error: BaseException, number: object) -> Meaning | None:
    if _MISDIRECTED in str(error):
        return REDIRECTED
    if number == _LOGIN_FAILED:
        return _login_meaning(str(error))
    if isinstance(number, int):
        if number in WORDED or number not in BY_NUMBER:
            text = str(error)
            for pattern, meaning in BY_TEXT:
                if pattern.search(text):
                    return meaning
        if number in BY_NUMBER:
            return BY_NUMBER[number]
        for numbers, meaning in BY_RANGE:
            if number in numbers:
                return meaning
    names = (base.__name__ for base in type(error).__mro__)
    return next((BY_CLASS[name] for name in names if name in BY_CLASS), None)


def _login_meaning(text: str) -> Meaning:
    """Tell apart what connector 5.x reports alike as "failed to connect" (250001)."""
    if status := _HTTP_STATUS.search(text):
        return WRONG_ACCOUNT if status[1].startswith("4") else UNREACHABLE
    if "certificate" in text or "InvalidContentType" in text:
        return TLS
    if "rivate key" in text or "Authentication failed" in text:
        return KEY if "rivate key" in text or "Unspecified" in text else REFUSED
    return UNREACHABLE


def _local_meaning(error: BaseException) -> Meaning | None:
    if isinstance(error, MemoryError):
        return Meaning(LocalResourceError, "The memory of this machine is used up.")
    if isinstance(error, OSError):
        if error.errno in _LOCAL:
            return Meaning(
                LocalResourceError, "The disk is full or cannot be written.", "Free some space."
            )
        return UNREACHABLE if isinstance(error, ConnectionError | TimeoutError) else None
    return None


def _login_token(error: BaseException, meaning: Meaning) -> bool:
    """A session that is refused at sign-in was given to us; a later try would fail alike."""
    return meaning is SESSION_ENDED and "Failed to login" in str(error)


def _why(error: BaseException, sentence: str) -> str:
    """The failure in a few words; of the driver's text, only a status of HTTP is repeated."""
    text = str(error)
    if (status := _ANY_STATUS.search(text)) and int(status[1]) in _HTTP_STATUSES:
        return f"{status[1]} {HTTPStatus(int(status[1])).phrase}"
    return next((reason for part, reason in _REASONS if part in text), sentence.rstrip("."))


def _name(error: BaseException) -> str:
    parameter = getattr(error, "parameter", None)
    if isinstance(parameter, str) and parameter:
        return f" {parameter!r}"
    found = _QUOTED_NAME.search(str(error))
    return f" {found[1]}" if found else ""


def _place(error: BaseException) -> str:
    """The number and the query id, by which Snowflake's history tells more."""
    number, query_id = getattr(error, "errno", None), getattr(error, "sfqid", None)
    parts = [f"Snowflake error {number}"] if isinstance(number, int) and number > 0 else []
    if query_id:
        parts.append(f"query {query_id}")
    return "".join(f", {part}" for part in parts) if hasattr(error, "sfqid") else ""
