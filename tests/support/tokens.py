"""Key pairs and JSON Web Tokens, as clients and authorization servers of Snowflake make them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@cache
def key_pair(number: int) -> RSAPrivateKey:
    """The key pair with this number, generated once in each process."""
    del number
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: RSAPrivateKey) -> str:
    """The private key as a key file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_text(key: RSAPrivateKey) -> str:
    """The public key as ALTER USER and CREATE SECURITY INTEGRATION take it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(key: RSAPrivateKey, claims: Mapping[str, Any], algorithm: str = "RS256") -> str:
    """A token with these claims, signed with RS256 whatever `algorithm` its header names."""
    head = ".".join(map(_encode, ({"alg": algorithm, "typ": "JWT"}, dict(claims))))
    return f"{head}.{_text(key.sign(head.encode(), PKCS1v15(), SHA256()))}"


def _encode(part: dict[str, Any]) -> str:
    return _text(json.dumps(part).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
