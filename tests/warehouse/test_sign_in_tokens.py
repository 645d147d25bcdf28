"""Sign-ins with a key pair, an access token and an OAuth token, on the sandbox warehouse."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.connections.secrets import Secret
from core.errors import SignInError
from core.warehouse.connect import connect
from tests.support.tokens import key_pair, private_pem, public_text, signed

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.sandbox.launcher import Sandbox

OURS, THEIRS = key_pair(1), key_pair(2)
ISSUER = "https://idp.example.com"
INTEGRATION = f"""CREATE OR REPLACE SECURITY INTEGRATION idp TYPE = EXTERNAL_OAUTH ENABLED = TRUE
    EXTERNAL_OAUTH_TYPE = CUSTOM EXTERNAL_OAUTH_ISSUER = '{ISSUER}'
    EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'sub'
    EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'LOGIN_NAME'
    EXTERNAL_OAUTH_RSA_PUBLIC_KEY = '{public_text(OURS)}'
    EXTERNAL_OAUTH_AUDIENCE_LIST = ('sandbox')"""
Rows = list[tuple[Any, ...]]


class Account:
    """The user of the sandbox and the connection's arguments, without a password."""

    def __init__(self, sandbox: Sandbox, admin: SnowflakeConnection) -> None:
        self._admin = admin
        self.parameters = {k: v for k, v in sandbox.snowflake.items() if k != "password"}

    def run(self, sql: str) -> Rows:
        return list(self._admin.cursor().execute(sql).fetchall())  # type: ignore[union-attr]

    def user(self, **more: object) -> str:
        """Sign in, and return whose session it is."""
        with closing(connect(self.parameters | more, query_tag="a test")) as session:
            (row,) = session.cursor().execute("SELECT CURRENT_USER()").fetchall()  # type: ignore[union-attr]
            return str(row[0])

    def refusal(self, **more: object) -> SignInError:
        with pytest.raises(SignInError) as caught:
            connect(self.parameters | more, query_tag="a test")
        return caught.value

    def reason(self, refused: SignInError) -> str:
        """What the statement in the hint says of the refusal."""
        statement = "SELECT " + refused.hint.partition("SELECT ")[2]
        ((details,),) = self.run(statement)
        return str(json.loads(details)["errorCode"])


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Account]:
    with closing(connect(sandbox.snowflake, query_tag="a test")) as admin:
        account = Account(sandbox, admin)
        try:
            yield account
        finally:
            account.run("ALTER USER demo UNSET RSA_PUBLIC_KEY, RSA_PUBLIC_KEY_2, NETWORK_POLICY")
            account.run("DROP SECURITY INTEGRATION IF EXISTS idp")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "rsa_key.p8"
    path.touch(0o600)
    path.write_text(private_pem(OURS))
    return path


def test_a_key_pair_signs_in(account: Account, key_file: Path) -> None:
    account.run(f"ALTER USER demo SET RSA_PUBLIC_KEY_2 = '{public_text(OURS)}'")
    assert account.user(private_key_file=str(key_file)) == "DEMO"
    described = {name: value for name, value, *_ in account.run("DESCRIBE USER demo")}
    assert described["RSA_PUBLIC_KEY_2_FP"].startswith("SHA256:")
    assert described["RSA_PUBLIC_KEY_FP"] == "null"


def test_a_refused_key_pair_has_its_reason_in_the_hint(account: Account, key_file: Path) -> None:
    account.run(f"ALTER USER demo SET RSA_PUBLIC_KEY = '{public_text(THEIRS)}'")
    refused = account.refusal(private_key_file=str(key_file))
    assert "refused the key pair" in str(refused)
    assert "390144" in str(refused)
    assert "DESCRIBE USER" in refused.hint
    assert account.reason(refused) == "JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH"
    other = account.refusal(private_key_file=str(key_file), user="stranger")
    assert account.reason(other) == "JWT_TOKEN_INVALID_USER_IN_ISSUER"


def test_an_access_token_signs_in(account: Account) -> None:
    minutes = "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT = 10"
    try:
        (made,) = account.run(f"ALTER USER demo ADD PROGRAMMATIC ACCESS TOKEN nightly {minutes}")
        name, secret = made
        assert name == "NIGHTLY"
        token = Secret(secret)
        told = {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": token}
        assert account.user(**told) == "DEMO"
        assert account.user(password=token) == "DEMO"
        account.run("ALTER USER demo MODIFY PAT nightly SET DISABLED = TRUE")
        refused = account.refusal(**told)
    finally:
        account.run("ALTER USER demo REMOVE PAT nightly")
    assert "refused the programmatic access token" in str(refused)
    assert "394400" in str(refused)
    assert "network policy" in refused.hint
    assert secret not in f"{refused} {refused.hint}"


def oauth(**changes: object) -> dict[str, object]:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "sandbox",
        "sub": "demo",
        "iat": now,
        "exp": now + 3_600,
        "scp": "session:role:SYSADMIN",
    }
    return {"authenticator": "oauth", "token": Secret(signed(OURS, claims | changes))}


def test_an_oauth_token_signs_in(account: Account) -> None:
    unknown = account.refusal(**oauth())
    assert "refused the OAuth token" in str(unknown)
    assert account.reason(unknown) == "EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND"
    account.run(INTEGRATION)
    assert account.user(**oauth()) == "DEMO"


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"exp": 1}, "OAuth token has expired", "Get a new token"),
        ({"sub": "other"}, "belongs to another user", "connection's user"),
        ({"scp": "session:role:PUBLIC"}, "does not allow the role SYSADMIN", "role"),
    ],
)
def test_a_refused_oauth_token_is_explained(
    account: Account, changes: dict[str, object], message: str, hint: str
) -> None:
    account.run(INTEGRATION)
    refused = account.refusal(**oauth(**changes))
    assert message in str(refused)
    assert hint in refused.hint


def test_a_limited_role_changes_no_user(account: Account) -> None:
    account.run("USE ROLE PUBLIC")
    try:
        with pytest.raises(Exception, match="Insufficient privileges"):
            account.run("ALTER USER demo ADD PAT theirs")
    finally:
        account.run("USE ROLE SYSADMIN")
