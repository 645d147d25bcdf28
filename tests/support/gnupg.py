"""GnuPG, another implementation of OpenPGP than the one that encrypts deliveries."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LONG_AGO = "--faked-system-time=20200101T000000!"


class GnuPG:
    """A receiver of encrypted files, with secret keys in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run the program; return what it writes."""
        words = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--no-tty"]
        words += ["--pinentry-mode", "loopback", "--passphrase", "", *arguments]
        done = subprocess.run(words, input=given, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def make_key(
        self, name: str, *subkey: str, when: Sequence[str] = (), end: str = "never"
    ) -> str:
        """Make a key for signatures; with `subkey` (algorithm, end) also one for encryption."""
        self.run(*when, "--quick-gen-key", name, "ed25519", "cert,sign", end)
        if subkey:
            algorithm, last = subkey
            self.run(*when, "--quick-add-key", self.fingerprint(name), algorithm, "encr", last)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a key."""
        lines = self.run("--list-keys", "--with-colons", name).decode().splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr"))

    def revoke(self, name: str) -> None:
        """Revoke a key, by the certificate that was made with it."""
        path = self.home / "openpgp-revocs.d" / f"{self.fingerprint(name)}.rev"
        self.run("--import", given=path.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))

    def export(self, path: Path, *names: str, armor: bool = True) -> str:
        """Write public keys to a file; return its path."""
        path.write_bytes(self.run(*(["--armor"] if armor else []), "--export", *names))
        path.chmod(0o600)
        return str(path)

    def decrypt(self, data: bytes, *, only: str = "") -> bytes:
        """The content of an encrypted file; with `only`, by the secret key of this name."""
        return self.run(*(["--try-secret-key", only] if only else []), "--decrypt", given=data)


@contextmanager
def receiver() -> Iterator[GnuPG]:
    """A new receiver without keys."""
    home = Path(tempfile.mkdtemp(prefix="gpg", dir="/tmp"))  # paths of sockets have to be short
    try:
        yield GnuPG(home)
    finally:
        end = ["gpgconf", "--homedir", str(home), "--kill", "all"]
        subprocess.run(end, capture_output=True, timeout=60)
        shutil.rmtree(home, ignore_errors=True)
