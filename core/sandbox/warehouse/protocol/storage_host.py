"""A second host, from which the chunks of results are downloaded, by TLS.

At Snowflake the URLs of chunks lead to the storage of AWS, Azure or Google: to another host than
the account's, which shows a certificate of another authority.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST: Final = "localhost"  # a name for the address that the account is reached at by number
_DAYS: Final = 7


class StorageHost:
    """The certificate of the host, and its authority, which nobody trusts yet.

    Args:
        directory: where the files are written; it exists.

    Attributes:
        authority: the certificate of the authority, in PEM.
        certificate, key: what the host shows, and its private key, in PEM.
        port: where it listens; set when it does.
    """

    def __init__(self, directory: Path) -> None:
        self.authority = directory / "authority.pem"
        self.certificate = directory / "certificate.pem"
        self.key = directory / "key.pem"
        self.port = 0
        self._write()

    @property
    def url(self) -> str:
        """The beginning of the URLs of chunks, without a slash at the end."""
        return f"https://{HOST}:{self.port}"

    def _write(self) -> None:
        authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer, subject = _name("Storage of the sandbox"), _name(HOST)
        root = (
            _begin(issuer, issuer, authority)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(authority, hashes.SHA256())
        )
        leaf = (
            _begin(subject, issuer, own)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .sign(authority, hashes.SHA256())
        )
        self.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        self.key.touch(0o600)
        self.key.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )
