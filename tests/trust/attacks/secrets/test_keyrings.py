"""Keyrings that do not encrypt, by whichever way they are chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, Windows, chainer, fail, kwallet, libsecret, macOS, null
from keyrings.alt.file import EncryptedKeyring, PlaintextKeyring

from core.connections import discovery, keyring_store, saved
from tests.support.keyrings import MemoryKeyring, using
from tests.trust.attacks.secrets.marker import HUSH, kept, run, write


class Disguised(PlaintextKeyring):
    """A plain file under another name."""

    priority = -1  # or it would be taken wherever this module is imported


class Giving(MemoryKeyring):
    """Keeps nothing, as the keyrings of package registries."""

    priority = -1

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


REMEMBERING = f"""
from core.connections import saved
print(saved.remember("prod", {{"account": "a", "password": "{HUSH}"}}).asked)
"""


class TestKeyrings:
    """Each backend there is: what encrypts is used, what does not is not."""

    @pytest.mark.parametrize(
        "backend",
        [
            *(SecretService.Keyring, libsecret.Keyring, kwallet.DBusKeyring),
            *(macOS.Keyring, Windows.WinVaultKeyring, MemoryKeyring),
        ],
    )
    def test_what_is_used(self, backend: type[KeyringBackend]) -> None:
        assert keyring_store.is_fit(backend)

    @pytest.mark.parametrize(
        "backend", [fail.Keyring, null.Keyring, PlaintextKeyring, EncryptedKeyring, Disguised]
    )
    def test_what_is_not(self, backend: type[KeyringBackend]) -> None:
        assert not keyring_store.is_fit(backend)

    @pytest.mark.parametrize("how", ["best", "variable", "file", "disguised"])
    def test_no_secret_goes_to_a_plain_file(self, home: Path, how: str) -> None:
        name = "keyrings.alt.file.PlaintextKeyring"
        data, config = home / "data", home / "config"
        env = {"XDG_DATA_HOME": str(data), "XDG_CONFIG_HOME": str(config)}
        env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
        if how == "variable":
            env["PYTHON_KEYRING_BACKEND"] = name
        elif how == "disguised":
            env["PYTHON_KEYRING_BACKEND"] = "disguise.Safe"
            env["PYTHONPATH"] = str(home / "code")
            write(
                home / "code" / "disguise.py",
                "from keyrings.alt.file import PlaintextKeyring\n"
                "class Safe(PlaintextKeyring):\n    pass\n",
            )
        elif how == "file":
            write(
                config / "python_keyring" / "keyringrc.cfg", f"[backend]\ndefault-keyring={name}\n"
            )
        code, shown = run(REMEMBERING, **env)
        assert (code, shown) == (0, "('password',)\n")
        assert not data.exists() or not any(path.is_file() for path in data.rglob("*"))
        assert HUSH not in kept(home)

    def test_a_chain_with_a_plain_member(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        safe, plain = MemoryKeyring(), Disguised()
        monkeypatch.setattr(plain, "file_path", str(home / "plain.cfg"), raising=False)
        monkeypatch.setattr(Disguised, "file_path", str(home / "plain.cfg"))
        for chain in ([plain, safe], [Giving(), safe, plain]):
            monkeypatch.setattr(chainer.ChainerBackend, "backends", chain)
            with using(chainer.ChainerBackend()):
                assert keyring_store.is_available()
                assert saved.remember("prod", {"account": "a", "password": HUSH}).asked == ()
                assert list(safe.kept.values()) == [HUSH]
                assert discovery.resolve("prod").parameters["password"].reveal() == HUSH
                saved.forget("prod")
                assert safe.kept == {}
        assert not (home / "plain.cfg").exists()
        monkeypatch.setattr(chainer.ChainerBackend, "backends", [plain])
        with using(chainer.ChainerBackend()):
            assert not keyring_store.is_available()
            assert saved.remember("prod", {"account": "a", "password": HUSH}).asked
        assert not (home / "plain.cfg").exists()

    def test_a_backend_that_cannot_be_loaded(self, home: Path) -> None:
        code, shown = run(REMEMBERING, PYTHON_KEYRING_BACKEND="nowhere.Keyring")
        assert (code, shown) == (0, "('password',)\n")
        assert HUSH not in kept(home)
