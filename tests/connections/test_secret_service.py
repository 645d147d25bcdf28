"""Secrets in a real Secret Service: GNOME's keyring on a session bus of its own.

https://specifications.freedesktop.org/secret-service/latest/
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.programs.batch_runs import SECONDS

PASSWORD = "hush-hush-hush"
PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")

# Unlocks the login keyring, as signing in to a desktop does, and keeps the bus until stdin ends.
SERVICE = """
printf %s "the login password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
echo "$DBUS_SESSION_BUS_ADDRESS"
read -r _ || true
"""

# Each step is a process of its own, as each start of the program is.
STEPS = {
    "store": f"""
assert keyring_store.is_available()
keyring_store.store("prod", "password", Secret({PASSWORD!r}))
""",
    "fetch": "print(keyring_store.KeptSecret('prod', 'password').reveal())",
    "discard": "keyring_store.discard('prod', 'password')",
    "lock": """
from contextlib import closing
import secretstorage
with closing(secretstorage.dbus_init()) as bus:
    secretstorage.get_default_collection(bus).lock()
""",
}
STEP = """
import sys
from core.connections import keyring_store
from core.connections.secrets import Secret
from core.errors import LocalResourceError
try:
    exec(sys.argv[1])
except LocalResourceError as error:
    print(error)
"""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"{' and '.join(PROGRAMS)} are not installed"
)


@pytest.fixture
def do(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Do one of the steps in a session with an unlocked keyring; returns what it printed."""
    env: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DBUS")},
        **dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"), str(tmp_path)),
    }
    with subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", SERVICE],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        assert session.stdin
        assert session.stdout
        address = session.stdout.readline().strip()
        assert address, "no session bus"

        def run(step: str) -> str:
            done = subprocess.run(
                [sys.executable, "-c", STEP, STEPS[step]],
                env={**env, "DBUS_SESSION_BUS_ADDRESS": address},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
            return done.stdout.strip()

        yield run
        session.stdin.close()


def test_a_secret_is_stored_encrypted_and_fetched_by_another_process(
    do: Callable[[str], str], tmp_path: Path
) -> None:
    assert do("store") == ""
    assert do("fetch") == PASSWORD
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(map(len, files)) > 0, "nothing was stored"
    assert not any(PASSWORD.encode() in each for each in files)
    assert do("discard") == ""
    assert "has no password for connection prod" in do("fetch")


def test_a_locked_keyring_is_an_error(do: Callable[[str], str]) -> None:
    do("store")
    do("lock")
    assert do("fetch") == (
        "The system's keyring cannot be used (KeyringLocked). "
        "Unlock it, or give the secret each time."
    )
