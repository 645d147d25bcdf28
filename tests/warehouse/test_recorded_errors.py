"""Errors recorded from the real Snowflake have the meaning that they have for its users."""

from __future__ import annotations

import json

import pytest
from snowflake import connector as driver

from core.errors import (
    DestinationError,
    DestinationExistsError,
    NumericOverflowError,
    ObjectMissingError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.warehouse.failures import translate
from tests.support.recordings import RECORDINGS

# The class of each recorded error, and words that only its own message has.
MEANINGS: dict[tuple[str, str], tuple[type[TransferError], str]] = {
    ("100058", "SUM"): (NumericOverflowError, "38 digits"),
    ("100046", "representable"): (NumericOverflowError, "38 digits"),
    ("100039", "345.123"): (SourceDataError, "does not fit"),
    ("100132", "JavaScript"): (SourceDataError, "could not compute"),
    ("390201", "database"): (SignInError, "database, schema or warehouse"),
    ("390201", "warehouse"): (SignInError, "database, schema or warehouse"),
    ("390420", "not allowed"): (SignInError, "network policy"),
    ("390422", "not allowed"): (SignInError, "network policy"),
    ("394400", "access token"): (SignInError, "refused the programmatic access token"),
    ("390102", "locked"): (SignInError, "locked"),
    ("390913", "trial"): (SignInError, "trial has ended"),
    ("000006", "Multiple"): (SourceDataError, "refused the statement"),
    ("000605", "executing"): (TemporaryError, "no longer running"),
    ("091003", "Access Denied"): (DestinationError, "may not write"),
    ("091003", "disabled"): (DestinationError, "may not write"),
    ("091003", "NoSuchBucket"): (DestinationError, "does not exist"),
    ("", "direct credentials"): (UsageError, "forbids passing AWS credentials"),
    ("003127", "not allowed"): (UsageError, "does not allow the destination"),
    ("001030", "already"): (DestinationExistsError, "already contains"),
    ("100145", "exceeded"): (UsageError, "does not fit into one file"),
    ("002003", "Object"): (ObjectMissingError, "DB.SC.T"),
    ("002003", "Schema"): (ObjectMissingError, "DB.SC"),
    ("003001", "privileges"): (SignInError, "privileges on T"),
    ("000606", "warehouse"): (UsageError, "No warehouse"),
    ("000630", "timeout"): (TemporaryError, "time limit"),
    ("000604", "canceled"): (TemporaryError, "cancelled"),
    ("090073", "monitor"): (TemporaryError, "resource monitor"),
    ("090105", "database"): (UsageError, "No database"),
    ("000904", "FOO"): (SourceDataError, "FOO"),
    ("001003", "syntax"): (SourceDataError, "refused the statement"),
    ("100038", "abc"): (SourceDataError, "not a number"),
    ("100035", "Timestamp"): (SourceDataError, "not a timestamp"),
    ("390144", "JWT"): (SignInError, "key pair"),
    ("390303", "OAuth"): (SignInError, "refused the OAuth token"),
    ("390318", "OAuth"): (SignInError, "OAuth token has expired"),
    ("394508", "TOTP"): (SignInError, "second factor"),
    ("390100", "Incorrect"): (SignInError, "password is wrong"),
}
PATH = RECORDINGS / "snowflake" / "errors" / "verbatim.json"

if PATH.exists():

    @pytest.mark.parametrize(
        "recorded",
        json.loads(PATH.read_text()),
        ids=lambda recorded: f"{recorded['code']} {recorded['text'][:40]}",
    )
    def test_a_recorded_error(recorded: dict[str, str]) -> None:
        code, state, text = (recorded[key] for key in ("code", "sqlState", "text"))
        ((kind, said),) = [
            meaning for (of, word), meaning in MEANINGS.items() if of == code and word in text
        ]
        number = int(code) if code else -1
        id_ = None if code.startswith("39") else "01b2-0003"
        raised = driver.ProgrammingError(text, errno=number, sqlstate=state, sfqid=id_)
        told = translate(raised, "running a statement")
        assert type(told) is kind
        assert said in told.message
        assert "345.123" not in str(told)
