"""Who may sign in, and with what: a password, a key pair, an access token, an OAuth token.

The numbers and texts of the refusals, and their `data`, are those of recorded answers. What the
recordings do not hold follows the documentation:

- key pairs: https://docs.snowflake.com/en/user-guide/key-pair-auth
- why a token was refused, which only an administrator learns:
  https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details
- programmatic access tokens, also in place of a password:
  https://docs.snowflake.com/en/user-guide/programmatic-access-tokens
- External OAuth: https://docs.snowflake.com/en/user-guide/oauth-ext-custom
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.users import jwt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

KEY_SLOTS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")
MAX_AGE = 60.0  # seconds after its issue in which the token of a key pair must arrive
FAILURES_KEPT = 1_000
DEFAULT_ROLE = "SYSADMIN"  # of the user
# Texts that users of these tokens quote; the numbers that come with them are not known, so they
# have that of an invalid token.
# https://github.com/littleK0i/SnowDDL/pull/164
_OTHER_USER = (
    "The user you were trying to authenticate as differs from the user tied to the access token."
)
# https://github.com/dbt-labs/docs.getdbt.com/pull/6433
_NO_ROLE = (
    "The role requested in the connection, or the default role if none was requested in the"
    " connection ('{}'), is not listed in the Access Token or was filtered. Please specify another"
    " role, or contact your OAuth Authorization server administrator."
)
_ANY_ROLE = "session:role-any"
_ROLE = "session:role:"


class Refused(Failure):
    """A sign-in that is refused; `data` is that of the answer."""

    def __init__(self, code: int, message: str, method: str | None) -> None:
        super().__init__(code, "28000", message)
        self.data: dict[str, Any] | None = None
        if method is not None:
            self.data = {"nextAction": "RETRY_LOGIN", "authnMethod": method, "signInOptions": {}}


@dataclass
class AccessToken:
    """A programmatic access token. Times are in seconds since 1970.

    Without a network policy for the user it is accepted until `bypass_until` only.
    """

    name: str
    digest: bytes
    expires: float
    bypass_until: float = 0.0
    disabled: bool = False


@dataclass(frozen=True)
class Issuer:
    """A security integration for External OAuth: whose tokens are accepted."""

    name: str
    issuer: str
    keys: tuple[RSAPublicKey, ...]
    user_claims: tuple[str, ...]
    audiences: tuple[str, ...]
    enabled: bool = True
    any_role: bool = False


@dataclass
class Users:
    """The one user of the account.

    Args:
        account, user, password: what a client signs in with.
        now: the time in seconds since 1970, by which tokens expire.

    Attributes:
        keys: the user's public keys, by their names in `KEY_SLOTS`.
        network_policy: the user's; it is taken to admit this machine.
        tokens: the user's programmatic access tokens, by name.
        issuers: the security integrations, by name.
        failures: why recent sign-ins were refused, by the UUID in their message.
    """

    account: str
    user: str
    password: str = field(repr=False)
    now: Callable[[], float] = time.time
    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    network_policy: str = ""
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    issuers: dict[str, Issuer] = field(default_factory=dict)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check(self, data: Mapping[str, Any], role: str) -> None:
        """Check the credentials of a login request.

        Args:
            data: the `data` of the request.
            role: of the connection; empty where it names none.

        Raises:
            Refused: 390100, 390144, 390303, 390318 or 394400, by what the client signs in with.
        """
        method = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
        if method == "SNOWFLAKE_JWT":
            self._check_key_pair(data)
        elif method == "PROGRAMMATIC_ACCESS_TOKEN":
            if not self._is_named(data) or not self._accepts(str(data.get("TOKEN") or "")):
                raise Refused(394400, "Programmatic access token is invalid.", "PAT")
        elif method == "OAUTH":
            self._check_oauth(data, role)
        else:
            self._check_password(data)

    def add_token(self, name: str, days: int, bypass_minutes: int) -> str:
        """Generate a programmatic access token; return its secret, which nothing returns later."""
        secret, now = secrets.token_urlsafe(48), self.now()
        until = now + bypass_minutes * 60
        self.tokens[name] = AccessToken(name, _digest(secret), now + days * 86_400, until)
        return secret

    def _is_named(self, data: Mapping[str, Any]) -> bool:
        return str(data.get("LOGIN_NAME") or "").upper() == self.user.upper()

    def _check_password(self, data: Mapping[str, Any]) -> None:
        given = str(data.get("PASSWORD") or "")
        is_password = hmac.compare_digest(given.encode(), self.password.encode())
        if not self._is_named(data) or not (is_password or self._accepts(given)):
            text = "Incorrect username or password was specified."
            raise Refused(390100, text, "USERNAME_PASSWORD")

    def _accepts(self, secret: str) -> bool:
        """Whether this is the secret of an access token that may be used now."""
        digest, now = _digest(secret), self.now()
        return any(
            hmac.compare_digest(each.digest, digest)
            and not each.disabled
            and now < each.expires
            and (self.network_policy or now < each.bypass_until)
            for each in list(self.tokens.values())
        )

    def _check_key_pair(self, data: Mapping[str, Any]) -> None:
        if why := self._find_fault(data):
            raise Refused(390144, f"JWT token is invalid. [{self._record(data, why)}]", None)

    def _find_fault(self, data: Mapping[str, Any]) -> str:
        """Return why the token of a key pair is refused; empty if it is accepted."""
        token = jwt.read(str(data.get("TOKEN") or ""))
        if token is None:
            return "JWT_TOKEN_INVALID"
        account, _, rest = token.text("iss").partition(".")
        user, _, printed = rest.rpartition(".")
        issued, expires, now = token.seconds("iat"), token.seconds("exp"), self.now()
        key = next((k for k in self.keys.values() if jwt.fingerprint(k) == printed), None)
        if token.algorithm != "RS256":
            return "JWT_TOKEN_INVALID_ALGORITHM"
        if issued is None or expires is None:
            return "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME"
        if account != self.account.upper():
            return "JWT_TOKEN_ACCOUNT_MISMATCH"
        if user != self.user.upper() or not self._is_named(data):
            return "JWT_TOKEN_INVALID_USER_IN_ISSUER"
        if key is None:
            return "JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH"
        if not token.verified_by(key):
            return "JWT_TOKEN_INVALID_SIGNATURE"
        if now >= expires:
            return "JWT_TOKEN_INVALID_EXPIRATION_TIME"
        # The documentation has no limit for a clock that is ahead; this is as strict.
        if abs(now - issued) > MAX_AGE:
            return "JWT_TOKEN_INVALID_ISSUE_TIME"
        # https://docs.snowflake.com/en/developer-guide/sql-api/authenticating
        return "" if token.text("sub") == f"{account}.{user}" else "JWT_TOKEN_INVALID"

    def _check_oauth(self, data: Mapping[str, Any], role: str) -> None:
        why = self._find_oauth_fault(data, role)
        if why == "EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED":
            text = f"OAuth access token expired. [{self._record(data, why)}]"
            raise Refused(390318, text, "OAUTH")
        if why:
            text = f"Invalid OAuth access token. [{self._record(data, why)}]"
            raise Refused(390303, text, "OAUTH")

    def _find_oauth_fault(self, data: Mapping[str, Any], role: str) -> str:
        """Return why an OAuth token is refused; empty if it is accepted."""
        token = jwt.read(str(data.get("TOKEN") or ""))
        if token is None:
            return "EXTERNAL_OAUTH_JWS_INVALID_FORMAT"
        if not token.text("iss"):
            return "EXTERNAL_OAUTH_MISSING_ISSUER"
        found = next((i for i in self.issuers.values() if i.issuer == token.text("iss")), None)
        if found is None:
            return "EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND"
        if not found.enabled:
            return "EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_ENABLED"
        if token.algorithm != "RS256" or not any(map(token.verified_by, found.keys)):
            return "EXTERNAL_OAUTH_INVALID_SIGNATURE"
        return self._find_claim_fault(token, found, data, role)

    def _find_claim_fault(
        self, token: jwt.Token, found: Issuer, data: Mapping[str, Any], role: str
    ) -> str:
        """Return why the claims of a token with a valid signature are refused."""
        now, begins, expires = self.now(), token.seconds("nbf"), token.seconds("exp")
        if expires is None or now >= expires:
            return "EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED"
        if max(begins or 0, token.seconds("iat") or 0) > now + MAX_AGE:
            return "EXTERNAL_OAUTH_ACCESS_TOKEN_NOT_YET_VALID"
        audience = token.claims.get("aud")
        if not audience:
            return "EXTERNAL_OAUTH_MISSING_AUDIENCE"
        listed = audience if isinstance(audience, list) else [audience]
        if not set(found.audiences) & {str(each) for each in listed}:
            return "EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED"
        named = next((name for claim in found.user_claims if (name := token.text(claim))), "")
        if not named:
            return "EXTERNAL_OAUTH_USER_CLAIM_MISSING"
        is_named = not data.get("LOGIN_NAME") or self._is_named(data)
        if named.upper() != self.user.upper() or not is_named:
            raise Refused(390303, _OTHER_USER, "OAUTH")
        if not _grants(token, found, role or DEFAULT_ROLE):
            raise Refused(390303, _NO_ROLE.format(role or DEFAULT_ROLE), "OAUTH")
        return ""

    def _record(self, data: Mapping[str, Any], why: str) -> str:
        """Keep why a sign-in was refused; return the UUID by which it is found."""
        identifier = str(uuid.uuid4())
        while len(self.failures) >= FAILURES_KEPT:
            del self.failures[next(iter(self.failures))]
        self.failures[identifier] = {
            "clientIP": "127.0.0.1",
            "clientType": str(data.get("CLIENT_APP_ID") or "OTHER"),
            "clientVersion": data.get("CLIENT_APP_VERSION"),
            "username": None,
            "errorCode": why,
            "timestamp": int(self.now()),
        }
        return identifier


def _grants(token: jwt.Token, found: Issuer, role: str) -> bool:
    """Whether the scopes of a token (`scp`) allow the role."""
    scopes = token.claims.get("scp")
    listed = scopes.split() if isinstance(scopes, str) else scopes
    names = [str(each) for each in listed] if isinstance(listed, list) else []
    roles = {each.removeprefix(_ROLE).upper() for each in names if each.startswith(_ROLE)}
    if _ANY_ROLE in names and found.any_role:
        return True
    return role.upper() in roles


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
