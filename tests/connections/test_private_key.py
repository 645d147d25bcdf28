"""Private keys as files that the usual tools write, and the errors of files without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from core.connections.private_key import prepare_key
from core.errors import SignInError, UsageError
from core.warehouse.connect import connect, sign_out
from tests.support.services.scripted_login import ScriptedLogin

if TYPE_CHECKING:
    from core.errors import TransferError

PHRASE = "open sesame"
PLAIN, HIDDEN = NoEncryption(), BestAvailableEncryption(PHRASE.encode())
PEM, DER = Encoding.PEM, Encoding.DER
PKCS8, OLD, OPENSSH = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def save(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("encoding", "form", "encryption", "phrase"),
    [
        (PEM, PKCS8, PLAIN, None),
        (PEM, PKCS8, PLAIN, "unneeded"),
        (PEM, PKCS8, HIDDEN, PHRASE),
        (PEM, OLD, PLAIN, None),
        (PEM, OLD, HIDDEN, PHRASE),
        (DER, PKCS8, PLAIN, None),
        (DER, PKCS8, HIDDEN, PHRASE),
    ],
)
def test_a_key_file_signs_in(
    key: rsa.RSAPrivateKey, tmp_path: Path, encoding: Any, form: Any, encryption: Any, phrase: Any
) -> None:
    path = save(tmp_path / "key", key.private_bytes(encoding, form, encryption))
    with ScriptedLogin.running() as login:
        login.admits = True
        given = {**login.parameters, "authenticator": "snowflake_jwt", "private_key_file": path}
        del given["password"]
        if phrase:
            given["private_key_password"] = phrase
        sign_out(connect(given, query_tag="t", login_timeout=60))
        assert '"AUTHENTICATOR":"SNOWFLAKE_JWT"' in login.asked[0][1].replace(" ", "")


@pytest.mark.parametrize(
    ("form", "encryption", "phrase", "kind", "said"),
    [
        (PKCS8, HIDDEN, None, SignInError, "is encrypted, and no passphrase is given"),
        (PKCS8, HIDDEN, "wrong", SignInError, "passphrase is wrong"),
        (OLD, HIDDEN, "wrong", SignInError, "passphrase is wrong"),
        (OPENSSH, PLAIN, None, UsageError, "OpenSSH's format"),
    ],
)
def test_a_key_that_cannot_be_used(
    key: rsa.RSAPrivateKey,
    tmp_path: Path,
    form: Any,
    encryption: Any,
    phrase: str | None,
    kind: type[TransferError],
    said: str,
) -> None:
    path = save(tmp_path / "key.p8", key.private_bytes(PEM, form, encryption))
    with pytest.raises(kind, match=said) as caught:
        prepare_key({"private_key_file": path, "private_key_password": phrase})
    assert path in caught.value.message
    assert caught.value.hint
    text = Path(path).read_text()
    if form is not OPENSSH:
        with pytest.raises(kind, match=said):
            prepare_key({"private_key": text, "private_key_password": phrase})


def test_a_passphrase_of_a_key_in_der(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = save(tmp_path / "key.der", key.private_bytes(DER, PKCS8, HIDDEN))
    with pytest.raises(SignInError, match="no passphrase is given"):
        prepare_key({"private_key_file": path})
    with pytest.raises(SignInError, match="passphrase is wrong"):
        prepare_key({"private_key_file": path, "private_key_password": "wrong"})
    found = prepare_key({"private_key_file": path, "private_key_password": PHRASE})
    loaded = load_der_private_key(found["private_key"], None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    assert loaded.private_numbers() == key.private_numbers()
    assert set(found) == {"private_key"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no key"),
        (b"hello", "holds no key"),
        (b"0\x82\x01\x02 not DER", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
    ],
)
def test_a_file_without_a_key(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        prepare_key({"private_key_file": save(tmp_path / "key", data)})


def test_a_public_key(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    public = key.public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(UsageError, match="holds a public key") as caught:
        prepare_key({"private_key_file": save(tmp_path / "key.pub", public)})
    assert "BEGIN PRIVATE KEY" in caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no private key file"):
        prepare_key({"private_key_file": str(tmp_path / "none.p8")})
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        prepare_key({"private_key_file": str(tmp_path)})
    with pytest.raises(UsageError, match="cannot be read: not a path"):
        prepare_key({"private_key_file": "key\0.p8"})


def test_another_sign_in_does_not_read_the_key() -> None:
    given = {"authenticator": "externalbrowser", "private_key_file": "/no/such/key"}
    assert prepare_key(given) == given
