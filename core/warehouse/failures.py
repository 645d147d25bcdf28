"""Translate failures of the Snowflake connector into the errors of `core.errors`.

The error number decides, then the class: connector 5.x uses one class for different failures, and
its texts may contain values of the table, addresses or tokens. So each message is written here and
contains the error number, the query id and the names of objects, but no other driver text.
"""

from __future__ import annotations

import errno as os_errno
import re
from http import HTTPStatus
from typing import Final

from core.errors import LocalResourceError, SignInError, TemporaryError, TransferError
from core.remedy import Advice
from core.warehouse.error_codes import (
    BUSY,
    BY_CLASS,
    BY_NUMBER,
    BY_RANGE,
    BY_SIGN_IN_TEXT,
    BY_STATE,
    CERTIFICATES,
    KEY,
    REDIRECTED,
    REFUSED,
    SESSION_ENDED,
    SIGN_IN_NUMBERS,
    TLS,
    UNREACHABLE,
    UNREADABLE,
    WITH_DETAILS,
    WRONG_ACCOUNT,
    Meaning,
)
from core.warehouse.unload_errors import BY_TEXT, WORDED

_LOGIN_FAILED: Final = 250001
_TRANSPORT: Final = 6
_BAD_REQUEST: Final = f"error status: {HTTPStatus.BAD_REQUEST.value}"
# 390114, an expired master token, also ends a session, if there was one.
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
# The answer of `core.warehouse.network.gate` for any host other than the account's.
_MISDIRECTED: Final = f"status: {HTTPStatus.MISDIRECTED_REQUEST.value}"
_QUOTED_NAME = re.compile(r"'([^'\n]{1,300})'")
_IDENTIFIER = re.compile(r"\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]", re.IGNORECASE)
_LOCAL: Final = frozenset({os_errno.ENOSPC, os_errno.EDQUOT, os_errno.EFBIG, os_errno.EROFS})


def translate(error: BaseException, doing: str) -> TransferError:
    """Return the TransferError for `error`.

    Args:
        error: an exception of the connector or of the network below it.
        doing: the activity, completing the phrase "while ...".

    Returns:
        The error to raise `from error`; a TransferError is returned unchanged.
    """
    if isinstance(error, TransferError):
        return error
    number = getattr(error, "errno", None)
    is_driver = hasattr(error, "sfqid")
    meaning = _find_driver_meaning(error, number) if is_driver else _find_local_meaning(error)
    if meaning is None:
        return TransferError(
            f"Unexpected {type(error).__name__} while {doing}{_format_ids(error)}."
        )
    sentence = (
        meaning.sentence.replace(" {name}", _format_name(error)) if is_driver else meaning.sentence
    )
    kind = SignInError if _is_refused_token(error, meaning) else meaning.kind
    message = f"{sentence.rstrip('.')} (while {doing}{_format_ids(error)})."
    if kind is TemporaryError:
        again = meaning.again and not (meaning is BUSY and getattr(error, "sfqid", None))
        return TemporaryError(message, meaning.hint, why=_describe(error, sentence), again=again)
    return kind(message, _add_details(error, number, meaning.hint))


def is_session_lost(error: BaseException) -> bool:
    """Whether the session has ended, or may have, so that a new sign-in is needed."""
    lost = getattr(error, "errno", None) in _LOST or "Reauthentication" in type(error).__name__
    # The connector's text whenever the start of a statement is refused.
    return lost or "did not report a queryId" in str(error)


def session_ended() -> TemporaryError:
    """Return the error for a lost session that has been replaced: the request may be repeated."""
    return TemporaryError(SESSION_ENDED.sentence, SESSION_ENDED.hint, again=True)


def _find_driver_meaning(error: BaseException, number: object) -> Meaning | None:
    if _MISDIRECTED in str(error):
        return REDIRECTED
    if number in (_LOGIN_FAILED, _TRANSPORT) and _BAD_REQUEST in str(error):
        return UNREADABLE
    if number == _LOGIN_FAILED:
        return _find_login_meaning(str(error))
    if isinstance(number, int) and (meaning := _find_by_number(error, number)) is not None:
        return meaning
    names = (base.__name__ for base in type(error).__mro__)
    return next((BY_CLASS[name] for name in names if name in BY_CLASS), None)


def _find_by_number(error: BaseException, number: int) -> Meaning | None:
    state = str(getattr(error, "sqlstate", None))
    if (number, state) in BY_STATE:
        return BY_STATE[number, state]
    text = str(error)
    if number in SIGN_IN_NUMBERS:
        for part, meaning in BY_SIGN_IN_TEXT.items():
            if part in text:
                return meaning
    if number in WORDED or number not in BY_NUMBER:
        for pattern, meaning in BY_TEXT:
            if pattern.search(text):
                return meaning
    if number in BY_NUMBER:
        return BY_NUMBER[number]
    if number in SIGN_IN_NUMBERS and not getattr(error, "sfqid", None):
        return REFUSED
    return next((meaning for numbers, meaning in BY_RANGE if number in numbers), None)


def _find_login_meaning(text: str) -> Meaning:
    """Distinguish the failures that connector 5.x reports as "failed to connect" (250001)."""
    if status := _HTTP_STATUS.search(text):
        return WRONG_ACCOUNT if status[1].startswith("4") else UNREACHABLE
    for reason, meaning in CERTIFICATES.items():
        if reason in text and "certificate" in text:
            return meaning
    if "certificate" in text or "InvalidContentType" in text:
        return TLS
    if "rivate key" in text or "Authentication failed" in text:
        return KEY if "rivate key" in text or "Unspecified" in text else REFUSED
    return UNREACHABLE


def _add_details(error: BaseException, number: object, hint: str) -> str:
    """Add how an administrator finds the reason of a refused sign-in, where Snowflake keeps it."""
    found = _IDENTIFIER.search(str(error)) if number in WITH_DETAILS else None
    if found is None:
        return hint
    return Advice(
        hint,
        " An administrator sees the reason with "
        f"SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('{found[1]}')",
    )


def _find_local_meaning(error: BaseException) -> Meaning | None:
    if isinstance(error, MemoryError):
        return Meaning(LocalResourceError, "The memory of this machine is used up.")
    if isinstance(error, OSError):
        if error.errno in _LOCAL:
            return Meaning(
                LocalResourceError, "The disk is full or cannot be written.", "Free some space."
            )
        return UNREACHABLE if isinstance(error, ConnectionError | TimeoutError) else None
    return None


def _is_refused_token(error: BaseException, meaning: Meaning) -> bool:
    """Whether a sign-in by session token was refused, which a later attempt cannot change."""
    return meaning is SESSION_ENDED and "Failed to login" in str(error)


def _describe(error: BaseException, sentence: str) -> str:
    """Describe the failure in a few words, with no driver text other than an HTTP status."""
    text = str(error)
    if (status := _ANY_STATUS.search(text)) and int(status[1]) in _HTTP_STATUSES:
        return f"{status[1]} {HTTPStatus(int(status[1])).phrase}"
    return next((reason for part, reason in _REASONS if part in text), sentence.rstrip("."))


def _format_name(error: BaseException) -> str:
    parameter = getattr(error, "parameter", None)
    if isinstance(parameter, str) and parameter:
        return f" {parameter!r}"
    found = _QUOTED_NAME.search(str(error))
    return f" {found[1]}" if found else ""


def _format_ids(error: BaseException) -> str:
    """Format the error number and the query id, which identify it in Snowflake's query history."""
    number, query_id = getattr(error, "errno", None), getattr(error, "sfqid", None)
    parts = [f"Snowflake error {number}"] if isinstance(number, int) and number > 0 else []
    if query_id:
        parts.append(f"query {query_id}")
    return "".join(f", {part}" for part in parts) if hasattr(error, "sfqid") else ""
