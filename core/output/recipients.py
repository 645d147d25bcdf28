"""The OpenPGP keys to which a file is encrypted.

They are read and checked before the table is: a key that is expired, revoked or only for signatures
ends the run at once. The library, pysequoia, encrypts to an expired key if there is no other, and
to a key of which only the primary part is revoked, so both are checked here.

Importing this module does not load the library.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.connections.file_trust import check_trusted
from core.errors import UsageError
from core.remedy import Advice, Remedy

if TYPE_CHECKING:
    from pysequoia import Cert
    from pysequoia.packet import KeyFlags, Packet

# How the names of a directory's files end that are read as keys.
SUFFIXES: Final = (".asc", ".gpg", ".key", ".pgp")
# What is appended to the name of an encrypted file.
ENCRYPTED: Final = ".gpg"
_LARGEST: Final = 16 * 1024 * 1024  # bytes of a file of keys
_SECRET: Final = b"PRIVATE KEY BLOCK"  # in the first line of armoured text


@dataclass(frozen=True)
class Recipient:
    """A key to which a file is encrypted.

    Attributes:
        fingerprint: the fingerprint of the primary key, in upper-case hexadecimal digits.
        name: the first user ID, such as `Partner <data@example.com>`; empty if it has none.
    """

    fingerprint: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint})" if self.name else self.fingerprint


@dataclass(frozen=True)
class Recipients:
    """The keys to which the files of a run are encrypted.

    Attributes:
        keys: the fingerprint and the name of each.
        data: the public keys, in the binary form of OpenPGP, one after the other.
    """

    keys: tuple[Recipient, ...]
    data: bytes = field(repr=False)


def find_missing_pgp() -> UsageError | None:
    """Return the error if the library of OpenPGP is not installed; None if it is."""
    if find_spec("pysequoia") is not None:
        return None
    return UsageError(
        "Encryption needs the library pysequoia, which is not installed.",
        "Install it: pip install 'amplify-transfer[pgp]'.",
    )


def read_recipients(paths: Sequence[str]) -> Recipients | None:
    """Read public keys, and check that files can be encrypted to them now.

    Args:
        paths: files with one or several keys, in binary form or as armoured text; or directories
            with such files, whose names end in one of `SUFFIXES`.

    Returns:
        The keys, each once; None if there is no path.

    Raises:
        UsageError: the library is not installed; a file cannot be read, can be changed by other
            users, or holds something else; or a key is expired, revoked or only for signatures.
    """
    if not paths:
        return None
    if missing := find_missing_pgp():
        raise missing
    found: dict[Recipient, bytes] = {}
    for path in _list_files(paths):
        for cert in _read_certs(path):
            key = _identify(cert)
            if why := find_obstacle(cert, datetime.now(UTC)):
                raise _refuse(f"The key {key} in {path} {why}.", "Ask its owner for another key")
            found[key] = bytes(cert)
    return Recipients(tuple(found), b"".join(found.values()))


def find_obstacle(cert: Cert, now: datetime) -> str | None:
    """Return why nothing can be encrypted to a key at a time, as `expired on …`; None if it can."""
    from pysequoia import encrypt
    from pysequoia.packet import PacketPile

    if cert.is_revoked:
        return "is revoked"
    try:
        expires = cert.expiration
        if expires and expires <= now:
            return f"expired on {expires:%Y-%m-%d}"
        encrypt(b"", recipients=[cert], armor=False)
    except RuntimeError:  # the one that the library raises for everything
        flags = [each.key_flags for each in PacketPile.from_bytes(bytes(cert))]
        encrypts = any(map(_is_for_encryption, flags))
        return "has no valid part for encryption" if encrypts else "is for signatures only"
    ends = list(_list_ends(list(PacketPile.from_bytes(bytes(cert)))))
    past = [end for end in ends if end is not None and end <= now]
    if ends and len(past) == len(ends):
        return f"has no part for encryption that is still valid: it expired on {max(past):%Y-%m-%d}"
    return None


def _list_ends(packets: list[Packet]) -> Iterator[datetime | None]:
    """Yield when each part for encryption expires, which is not revoked; None for one without end.

    A part, the primary key or a subkey, is followed by its signatures. The newest that binds it has
    its purpose and its end (RFC 9580, 5.2.3.13 and 5.2.3.29).
    """
    from pysequoia.packet import SignatureType

    part: Packet | None = None
    newest: Packet | None = None
    revoked = False
    for packet in [*packets, None]:
        if packet is None or packet.key_created is not None:
            if part and newest and not revoked and _is_for_encryption(newest.key_flags):
                created, period = part.key_created, newest.key_validity_period
                yield created + period if created and period else None
            part, newest, revoked = packet, None, False
        elif packet.signature_type == SignatureType.SubkeyRevocation:
            revoked = True
        elif packet.key_flags and _find_age(newest) <= _find_age(packet):
            newest = packet


def _is_for_encryption(flags: KeyFlags | None) -> bool:
    return bool(flags and (flags.transport_encryption or flags.storage_encryption))


def _find_age(signature: Packet | None) -> datetime:
    """Return when a signature was made; the beginning of time for none."""
    made = signature.signature_created if signature else None
    return made or datetime.min.replace(tzinfo=UTC)


def _list_files(paths: Sequence[str]) -> Iterator[Path]:
    """Yield the files of keys; those of a directory in the order of their names."""
    for path in (Path(each).expanduser() for each in paths):
        if not path.is_dir():
            yield path
            continue
        try:
            files = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        except OSError as error:
            raise _refuse(f"{path} cannot be read: {error.strerror}.") from error
        if not files:
            raise _refuse(f"{path} has no files whose names end in {', '.join(SUFFIXES)}.")
        yield from files


def _read_certs(path: Path) -> list[Cert]:
    """Return the public keys of a file."""
    from pysequoia import Cert
    from pysequoia.packet import PacketPile, Tag

    data = _read(path)
    secret = (Tag.SecretKey, Tag.SecretSubkey)
    try:
        if _SECRET in data or any(each.tag in secret for each in PacketPile.from_bytes(data)):
            raise _refuse(f"{path} holds a secret key.", "Ask its owner for the public key")
        certs = Cert.split_bytes(data)
    except RuntimeError as error:
        raise _refuse(f"{path} is not an OpenPGP public key.") from error
    if not certs:
        raise _refuse(f"{path} holds no OpenPGP public key.")
    return certs


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise _refuse(f"{path} is not a file.")
        with path.open("rb") as file:
            check_trusted(path, os.fstat(file.fileno()))
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: NUL in the path
        reason = getattr(error, "strerror", None) or "the path is invalid"
        raise _refuse(f"{path} cannot be read: {reason}.") from error
    if len(data) > _LARGEST:
        raise _refuse(f"{path} is too large for a file of keys.")
    return data


def _identify(cert: Cert) -> Recipient:
    names = cert.user_ids
    return Recipient(cert.fingerprint.upper(), str(names[0]) if names else "")


def _refuse(message: str, hint: str = "Name a file of public keys") -> UsageError:
    return UsageError(message, Advice(f"{hint}: ", Remedy("encrypt_to"), "."))
