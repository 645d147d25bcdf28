"""Which tokens the warehouse accepts, and for which reason it refuses the others.

The reasons: https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.sandbox.warehouse.users import jwt
from core.sandbox.warehouse.users.users import Issuer, Refused, Users
from tests.support.tokens import key_pair, public_text, signed

NOW = 1_800_000_000.0
OURS, THEIRS = key_pair(1), key_pair(2)
PRINT = jwt.fingerprint(OURS.public_key())
ISSUER = "https://idp.example.com"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def users() -> Users:
    users = Users("acme", "reporter", "the password", lambda: NOW)
    users.keys["RSA_PUBLIC_KEY_2"] = OURS.public_key()
    users.issuers["EXT"] = Issuer(
        "EXT", ISSUER, (OURS.public_key(),), ("sub",), ("https://acme.example.com",)
    )
    return users


def key_pair_claims() -> dict[str, Any]:
    return {
        "iss": f"ACME.REPORTER.{PRINT}",
        "sub": "ACME.REPORTER",
        "iat": NOW - 1,
        "exp": NOW + 100,
    }


def oauth_claims() -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": ["https://acme.example.com"],
        "sub": "reporter",
        "iat": NOW - 1,
        "exp": NOW + 100,
        "scp": ["session:role:analyst"],
    }


def sign_in(users: Users, method: str, token: str, **more: str) -> None:
    data = {"AUTHENTICATOR": method, "LOGIN_NAME": "Reporter", "TOKEN": token}
    users.check(data | more, "ANALYST")


def reason(users: Users, method: str, token: str, **more: str) -> str:
    """The reason that the administrator learns of a refused sign-in."""
    with pytest.raises(Refused) as caught:
        sign_in(users, method, token, **more)
    found = re.search(r"\[(.+)\]$", caught.value.message)
    return str(users.failures[found[1]]["errorCode"]) if found else caught.value.message


def test_a_public_key_is_read_with_and_without_its_lines() -> None:
    text = public_text(OURS)
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    for written in (
        text,
        lines,
        f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n",
    ):
        key = jwt.public_key(written)
        assert key is not None
        assert jwt.fingerprint(key) == PRINT
    assert jwt.public_key("no key") is None


def test_a_key_pair_signs_in_with_either_key(users: Users) -> None:
    sign_in(users, "SNOWFLAKE_JWT", signed(OURS, key_pair_claims()))
    users.keys["RSA_PUBLIC_KEY"] = THEIRS.public_key()
    sign_in(users, "SNOWFLAKE_JWT", signed(OURS, key_pair_claims()))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.update(iss=f"OTHER.REPORTER.{PRINT}"), "JWT_TOKEN_ACCOUNT_MISMATCH"),
        (lambda c: c.update(iss=f"ACME.OTHER.{PRINT}"), "JWT_TOKEN_INVALID_USER_IN_ISSUER"),
        (lambda c: c.pop("iat"), "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME"),
        (lambda c: c.update(exp=True), "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME"),
        (lambda c: c.update(iat=NOW - 61), "JWT_TOKEN_INVALID_ISSUE_TIME"),
        (lambda c: c.update(iat=NOW + 61), "JWT_TOKEN_INVALID_ISSUE_TIME"),
        (lambda c: c.update(exp=NOW), "JWT_TOKEN_INVALID_EXPIRATION_TIME"),
        (lambda c: c.update(sub="ACME.OTHER"), "JWT_TOKEN_INVALID"),
        (
            lambda c: c.update(iss="ACME.REPORTER.SHA256:AAAA"),
            "JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH",
        ),
    ],
)
def test_a_token_of_a_key_pair_is_refused(users: Users, change: Change, why: str) -> None:
    claims = key_pair_claims()
    change(claims)
    assert reason(users, "SNOWFLAKE_JWT", signed(OURS, claims)) == why


def test_a_signature_is_verified(users: Users) -> None:
    claims = key_pair_claims()
    token = signed(THEIRS, claims)
    assert reason(users, "SNOWFLAKE_JWT", token) == "JWT_TOKEN_INVALID_SIGNATURE"
    other = signed(OURS, claims, algorithm="none")
    assert reason(users, "SNOWFLAKE_JWT", other) == "JWT_TOKEN_INVALID_ALGORITHM"
    head, body, _ = signed(OURS, claims).split(".")
    assert reason(users, "SNOWFLAKE_JWT", f"{head}.{body}.") == "JWT_TOKEN_INVALID_SIGNATURE"
    for broken in ("", "a.b", "a.b.c", f"{head}.W10.AAAA", f"{head}.é.AAAA"):
        assert reason(users, "SNOWFLAKE_JWT", broken) == "JWT_TOKEN_INVALID"


def test_a_key_pair_is_of_one_user(users: Users) -> None:
    token = signed(OURS, key_pair_claims())
    why = reason(users, "SNOWFLAKE_JWT", token, LOGIN_NAME="other")
    assert why == "JWT_TOKEN_INVALID_USER_IN_ISSUER"


def test_an_access_token_needs_a_network_policy_and_is_a_password_too(users: Users) -> None:
    secret = users.add_token("T", days=1, bypass_minutes=0)
    with pytest.raises(Refused, match="Programmatic access token is invalid") as caught:
        sign_in(users, "PROGRAMMATIC_ACCESS_TOKEN", secret)
    assert caught.value.data == {
        "nextAction": "RETRY_LOGIN",
        "authnMethod": "PAT",
        "signInOptions": {},
    }
    users.network_policy = "OFFICE"
    sign_in(users, "PROGRAMMATIC_ACCESS_TOKEN", secret)
    sign_in(users, "SNOWFLAKE", "", PASSWORD=secret)


@pytest.mark.parametrize("fault", ["disabled", "expired", "bypass over", "another user"])
def test_an_access_token_is_refused(users: Users, fault: str) -> None:
    secret = users.add_token("T", days=1, bypass_minutes=10)
    sign_in(users, "PROGRAMMATIC_ACCESS_TOKEN", secret)
    token = users.tokens["T"]
    if fault == "disabled":
        token.disabled = True
    elif fault != "another user":
        after = token.expires if fault == "expired" else token.bypass_until
        users.now = lambda: after
        users.network_policy = "OFFICE" if fault == "expired" else ""
    named = "other" if fault == "another user" else "reporter"
    with pytest.raises(Refused):
        sign_in(users, "PROGRAMMATIC_ACCESS_TOKEN", secret, LOGIN_NAME=named)
    with pytest.raises(Refused, match="Incorrect username or password") as caught:
        sign_in(users, "SNOWFLAKE", "", PASSWORD=secret, LOGIN_NAME=named)
    assert caught.value.data is not None
    assert caught.value.data["authnMethod"] == "USERNAME_PASSWORD"


def test_an_oauth_token_signs_in_without_a_user_too(users: Users) -> None:
    token = signed(OURS, oauth_claims())
    sign_in(users, "OAUTH", token)
    sign_in(users, "OAUTH", token, LOGIN_NAME="")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.pop("iss"), "EXTERNAL_OAUTH_MISSING_ISSUER"),
        (lambda c: c.update(iss="other"), "EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND"),
        (lambda c: c.update(exp=NOW), "EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED"),
        (lambda c: c.update(nbf=NOW + 90), "EXTERNAL_OAUTH_ACCESS_TOKEN_NOT_YET_VALID"),
        (lambda c: c.pop("aud"), "EXTERNAL_OAUTH_MISSING_AUDIENCE"),
        (lambda c: c.update(aud="other"), "EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED"),
        (lambda c: c.pop("sub"), "EXTERNAL_OAUTH_USER_CLAIM_MISSING"),
        (
            lambda c: c.update(sub="other"),
            "The user you were trying to authenticate as differs from the user tied to the access"
            " token.",
        ),
    ],
)
def test_an_oauth_token_is_refused(users: Users, change: Change, why: str) -> None:
    claims = oauth_claims()
    change(claims)
    assert reason(users, "OAUTH", signed(OURS, claims)) == why


def test_an_oauth_token_is_signed_by_its_issuer(users: Users) -> None:
    token = signed(THEIRS, oauth_claims())
    assert reason(users, "OAUTH", token) == "EXTERNAL_OAUTH_INVALID_SIGNATURE"


@pytest.mark.parametrize("scopes", [["session:role:other"], "session:role-any", None])
def test_an_oauth_token_allows_its_roles_only(users: Users, scopes: object) -> None:
    token = signed(OURS, oauth_claims() | {"scp": scopes})
    assert "'ANALYST'" in reason(users, "OAUTH", token)


def test_what_is_kept_of_refusals_is_bounded(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sandbox.warehouse.users.users.FAILURES_KEPT", 3)
    for _ in range(5):
        assert reason(users, "SNOWFLAKE_JWT", "") == "JWT_TOKEN_INVALID"
    assert len(users.failures) == 3
