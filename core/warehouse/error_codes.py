"""Map error numbers of Snowflake and its connector to error classes, messages and hints.

Sources: Snowflake's numbers, as documented for its drivers and measured with connector 5.2; 250001
to 255999 are the connector's (`_internal/errorcode.py`), numbers below 20 are the error kinds of
its core (`ERROR_KIND_*`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from core.errors import (
    CancelledError,
    IntegrityError,
    NumericOverflowError,
    ObjectMissingError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import Advice, Remedy


class Meaning(NamedTuple):
    """The meaning of an error number.

    Attributes:
        kind: the class to raise.
        sentence: the message; `{name}` stands for the name that the driver gives in quotes.
        hint: what to do next.
        again: whether the same request may succeed within minutes.
    """

    kind: type[TransferError]
    sentence: str
    hint: str = ""
    again: bool = False


_ASK_ADMIN: Final = Advice(
    "Ask the Snowflake administrator, or name another role: ", Remedy("role"), "."
)
AGAIN: Final = "Run it again."
_CHECK_DATA: Final = "Check the values of the columns involved."
_SIGN_IN: Final = "Check the account, user, password, token or key of the connection."

_MFA = Meaning(
    SignInError,
    "Snowflake asks for a second factor.",
    "Use a key pair or a programmatic access token, or authenticator username_password_mfa.",
)
_TOKEN = Meaning(SignInError, "The sign-in token is expired or invalid.", "Get a new token.")
_KEY_PAIR = Meaning(
    SignInError,
    "Snowflake refused the key pair.",
    "Check that the user has this public key (DESCRIBE USER shows its fingerprint), that the "
    "connection's user is its login name, and this machine's clock.",
)
SESSION_ENDED = Meaning(TemporaryError, "The Snowflake session has ended.", AGAIN, again=True)
REFUSED = Meaning(SignInError, "Snowflake refused the sign-in.", _SIGN_IN)
WRONG_ACCOUNT = Meaning(
    SignInError,
    "The Snowflake account does not exist, or it does not admit this machine.",
    "Check the connection's account (like myorg-myaccount) and its network policy.",
)
REDIRECTED = Meaning(
    SignInError,
    "Snowflake's address redirects to another host or port, or to plain HTTP. The redirect was "
    "refused; nothing was sent there.",
    "Check the account and the host of the connection, and the proxy in between.",
)
TOO_LARGE = Meaning(
    IntegrityError,
    "An answer of Snowflake exceeds the size limit; it was not read to its end.",
    "Check the account and the host of the connection, and the proxy in between.",
)
KEY = Meaning(
    SignInError,
    "The private key cannot be used.",
    "Check the key file and its passphrase (PRIVATE_KEY_PASSPHRASE).",
)
UNREACHABLE = Meaning(
    TemporaryError,
    "Snowflake cannot be reached.",
    "Check the network, the proxy and the connection's account or host.",
    again=True,
)
_NO_ANSWER = Meaning(
    TemporaryError,
    "Snowflake did not answer in time.",
    "Check the network, the proxy and the connection's account or host; then try again.",
    again=True,
)
OF_PROXY: Final = (
    "If a proxy of your network replaces it, name a file with the proxy's certificate authority "
    "in SSL_CERT_FILE."
)
TLS = Meaning(
    TemporaryError,
    "No secure connection to Snowflake could be made.",
    "Check the connection's host, port and protocol, this machine's clock, and the TLS "
    "certificates of a proxy in between.",
)
# The reasons of the connector's TLS library, rustls, for refusing a certificate.
CERTIFICATES: Final = {
    "UnknownIssuer": TLS._replace(
        sentence="Snowflake's certificate is not trusted: its issuer is unknown.", hint=OF_PROXY
    ),
    "not valid for name": TLS._replace(
        sentence="Snowflake's certificate is not trusted: it is for another host.",
        hint="Check the connection's account or host, and the proxy in between.",
    ),
    "expired": TLS._replace(
        sentence="Snowflake's certificate is not trusted: it has expired.",
        hint="Check this machine's clock, and the proxy in between.",
    ),
    "not valid yet": TLS._replace(
        sentence="Snowflake's certificate is not trusted: it is not valid yet.",
        hint="Check this machine's clock.",
    ),
}
# HTTP 400 with an HTML page (recorded), where any refusal of a statement is HTTP 200 with JSON.
UNREADABLE = Meaning(
    TemporaryError,
    "Snowflake could not read a request (HTTP 400).",
    "Check the proxy in between, and the connection's host; then run it again.",
)
_SETTING = Meaning(
    UsageError, "The connection's parameter {name} is missing or invalid.", "Correct it."
)
_TRANSPORT = Meaning(
    TemporaryError, "The data could not be fetched from Snowflake.", AGAIN, again=True
)
BUSY = Meaning(TemporaryError, "Snowflake reports an internal failure.", AGAIN, again=True)
_NETWORK = Meaning(
    SignInError,
    "The account's network policy does not admit this machine.",
    "Ask the Snowflake administrator to allow its address.",
)
_DATA = Meaning(SourceDataError, "Snowflake could not compute the values.", _CHECK_DATA)
_OVERFLOW = Meaning(
    NumericOverflowError,
    "A number does not fit: Snowflake's numbers have at most 38 digits.",
    Advice("Leave the column out: ", Remedy("drop_columns"), "."),
)
_MISSING = Meaning(
    ObjectMissingError,
    "The object {name} does not exist, or the role may not see it.",
    "Check the name and the role.",
)
_INVALID = Meaning(
    SourceDataError,
    "Snowflake refused the statement.",
    "The table may have changed: run again. If it fails again, check Snowflake's query history.",
)

BY_NUMBER: Final[dict[int, Meaning]] = {
    4: _TRANSPORT,
    5: Meaning(CancelledError, "The statement was cancelled."),
    6: _TRANSPORT,
    7: _SETTING,
    14: _NO_ANSWER,
    603: BUSY,
    604: Meaning(TemporaryError, "The statement was cancelled at the warehouse.", AGAIN),
    605: Meaning(TemporaryError, "The statement is no longer running.", AGAIN),
    606: Meaning(
        UsageError, "No warehouse is active.", Advice("Name one: ", Remedy("warehouse"), ".")
    ),
    630: Meaning(
        TemporaryError,
        "The statement reached the time limit that Snowflake sets.",
        "Use a larger warehouse, or raise STATEMENT_TIMEOUT_IN_SECONDS.",
    ),
    709: Meaning(TemporaryError, "Snowflake no longer keeps the result.", AGAIN),
    904: Meaning(
        SourceDataError, "The column {name} does not exist.", "The table may have changed."
    ),
    2003: _MISSING,
    2043: _MISSING,
    3001: Meaning(SignInError, "The role lacks the privileges on {name}.", _ASK_ADMIN),
    90073: Meaning(
        TemporaryError,
        "The warehouse is suspended: its resource monitor's quota is used up.",
        Advice("Name another: ", Remedy("warehouse"), "; or ask the Snowflake administrator."),
    ),
    90105: Meaning(UsageError, "No database is selected.", "Write DATABASE.SCHEMA.TABLE."),
    90106: Meaning(UsageError, "No schema is selected.", "Write DATABASE.SCHEMA.TABLE."),
    100035: Meaning(SourceDataError, "A text value is not a timestamp.", _CHECK_DATA),
    100038: Meaning(SourceDataError, "A text value is not a number.", _CHECK_DATA),
    100039: Meaning(SourceDataError, "A number does not fit its column's type.", _CHECK_DATA),
    100040: Meaning(SourceDataError, "A text value is not a date.", _CHECK_DATA),
    100046: _OVERFLOW,
    100058: _OVERFLOW,
    250002: SESSION_ENDED,
    252005: Meaning(SourceDataError, "A value cannot be represented on this machine.", _CHECK_DATA),
    255001: Meaning(SourceDataError, "A column has a type that cannot be read."),
    255005: _TRANSPORT,
    390100: Meaning(
        SignInError, "The user name or the password is wrong.", "Check both in the connection."
    ),
    390102: Meaning(
        SignInError,
        "The user is locked for some minutes, after sign-ins that failed.",
        "Wait for 15 minutes, or ask the Snowflake administrator to unlock it.",
    ),
    390111: SESSION_ENDED,
    390112: SESSION_ENDED,
    390113: SESSION_ENDED,
    390114: _TOKEN,
    390115: SESSION_ENDED,
    390120: _MFA,
    390144: _KEY_PAIR,
    390189: Meaning(
        SignInError,
        "The role {name} does not exist, or the user does not have it.",
        Advice("Name another: ", Remedy("role"), "; or correct the connection."),
    ),
    390201: Meaning(
        SignInError,
        "A database, schema or warehouse of the connection does not exist, or the role may not use "
        "it.",
        "Check the connection's database, schema, warehouse and role.",
    ),
    390303: Meaning(
        SignInError,
        "Snowflake refused the OAuth token.",
        "Get a new token for this account from the authorization server that it trusts.",
    ),
    390318: Meaning(SignInError, "The OAuth token has expired.", "Get a new token."),
    390420: _NETWORK,
    390422: _NETWORK,
    390913: Meaning(
        SignInError,
        "The account's free trial has ended, so its warehouses are suspended.",
        "Ask the Snowflake administrator to add a payment method.",
    ),
    # https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details
    394300: _KEY_PAIR._replace(
        sentence="Snowflake refused the key pair: the account has no such user.",
        hint="Check the connection's account, and that its user is the login name of the user.",
    ),
    394302: _KEY_PAIR._replace(
        sentence="Snowflake refused the key pair: its token is not of the last 60 seconds.",
        hint="Check this machine's clock.",
    ),
    394303: _KEY_PAIR._replace(
        sentence="Snowflake refused the key pair: its token has expired.",
        hint="Check this machine's clock.",
    ),
    394304: _KEY_PAIR._replace(
        sentence="Snowflake refused the key pair: the user has another public key.",
        hint="Compare its fingerprint with the one that DESCRIBE USER shows.",
    ),
    394306: _KEY_PAIR,
    394307: _KEY_PAIR._replace(
        sentence="Snowflake refused the key pair: it was used for another account.",
        hint="Check the connection's account.",
    ),
    394400: Meaning(
        SignInError,
        "Snowflake refused the programmatic access token.",
        "Check that it has not expired, is not disabled and belongs to the connection's user, and "
        "that a network policy covers that user, which Snowflake demands by default.",
    ),
    394508: _MFA,
}
BY_RANGE: Final = (
    (range(100_000, 101_000), _DATA),
    (range(251_000, 252_000), _SETTING),
    # https://github.com/snowflakedb/spark-snowflake/issues/137
    (range(300_000, 301_000), BUSY),
    (range(370_000, 371_000), BUSY),
)
# Ranges of the sign-in. A statement that fails with such a number has begun, so it was signed in.
SIGN_IN_NUMBERS: Final = range(390_000, 400_000)
# Refusals whose meanings are distinguished by their texts: their numbers are not documented.
# https://github.com/littleK0i/SnowDDL/pull/164
# https://github.com/dbt-labs/docs.getdbt.com/pull/6433
# https://github.com/xlang-ai/Spider2/issues/143
BY_SIGN_IN_TEXT: Final = {
    "MFA authentication is required": _MFA,
    "differs from the user tied to the access token": Meaning(
        SignInError,
        "The OAuth token belongs to another user.",
        "Correct the connection's user, or leave it out; or get a token for that user.",
    ),
    "not listed in the Access Token": Meaning(
        SignInError,
        "The OAuth token does not allow the role {name}.",
        Advice("Name another: ", Remedy("role"), "; or get a token for this one."),
    ),
}
# Of these an administrator finds the reason by the UUID in their text.
# https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details
WITH_DETAILS: Final = frozenset({390144, 390303, 390318})
# Numbers that the connector's core uses too, for failures of its own, which have no such SQL state.
BY_STATE: Final = {(6, "0A000"): _INVALID}
BY_CLASS: Final = {
    "ReauthenticationRequest": SESSION_ENDED,
    "InterfaceError": _TRANSPORT,
    "OperationalError": _TRANSPORT,
    "InternalError": _TRANSPORT,
    "DataError": _DATA,
    "NotSupportedError": _INVALID,
    "ProgrammingError": _INVALID,
}
