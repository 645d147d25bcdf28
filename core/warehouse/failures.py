"""What a failure of the Snowflake connector means to the user.

The error number decides, then the class: connector 5.x uses one class for much that differs, and
its texts may carry values of the table, addresses or tokens. So a message is ours, with the error
number, the query id and the names of objects; nothing else of the driver's text is repeated.

Sources: the numbers are Snowflake's, as documented for its drivers and measured against connector
5.2; 250001 to 255999 are the connector's own (`_internal/errorcode.py`), numbers below 20 are the
kinds of its core (`ERROR_KIND_*`).
"""

from __future__ import annotations

import errno as os_errno
import re
from http import HTTPStatus
from typing import Final, NamedTuple

from core.errors import (
    CancelledError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    LocalResourceError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)


class _Meaning(NamedTuple):
    """The class, the sentence (`{name}`: what the driver names in quotes) and the advice.

    `again`: the same request may succeed within minutes.
    """

    kind: type[TransferError]
    sentence: str
    hint: str = ""
    again: bool = False


_ASK_ADMIN: Final = "Ask the Snowflake administrator, or name another role with --role."
_AGAIN: Final = "Run it again; nothing was delivered."
_CHECK_DATA: Final = "Look at the values of the columns involved."
_SIGN_IN: Final = "Check the account, user, password, token or key of the connection."

_MFA = _Meaning(
    SignInError,
    "Snowflake asks for a second factor.",
    "Use a key pair or a programmatic access token, or authenticator username_password_mfa.",
)
_TOKEN = _Meaning(SignInError, "The sign-in token is expired or invalid.", "Get a new token.")
_SESSION_ENDED = _Meaning(TemporaryError, "The Snowflake session has ended.", _AGAIN, again=True)
_REFUSED = _Meaning(SignInError, "Snowflake refused the sign-in.", _SIGN_IN)
_WRONG_ACCOUNT = _Meaning(
    SignInError,
    "There is no such Snowflake account, or it does not admit this machine.",
    "Check the connection's account (like myorg-myaccount) and its network policy.",
)
_KEY = _Meaning(
    SignInError,
    "The private key cannot be used.",
    "Check the key file and its passphrase (PRIVATE_KEY_PASSPHRASE).",
)
_UNREACHABLE = _Meaning(
    TemporaryError,
    "Snowflake cannot be reached.",
    "Check the network, the proxy and the connection's account or host.",
    again=True,
)
_NO_ANSWER = _Meaning(
    TemporaryError,
    "Snowflake did not answer in time.",
    "Check the network, the proxy and the connection's account or host; then try again.",
    again=True,
)
_TLS = _Meaning(
    TemporaryError,
    "There is no secure connection to Snowflake.",
    "Check the connection's host, port and protocol, this machine's clock, and the TLS "
    "certificates of a proxy in between.",
)
_SETTING = _Meaning(
    UsageError, "The connection's parameter {name} is missing or invalid.", "Correct it."
)
_TRANSPORT = _Meaning(
    TemporaryError, "The data could not be fetched from Snowflake.", _AGAIN, again=True
)
_BUSY = _Meaning(TemporaryError, "Snowflake reports an internal failure.", _AGAIN, again=True)
_DATA = _Meaning(SourceDataError, "Snowflake could not compute the values.", _CHECK_DATA)
_OVERFLOW = _Meaning(
    SourceDataError,
    "A number does not fit: Snowflake's numbers have at most 38 digits.",
    "Leave the column out with --drop-columns.",
)
_MISSING = _Meaning(
    SourceDataError,
    "The object {name} does not exist, or the role may not see it.",
    "Check the name and the role.",
)
_INVALID = _Meaning(
    SourceDataError,
    "Snowflake refused the statement.",
    "The table may have changed: run again; if it stays, look into Snowflake's query history.",
)

_BY_NUMBER: Final[dict[int, _Meaning]] = {
    4: _TRANSPORT,
    5: _Meaning(CancelledError, "The statement was cancelled."),
    6: _TRANSPORT,
    7: _SETTING,
    14: _NO_ANSWER,
    604: _Meaning(TemporaryError, "The statement was cancelled at the warehouse.", _AGAIN),
    606: _Meaning(UsageError, "No warehouse is active.", "Name one with --warehouse."),
    612: _Meaning(TemporaryError, "Snowflake no longer keeps the result.", _AGAIN),
    630: _Meaning(
        TemporaryError,
        "The statement reached the time limit that Snowflake sets.",
        "Use a larger warehouse, or have STATEMENT_TIMEOUT_IN_SECONDS raised.",
    ),
    904: _Meaning(
        SourceDataError, "The column {name} does not exist.", "The table may have changed."
    ),
    1003: _INVALID,
    2003: _MISSING,
    2043: _MISSING,
    3001: _Meaning(SignInError, "The role lacks the privileges on {name}.", _ASK_ADMIN),
    90073: _Meaning(
        TemporaryError,
        "The warehouse is suspended: its resource monitor's quota is used up.",
        "Name another with --warehouse, or ask the Snowflake administrator.",
    ),
    90105: _Meaning(UsageError, "No database is selected.", "Write DATABASE.SCHEMA.TABLE."),
    90106: _Meaning(UsageError, "No schema is selected.", "Write DATABASE.SCHEMA.TABLE."),
    100035: _Meaning(SourceDataError, "A text is not a timestamp.", _CHECK_DATA),
    100038: _Meaning(SourceDataError, "A text is not a number.", _CHECK_DATA),
    100039: _OVERFLOW,
    100040: _Meaning(SourceDataError, "A text is not a date.", _CHECK_DATA),
    100132: _OVERFLOW,
    250002: _SESSION_ENDED,
    252005: _Meaning(SourceDataError, "A value cannot be represented here.", _CHECK_DATA),
    252013: _Meaning(IntegrityError, "Snowflake's result is incomplete.", _AGAIN),
    255001: _Meaning(SourceDataError, "A column has a type that cannot be read."),
    255005: _TRANSPORT,
    390100: _Meaning(
        SignInError, "The user name or the password is wrong.", "Check both in the connection."
    ),
    390111: _SESSION_ENDED,
    390112: _SESSION_ENDED,
    390113: _SESSION_ENDED,
    390114: _TOKEN,
    390115: _SESSION_ENDED,
    390120: _MFA,
    390144: _Meaning(
        SignInError,
        "Snowflake refused the key pair.",
        "Check that the user has this public key, and this machine's clock.",
    ),
    390189: _Meaning(
        SignInError,
        "The role {name} does not exist, or the user does not have it.",
        "Name another with --role, or correct the connection.",
    ),
    390197: _MFA,
    390201: _Meaning(
        SignInError,
        "The warehouse does not exist, or the role may not use it.",
        "Name another with --warehouse, or correct the connection.",
    ),
    390303: _TOKEN,
    390318: _TOKEN,
    390422: _Meaning(
        SignInError,
        "The account's network policy does not admit this machine.",
        "Ask the Snowflake administrator to allow its address.",
    ),
    394508: _MFA,
}
# What an unload meets: told apart by Snowflake's words, as one number (91003) stands for all that
# S3 says, another (2003) for every object; and the numbers of the rest are not documented.
_STORE: Final = r"(?s)(stage area|remote file).*"
_INTEGRATION: Final = "Check --storage-integration, and that the role has USAGE on it."
_STORE_KEYS: Final = "Check the integration's or the stage's AWS role, or the AWS credentials."
_BY_TEXT: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (
            "already existing at the unload destination",
            _Meaning(
                DestinationExistsError,
                "There are files at the destination already.",
                'Allow one to be replaced: if_exists="overwrite".',
            ),
        ),
        (
            "not allowed by integration",
            _Meaning(
                UsageError,
                "The storage integration does not allow the destination.",
                "Have it added to the integration's STORAGE_ALLOWED_LOCATIONS, or name another.",
            ),
        ),
        (
            r"\bIntegration '[^']*' does not exist",
            _Meaning(
                UsageError,
                "The storage integration {name} does not exist, or the role may not use it.",
                _INTEGRATION,
            ),
        ),
        (
            r"\bIntegration '[^']*' is not enabled",
            _Meaning(UsageError, "The storage integration {name} is switched off.", _INTEGRATION),
        ),
        (
            r"\bStage '[^']*' does not exist",
            _Meaning(
                UsageError,
                "The stage {name} does not exist, or the role may not use it.",
                "Check --stage, and that the role has USAGE on it.",
            ),
        ),
        (
            r"PREVENT_UNLOAD_TO_INLINE_URL|unload.*\binline\b",
            _Meaning(
                UsageError,
                "The account forbids unloading to a URL.",
                "Name an external stage of the bucket with --stage.",
            ),
        ),
        (
            "max(imum)? file size.* exceeded",
            _Meaning(
                UsageError,
                "The result does not fit into one file of --max-file-size.",
                "Give a smaller size: the result then becomes several files.",
            ),
        ),
        (
            f"{_STORE}(NoSuchBucket|bucket does not exist)",
            _Meaning(
                DestinationError,
                "Snowflake finds no such bucket.",
                "Check the bucket's name and its region.",
            ),
        ),
        (
            f"{_STORE}(AccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|Access Key Id)",
            _Meaning(
                DestinationError,
                "AWS refuses the credentials by which Snowflake writes.",
                _STORE_KEYS,
            ),
        ),
        (
            f"{_STORE}(SlowDown|ServiceUnavailable|InternalError|RequestTimeout|Throttl)",
            _Meaning(TemporaryError, "The bucket did not take what Snowflake wrote.", _AGAIN),
        ),
        (
            f"{_STORE}(AccessDenied|access denied|KMS)",
            _Meaning(
                DestinationError,
                "Snowflake may not write to the bucket.",
                "It needs s3:PutObject, s3:GetObject, s3:ListBucket and s3:DeleteObject there; "
                "with a KMS key also kms:GenerateDataKey and kms:Decrypt.",
            ),
        ),
        (
            _STORE,
            _Meaning(DestinationError, "Snowflake cannot write to the bucket.", _STORE_KEYS),
        ),
    )
)
# Numbers of whose errors the text is looked at.
_WORDED: Final = frozenset({1030, 2003, 3127, 3128, 91003, 100145})
_BY_RANGE: Final = (
    (range(100_000, 101_000), _DATA),
    (range(251_000, 252_000), _SETTING),
    (range(300_000, 301_000), _BUSY),
    (range(370_000, 371_000), _BUSY),
    (range(390_000, 400_000), _REFUSED),
)
_BY_CLASS: Final = {
    "ReauthenticationRequest": _SESSION_ENDED,
    "InterfaceError": _TRANSPORT,
    "OperationalError": _TRANSPORT,
    "InternalError": _TRANSPORT,
    "DataError": _DATA,
    "NotSupportedError": _INVALID,
    "ProgrammingError": _INVALID,
}
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
        again = meaning.again and not (meaning is _BUSY and getattr(error, "sfqid", None))
        return TemporaryError(message, meaning.hint, why=_why(error, sentence), again=again)
    return kind(message, meaning.hint)


def is_session_lost(error: BaseException) -> bool:
    """Whether the session is gone, or may be, so that only a new sign-in helps."""
    lost = getattr(error, "errno", None) in _LOST or "Reauthentication" in type(error).__name__
    # The connector's word for any refusal of a statement's start.
    return lost or "did not report a queryId" in str(error)


def session_ended() -> TemporaryError:
    """What to raise for a lost session once there is a new one."""
    return TemporaryError(_SESSION_ENDED.sentence, _SESSION_ENDED.hint, again=True)


def is_overflow(error: TransferError) -> bool:
    """Whether a statement failed of a number with more than Snowflake's 38 digits."""
    return _BY_NUMBER.get(getattr(error.__cause__, "errno", 0)) is _OVERFLOW


def _driver_meaning(error: BaseException, number: object) -> _Meaning | None:
    if number == _LOGIN_FAILED:
        return _login_meaning(str(error))
    if isinstance(number, int):
        if number in _WORDED or number not in _BY_NUMBER:
            text = str(error)
            for pattern, meaning in _BY_TEXT:
                if pattern.search(text):
                    return meaning
        if number in _BY_NUMBER:
            return _BY_NUMBER[number]
        for numbers, meaning in _BY_RANGE:
            if number in numbers:
                return meaning
    names = (base.__name__ for base in type(error).__mro__)
    return next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)


def _login_meaning(text: str) -> _Meaning:
    """Tell apart what connector 5.x reports alike as "failed to connect" (250001)."""
    if status := _HTTP_STATUS.search(text):
        return _WRONG_ACCOUNT if status[1].startswith("4") else _UNREACHABLE
    if "certificate" in text or "InvalidContentType" in text:
        return _TLS
    if "rivate key" in text or "Authentication failed" in text:
        return _KEY if "rivate key" in text or "Unspecified" in text else _REFUSED
    return _UNREACHABLE


def _local_meaning(error: BaseException) -> _Meaning | None:
    if isinstance(error, MemoryError):
        return _Meaning(LocalResourceError, "The memory of this machine is used up.")
    if isinstance(error, OSError):
        if error.errno in _LOCAL:
            return _Meaning(
                LocalResourceError, "The disk is full or cannot be written.", "Free some space."
            )
        return _UNREACHABLE if isinstance(error, ConnectionError | TimeoutError) else None
    return None


def _login_token(error: BaseException, meaning: _Meaning) -> bool:
    """A session that is refused at sign-in was given to us; a later try would fail alike."""
    return meaning is _SESSION_ENDED and "Failed to login" in str(error)


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
