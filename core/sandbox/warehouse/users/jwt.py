"""JSON Web Tokens (RFC 7519) with RS256: read, and their signatures verified.

Of a key pair, and of External OAuth. Both are refused for the reasons that
SYSTEM$GET_LOGIN_FAILURE_DETAILS lists:
https://docs.snowflake.com/en/sql-reference/functions/system_get_login_failure_details
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

MAX_LENGTH = 16 * 1024  # characters; a token with every claim has one or two thousand
_PARTS = 3


@dataclass(frozen=True)
class Token:
    """A token whose signature has not been verified yet."""

    algorithm: str
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    def verified_by(self, key: RSAPublicKey) -> bool:
        """Whether the private key of `key` signed the token."""
        try:
            key.verify(self.signature, self.signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def text(self, claim: str) -> str:
        """Return a claim that is text; empty for any other."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""

    def seconds(self, claim: str) -> float | None:
        """Return a claim that is a time, in seconds since 1970; None for any other."""
        value = self.claims.get(claim)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]


def read(text: str) -> Token | None:
    """Read a token in compact form; return None for what is not one."""
    parts = text.split(".")
    if len(parts) != _PARTS or len(text) > MAX_LENGTH:
        return None
    try:
        header, claims = (json.loads(_decode(part)) for part in parts[:2])
        signature = _decode(parts[2])
        signed = ".".join(parts[:2]).encode("ascii")
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return Token(str(header.get("alg")), claims, signed, signature)


def _decode(part: str) -> bytes:
    padded = part + "=" * (-len(part) % 4)
    return base64.b64decode(padded.encode("ascii"), b"-_", validate=True)


def public_key(text: str) -> RSAPublicKey | None:
    """Read a public key as ALTER USER takes it: PEM without its first and last line, or with them.

    Returns:
        The key; None for what is not an RSA key.
    """
    body = "".join(line for line in text.split("\n") if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode("".join(body.split()), validate=True))
    except (ValueError, binascii.Error):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def fingerprint(key: RSAPublicKey) -> str:
    """Return the fingerprint of a key as DESCRIBE USER and the issuer of a token have it."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}"
