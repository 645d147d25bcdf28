"""What the connector raises, and what the user is told; the connector's own errors throughout."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator

import pytest
from snowflake.connector import errors as driver

from core.errors import (
    DestinationError,
    DestinationExistsError,
    LocalResourceError,
    NumericOverflowError,
    ObjectMissingError,
    SignInError,
    SourceDataError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.warehouse.connect import connect
from core.warehouse.failures import is_session_lost, translate
from tests.support.services.scripted_login import ScriptedLogin
from tests.support.waiting import AT_ONCE


@pytest.fixture
def login() -> Iterator[ScriptedLogin]:
    with ScriptedLogin.running() as server:
        yield server


@pytest.mark.parametrize("number", [250002, 390111, 390112, 390113, 390114, 390115])
def test_after_these_a_new_sign_in_is_needed(number: int) -> None:
    """The connection is closed (250002), or the session or a token of it has ended."""
    assert is_session_lost(driver.DatabaseError("x", errno=number))
    assert not is_session_lost(driver.DatabaseError("x", errno=number + 2**20))


class TestSigningIn:
    @pytest.mark.parametrize(
        ("code", "text", "said"),
        [
            ("390100", "Incorrect username or password was specified.", "password is wrong"),
            ("390144", "JWT token is invalid.", "key pair"),
            ("390422", "Incoming request with IP/Token 10.9.8.7 is not allowed", "network policy"),
            ("390189", "Role 'X' specified does not exist or not authorized.", "The role X"),
            ("390201", "The requested warehouse does not exist: FOO", "schema or warehouse"),
            ("394508", "Multi-factor authentication is required", "second factor"),
            ("390190", "MFA authentication is required, but none", "second factor"),
            ("390318", "OAuth access token expired. hidden-token", "token has expired"),
            ("390111", "Session no longer exists.", "session has ended"),
            ("390999", "Something about hidden-token", "refused the sign-in"),
        ],
    )
    def test_a_refusal(self, login: ScriptedLogin, code: str, text: str, said: str) -> None:
        login.code, login.text = code, text
        with pytest.raises(SignInError) as caught:
            connect(login.parameters, query_tag="t", login_timeout=60)
        assert said in caught.value.message
        assert f"Snowflake error {code}" in caught.value.message
        assert "while signing in to Snowflake" in caught.value.message
        assert caught.value.hint
        assert "10.9.8.7" not in str(caught.value)
        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize("status", [403, 404])
    def test_an_account_that_does_not_exist(self, login: ScriptedLogin, status: int) -> None:
        login.status = status
        with pytest.raises(SignInError, match="Snowflake account does not exist"):
            connect(login.parameters, query_tag="t", login_timeout=60)

    def test_a_service_that_is_down(self, login: ScriptedLogin) -> None:
        login.status = 503
        started = time.monotonic()
        with pytest.raises(TemporaryError):
            connect(login.parameters, query_tag="t", login_timeout=1)
        assert time.monotonic() - started < AT_ONCE

    def test_nobody_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = {"host": "127.0.0.1", "port": taken.getsockname()[1], "protocol": "http"}
            started = time.monotonic()
            with pytest.raises(TemporaryError, match=r"to Snowflake at 127\.0\.0\.1") as caught:
                connect(
                    {"account": "a", "user": "u", "password": "p", **address},
                    query_tag="t",
                    login_timeout=1,
                )
            assert time.monotonic() - started < AT_ONCE
        assert "network" in caught.value.hint

    @pytest.mark.parametrize(
        ("given", "host"),
        [
            ({"account": "a", "host": "snowflake.invalid"}, "snowflake.invalid"),
            ({"account": "no_such-a"}, "no-such-a.snowflakecomputing.com"),
            (
                {"account": "no_such-a.privatelink"},
                "no_such-a.privatelink.snowflakecomputing.com",
            ),
            ({"account": "https://b.snowflakecomputing.cn/"}, "b.snowflakecomputing.cn"),
        ],
    )
    def test_a_host_that_does_not_exist(self, given: dict[str, str], host: str) -> None:
        with pytest.raises(TemporaryError, match=f"signing in to Snowflake at {host}[,)]"):
            connect(
                {"user": "u", "password": "p", **given},
                query_tag="t",
                login_timeout=1,
            )

    @pytest.mark.parametrize(
        ("parameters", "missing"),
        [
            ({"account": "a", "password": "p"}, "'user'"),
            ({"user": "u", "password": "p"}, "'account'"),
            ({"account": "a", "user": "u"}, "'password'"),
            ({"account": "a", "user": "u", "authenticator": "nonsense"}, "'authenticator'"),
            (
                {"account": "a", "user": "u", "authenticator": "snowflake_jwt"},
                "'private_key'",
            ),
            (
                {
                    "account": "a",
                    "user": "u",
                    "authenticator": "snowflake_jwt",
                    "private_key_file": "/no/such/key.p8",
                },
                "/no/such/key.p8",
            ),
        ],
    )
    def test_a_parameter_that_is_missing_or_wrong(
        self, parameters: dict[str, object], missing: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            connect(parameters, query_tag="t", login_timeout=60)
        assert missing in caught.value.message


class TestStatements:
    @pytest.mark.parametrize(
        ("number", "text", "kind", "said"),
        [
            (
                2003,
                "SQL compilation error:\nObject 'DEMO.PUBLIC.NOPE' does not exist.",
                ObjectMissingError,
                "DEMO.PUBLIC.NOPE",
            ),
            (
                2043,
                "Object does not exist, or operation cannot be performed.",
                ObjectMissingError,
                "may not see it",
            ),
            (
                904,
                "SQL compilation error: error line 1 at position 7\ninvalid identifier '\"Qty\"'",
                SourceDataError,
                '"Qty"',
            ),
            (1003, "syntax error line 1 at position 0 unexpected 'X'.", SourceDataError, "refused"),
            (
                3001,
                "SQL access control error:\nInsufficient privileges to operate on table 'T'",
                SignInError,
                "privileges on T",
            ),
            (604, "SQL execution canceled", TemporaryError, "cancelled at the warehouse"),
            (606, "No active warehouse selected in the current session.", UsageError, "warehouse"),
            (630, "Statement reached its timeout of 1 second(s)", TemporaryError, "time limit"),
            (100035, "Timestamp 'secret-value' is not recognized", SourceDataError, "timestamp"),
            (100038, "Numeric value 'secret-value' is not recognized", SourceDataError, "number"),
            (100039, "Numeric value 'secret-value' is out of range", SourceDataError, "not fit"),
            (100040, "Date 'secret-value' is not recognized", SourceDataError, "date"),
            (100046, "Number out of representable range: ", NumericOverflowError, "38 digits"),
            (100058, "Value overflow in a SUM aggregate", NumericOverflowError, "38 digits"),
            (100132, "JavaScript execution error: secret-value", SourceDataError, "compute"),
            (605, "Identified SQL statement is not currently executing.", TemporaryError, "longer"),
            (100999, "Something about 'secret-value'", SourceDataError, "compute"),
            (603, "SQL execution internal error:", TemporaryError, "internal failure"),
            (390999, "Something about the account", SourceDataError, "refused the statement"),
            (390112, "Your session has expired.", TemporaryError, "session has ended"),
            (709, "Statement 01b2 not found", TemporaryError, "no longer keeps"),
            (6, "chunk download: 403 https://host/x?Signature=hidden", TemporaryError, "fetched"),
        ],
    )
    def test_a_number(self, number: int, text: str, kind: type[TransferError], said: str) -> None:
        raised = driver.ProgrammingError(text, errno=number, sfqid="01b2-0003")
        told = translate(raised, "running a statement")
        assert type(told) is kind
        if issubclass(kind, SourceDataError):
            assert (told.exit_code, told.label) == (4, "source_data")
        assert said in told.message
        assert "while running a statement" in told.message
        assert f"Snowflake error {number}, query 01b2-0003" in told.message
        assert "secret-value" not in str(told)
        assert "hidden" not in str(told)

    def test_the_state_tells_a_number_of_snowflake_from_the_connectors(self) -> None:
        text = "Multiple SQL statements in a single API call are not supported"
        raised = driver.ProgrammingError(text, errno=6, sqlstate="0A000", sfqid="01b2-0003")
        told = translate(raised, "running a statement")
        assert type(told) is SourceDataError
        assert "refused the statement" in told.message

    @pytest.mark.parametrize(
        ("raised", "kind"),
        [
            (driver.OperationalError("x"), TemporaryError),
            (driver.InternalError("x"), TemporaryError),
            (driver.InterfaceError("x"), TemporaryError),
            (driver.ProgrammingError("x"), SourceDataError),
            (driver.DataError("x"), SourceDataError),
            (driver.DatabaseError("x"), TransferError),
        ],
    )
    def test_the_class_decides_where_the_number_does_not(
        self, raised: driver.Error, kind: type[TransferError]
    ) -> None:
        assert type(translate(raised, "reading")) is kind

    @pytest.mark.parametrize(("sfqid", "again"), [(None, True), ("01b2-0003", False)])
    def test_a_statement_that_failed_is_not_tried_again(
        self, sfqid: str | None, again: bool
    ) -> None:
        """It has an id; what failed before a statement began may succeed the next time."""
        raised = driver.InternalError("x", errno=300_002, sfqid=sfqid)
        told = translate(raised, "running a statement")
        assert isinstance(told, TemporaryError)
        assert told.again is again


class TestThisMachine:
    @pytest.mark.parametrize(
        ("raised", "kind"),
        [
            (OSError(errno.ENOSPC, "No space left on device"), LocalResourceError),
            (OSError(errno.EFBIG, "File too large"), LocalResourceError),
            (MemoryError(), LocalResourceError),
            (ConnectionResetError(errno.ECONNRESET, "reset"), TemporaryError),
            (TimeoutError(), TemporaryError),
            (ValueError("secret-value"), TransferError),
        ],
    )
    def test_errors_that_are_not_the_drivers(
        self, raised: Exception, kind: type[TransferError]
    ) -> None:
        told = translate(raised, "reading")
        assert type(told) is kind
        assert "secret-value" not in str(told)

    def test_our_own_come_back_as_they_are(self) -> None:
        own = SourceDataError("There is no date column.")
        assert translate(own, "planning") is own


class TestUnloading:
    """Snowflake's words for what S3 and its own objects refuse."""

    @pytest.mark.parametrize(
        ("number", "text", "kind", "said"),
        [
            (1030, "Files already existing at the unload destination: s3://b/k. Use overwrite "
             "option to force unloading.", DestinationExistsError, "already"),
            (3127, "SQL compilation error: Location 's3://b/k' is not allowed by integration X. "
             "Please use DESC INTEGRATION to check out allowed and blocked locations.",
             UsageError, "does not allow the destination"),
            (2003, "SQL compilation error:\nIntegration 'X' does not exist or not authorized.",
             UsageError, "integration X does not exist"),
            (2003, "SQL compilation error:\nStage 'DB.S.X' does not exist or not authorized.",
             UsageError, "stage DB.S.X does not exist"),
            (2003, "SQL compilation error:\nObject 'DB.S.X' does not exist or not authorized.",
             ObjectMissingError, "object DB.S.X does not exist"),
            (99999, "Unload to an inline URL is not permitted", UsageError, "forbids"),
            (99999, "Max file size (16777216) exceeded for unload single file mode.",
             UsageError, "does not fit into one file"),
            (91003, "Failure using stage area. Cause: [Access Denied (Status Code: 403; Error "
             "Code: AccessDenied)]", DestinationError, "may not write"),
            (91003, "Failure using stage area. Cause: [The specified bucket does not exist (Status "
             "Code: 404; Error Code: NoSuchBucket)]", DestinationError, "bucket does not exist"),
            (91003, "Failure using stage area. Cause: [The AWS Access Key Id you provided is not "
             "valid.]", DestinationError, "refuses the credentials"),
            (91003, "Failure using stage area. Cause: [Please reduce your request rate. (Status "
             "Code: 503; Error Code: SlowDown)]", TemporaryError, "temporarily refused"),
            (91003, "Failure using stage area. Cause: [Unavailable (Status Code: 504; Error Code: "
             "InternalServerError)]", TemporaryError, "temporarily refused"),
            (91003, "Failure using stage area. Cause: [Bad (Status Code: 403; Error Code: "
             "InvalidClientTokenId)]", DestinationError, "refuses the credentials"),
            (91003, "Failure using stage area. Cause: [hidden]", DestinationError, "cannot write"),
            (100071, 'Failed to cast variant value "KMS access denied"', SourceDataError,
             "values"),
        ],
    )  # fmt: skip
    def test_a_refusal(self, number: int, text: str, kind: type[TransferError], said: str) -> None:
        error = translate(driver.ProgrammingError(msg=text, errno=number), "unloading")
        assert type(error) is kind
        assert said in error.message
        assert error.hint
        assert "hidden" not in str(error)
