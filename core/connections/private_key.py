"""The private key of a sign-in with a key pair, checked before the sign-in.

The connector (5.2) reports most faults of a key as a refused sign-in, without their cause, and
reads a key file in DER only as bytes. So the key is read here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.connections.local_paths import expand_path, explain_escapes
from core.errors import SignInError, UsageError

_KEY_PAIR: Final = "snowflake_jwt"  # also the connector's choice for a key without `authenticator`
_LARGEST: Final = 64 * 1024  # bytes; a key of 16,384 bits has 13,000
_DER: Final = b"\x30"  # the tag of a sequence, with which every key in DER begins (RFC 5208)
_HINT: Final = "Set PRIVATE_KEY_HINT, or private_key_passphrase in the connection."


def prepare_key(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the connector's arguments with a key that it can read; check the key.

    Args:
        arguments: the arguments, with secrets in plain text. A `private_key` of bytes or a key
            object is passed on unchecked.

    Returns:
        The arguments; a key file in DER is replaced by its content, decrypted.

    Raises:
        UsageError: the key file is missing or cannot be read, or holds no usable private key.
        SignInError: the passphrase of the key is missing or wrong.
    """
    found, text = dict(arguments), arguments.get("private_key")
    if str(arguments.get("authenticator") or _KEY_PAIR).lower() != _KEY_PAIR:
        return found
    phrase = arguments.get("private_key_password") or None
    if isinstance(text, str) and "-----BEGIN" in text:
        _check_pem(text.encode(), phrase, "The private key")
    elif not text and isinstance(path := arguments.get("private_key_file"), str) and path:
        found["private_key_file"] = path = expand_path(path)
        key, what = _read(path), f"The private key {path}"
        if key.startswith(_DER):
            found["private_key"] = _decrypt_der(key, phrase, what)
            del found["private_key_file"]
            found.pop("private_key_password", None)
        else:
            _check_pem(key, phrase, what)
    return found


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST)
    except FileNotFoundError:
        raise UsageError(
            f"There is no private key file {path}.",
            explain_escapes(path) or "Correct private_key_file in the connection.",
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"The private key file {path} cannot be read: {why}.") from error


def _check_pem(key: bytes, phrase: object, what: str) -> None:
    if b"BEGIN OPENSSH PRIVATE KEY" in key:
        raise UsageError(
            f"{what} is in OpenSSH's format, which Snowflake does not use.",
            "Convert a copy of it: ssh-keygen -p -m PKCS8 -f COPY",
        )
    if b"PRIVATE KEY-----" not in key:
        holds = "a public key" if b"PUBLIC KEY-----" in key else "no key"
        raise UsageError(
            f"{what} holds {holds}.",
            'Name the file that begins with "-----BEGIN PRIVATE KEY-----" or '
            '"-----BEGIN ENCRYPTED PRIVATE KEY-----".',
        )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    _load(load_pem_private_key, key, phrase, what)


def _decrypt_der(key: bytes, phrase: object, what: str) -> bytes:
    from cryptography.hazmat.primitives import serialization

    loaded = _load(serialization.load_der_private_key, key, phrase, what)
    plain: bytes = loaded.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return plain


def _load(load: Any, key: bytes, phrase: object, what: str) -> Any:
    password = phrase.encode() if isinstance(phrase, str) else phrase
    try:
        try:
            return load(key, password)
        except TypeError:
            if password is None:
                raise SignInError(
                    f"{what} is encrypted, and no passphrase is given.", _HINT
                ) from None
            return load(key, None)  # a passphrase that it does not need
    except ValueError as error:
        if password is not None:
            raise SignInError(
                f"{what} cannot be decrypted: its passphrase is wrong, or it is damaged.",
                _HINT,
            ) from error
        raise UsageError(f"{what} is damaged, or not a private key.") from error
