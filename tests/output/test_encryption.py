"""Encryption to OpenPGP keys: which keys are taken, who can read the file, within which memory."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from pysequoia import Cert
from pysequoia.packet import PacketPile

from core import CancelledError, LocalResourceError, UsageError
from core.output import encrypt_child, encryption, recipients
from core.output.encryption import encrypt_files
from core.output.recipients import Recipients, read_recipients
from core.remedy import remedies
from core.runtime.cancel import NEVER
from tests.support.gnupg import LONG_AGO, GnuPG, receiver

PARTNER, AUDITOR = "Partner <data@partner.example>", "Auditor <audit@example.com>"


@pytest.fixture(scope="module")
def gnupg() -> Iterator[GnuPG]:
    with receiver() as made:
        made.make_key(PARTNER, "cv25519", "never")
        made.make_key(AUDITOR, "nistp256", "never")
        made.make_key("Signer <s@example.com>")
        made.make_key("Revoked <r@example.com>", "cv25519", "never")
        made.revoke("Revoked")
        made.make_key("Expired <e@example.com>", "cv25519", "1y", when=[LONG_AGO], end="1y")
        made.make_key("Subkey <k@example.com>", "cv25519", "1y", when=[LONG_AGO])
        yield made


def read(*paths: str) -> Recipients:
    found = read_recipients(paths)
    assert found is not None
    return found


def encrypt(path: Path, keys: Recipients, *, keep: bool = False) -> Path:
    (made,) = encrypt_files([path], keys, keep=keep, cancel=NEVER)
    return made


@pytest.mark.parametrize("keep", [True, False])
def test_each_recipient_can_decrypt_it(gnupg: GnuPG, tmp_path: Path, keep: bool) -> None:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / "README.txt").write_text("not a key")
    gnupg.export(keys / "partner.asc", "Partner")
    gnupg.export(keys / "auditor.PGP", "Auditor", "Partner", armor=False)
    to = read(str(keys))
    fingerprints = {gnupg.fingerprint(name): name for name in (AUDITOR, PARTNER)}
    assert {key.fingerprint: key.name for key in to.keys} == fingerprints
    data = os.urandom(300_000)
    plain = tmp_path / "delivery"
    plain.write_bytes(data)
    made = encrypt(plain, to, keep=keep)
    assert plain.exists() is keep
    assert made.name == "delivery.gpg"
    assert data[:1000] not in made.read_bytes()
    for name in fingerprints.values():
        assert gnupg.decrypt(made.read_bytes(), only=name) == data
    packets = gnupg.run("--list-packets", given=made.read_bytes()).decode()
    assert packets.count(":pubkey enc packet:") == 2
    assert "mdc_method: 2" in packets  # a change of the file would be noticed


def test_several_files_are_encrypted_one_by_one(gnupg: GnuPG, tmp_path: Path) -> None:
    to = read(gnupg.export(tmp_path / "a.asc", "Partner"), str(tmp_path / "a.asc"))
    assert len(to.keys) == 1
    files = [tmp_path / f"delivery-{n}" for n in range(3)]
    for number, path in enumerate(files):
        path.write_text(f"month {number}")
    made = encrypt_files(files, to, keep=False, cancel=NEVER)
    assert [gnupg.decrypt(path.read_bytes()) for path in made] == [
        f"month {number}".encode() for number in range(3)
    ]
    assert not any(path.exists() for path in files)
    assert encrypt_files([], to, keep=False, cancel=NEVER) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Signer", "is for signatures only"),
        ("Revoked", "is revoked"),
        ("Expired", "expired on 2020-12-31"),
        ("Subkey", "has no part for encryption that is still valid: it expired on 2020-12-31"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(
    gnupg: GnuPG, tmp_path: Path, name: str, why: str
) -> None:
    path = gnupg.export(tmp_path / "keys.asc", "Partner", name)
    with pytest.raises(UsageError) as caught:
        read_recipients([path])
    assert caught.value.message.startswith(f"The key {name} <")
    assert caught.value.message.endswith(f"({gnupg.fingerprint(name)}) in {path} {why}.")
    assert [each.option for each in remedies(caught.value.hint)] == ["encrypt_to"]


def test_a_part_is_of_no_use_from_the_moment_at_which_it_ends(gnupg: GnuPG, tmp_path: Path) -> None:
    cert = Cert.from_file(gnupg.export(tmp_path / "keys.asc", "Subkey"))
    (end,) = recipients._list_ends(list(PacketPile.from_bytes(bytes(cert))))
    assert end is not None
    assert recipients.find_obstacle(cert, end - timedelta(seconds=1)) is None
    why = recipients.find_obstacle(cert, end)
    assert why == "has no part for encryption that is still valid: it expired on 2020-12-31"


def test_a_newer_subkey_takes_the_place_of_an_expired_one(gnupg: GnuPG, tmp_path: Path) -> None:
    name = "Renewed <n@example.com>"
    gnupg.make_key(name, "cv25519", "1y", when=[LONG_AGO])
    gnupg.run("--quick-add-key", gnupg.fingerprint(name), "nistp256", "encr", "never")
    to = read(gnupg.export(tmp_path / "keys.asc", name))
    plain = tmp_path / "delivery"
    plain.write_text("text")
    made = encrypt(plain, to).read_bytes()
    assert gnupg.decrypt(made) == b"text"
    assert gnupg.run("--list-packets", given=made).count(b":pubkey enc packet:") == 1


def test_a_secret_key_is_not_taken(gnupg: GnuPG, tmp_path: Path) -> None:
    path = tmp_path / "mine.asc"
    for armor in (["--armor"], []):
        path.write_bytes(gnupg.run(*armor, "--export-secret-keys", "Partner"))
        with pytest.raises(UsageError, match=r"mine.asc holds a secret key\. Ask its owner"):
            read_recipients([str(path)])


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.asc").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name, why in {
        "text.asc": "is not an OpenPGP public key",
        "missing.asc": "cannot be read: No such file or directory",
        "empty": "has no files whose names end in .asc, .gpg, .key, .pgp",
        "a\0b": "cannot be read",
    }.items():
        with pytest.raises(UsageError) as caught:
            read_recipients([str(tmp_path / name)])
        assert why in caught.value.message
    assert read_recipients([]) is None


def test_a_file_that_others_can_change_is_refused(gnupg: GnuPG, tmp_path: Path) -> None:
    path = gnupg.export(tmp_path / "keys.asc", "Partner")
    Path(path).chmod(0o666)
    with pytest.raises(UsageError, match=r"Other users can write .*, so it cannot be trusted"):
        read_recipients([path])


def test_without_the_library_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'amplify-transfer\[pgp\]'"):
        read_recipients([str(tmp_path)])


def test_a_cancelled_encryption_ends_its_process(
    gnupg: GnuPG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = encryption._start

    def remember(*files: IO[bytes]) -> subprocess.Popen[bytes]:
        started.append(start(*files))
        return started[-1]

    monkeypatch.setattr(encryption, "_start", remember)
    to = read(gnupg.export(tmp_path / "keys.asc", "Partner"))
    os.mkfifo(tmp_path / "delivery")  # the process waits for what nobody writes
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        encrypt_files([tmp_path / "delivery"], to, keep=True, cancel=cancel)
    (process,) = started
    assert process.returncode == -signal.SIGKILL


def test_a_failure_of_the_process_is_one_of_this_machine(gnupg: GnuPG, tmp_path: Path) -> None:
    to = read(gnupg.export(tmp_path / "keys.asc", "Partner"))
    plain = tmp_path / "delivery"
    plain.write_text("text")
    (tmp_path / "delivery.gpg").mkdir()
    with pytest.raises(LocalResourceError, match="could not be encrypted: Failed to create"):
        encrypt(plain, to)
    assert plain.exists()
    broken = Recipients(to.keys, to.data[:20])
    with pytest.raises(LocalResourceError, match="could not be encrypted"):
        encrypt(plain, broken)
    assert "data=" not in repr(to)


def test_it_needs_little_memory_whatever_the_size(gnupg: GnuPG, tmp_path: Path) -> None:
    to = read(gnupg.export(tmp_path / "keys.asc", "Partner"))
    plain, made = tmp_path / "delivery", tmp_path / "delivery.gpg"
    with plain.open("wb") as file:
        file.truncate(100_000_000)
    keys = base64.b64encode(to.data).decode()
    order = json.dumps({"keys": keys, "files": [[str(plain), str(made)]], "keep": False})
    # From a small process: Linux counts the memory of the process that is forked, too.
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    words = [sys.executable, "-c", code, sys.executable, str(Path(encrypt_child.__file__))]
    done = subprocess.run(words, input=order.encode(), capture_output=True, check=True)
    assert int(done.stdout) * 1024 < 60_000_000
    assert made.stat().st_size > 100_000_000
    assert not plain.exists()
