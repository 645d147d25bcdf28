"""Files with connections and secrets that somebody else has made, or can replace."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.connections import discovery, saved
from core.connections.file_trust import SKIP, check_way
from core.connections.secret_refs import FileSecret
from core.errors import LocalResourceError, UsageError
from tests.trust.attacks.secrets.marker import HUSH, write
from tests.trust.attacks.users.second_user import USER, acting_as

STRANGER = 65534  # nobody's number


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that another user can reach."""
    if os.geteuid() != 0:
        pytest.skip("the kernel lets only root act as another user")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own are private
        path = Path(name)
        path.chmod(0o755)
        yield path


def as_stranger(code: str, *arguments: object) -> None:
    """Run code as another user of this machine."""
    command = [sys.executable, "-S", "-c", f"import os, sys\n{code}", *map(str, arguments)]
    python = Path("/usr/bin/python3")  # ours may be where the other cannot go
    if python.exists():
        command[0] = str(python)
    subprocess.run(command, user=STRANGER, group=STRANGER, extra_groups=[], cwd="/", check=True)


EVIL = f'[default]\naccount = "evil"\nhost = "evil.example.com"\nuser = "{HUSH}"\n'
REPLACE = f"""
os.rename(sys.argv[1], sys.argv[1] + ".old")
with open(sys.argv[1], "w") as file:
    file.write({EVIL!r})
"""


class TestFilesOfOthers:
    """Another user of the machine plants connections, in every way that the permissions leave."""

    @pytest.fixture
    def place(self, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("SNOWFLAKE_HOME", str(shared / "home"))
        (shared / "home").mkdir()
        return shared / "home"

    def refused(self, match: str) -> str:
        with pytest.raises(UsageError, match=match) as caught:
            discovery.resolve(None)
        assert SKIP in caught.value.hint
        assert HUSH not in str(caught.value)
        return caught.value.message

    def test_a_file_put_in_place_of_ours(self, place: Path) -> None:
        path = write(place / "connections.toml", '[default]\naccount = "a"\n')
        place.chmod(0o777)
        as_stranger(REPLACE, path)
        assert "evil" in path.read_text()
        self.refused("belongs to another user")

    @pytest.mark.parametrize("name", ["connections.toml", "config.toml"])
    def test_a_directory_that_others_can_write(self, place: Path, name: str) -> None:
        write(place / name, '[a]\naccount = "a"\n')
        place.chmod(0o777)
        assert str(place) in self.refused("other users can write")

    @pytest.mark.parametrize(("group", "safe"), [(USER, True), (STRANGER, False)])
    def test_a_directory_that_a_group_can_write(self, place: Path, group: int, safe: bool) -> None:
        """Only the user is in the user's own group, so nobody else can write there."""
        path = write(place / "password", HUSH)
        os.chown(path, USER, USER)
        os.chown(place, USER, group)
        place.chmod(0o775)
        with acting_as(USER):
            if safe:
                check_way(path, path.stat())
            else:
                with pytest.raises(UsageError, match="other users can write"):
                    check_way(path, path.stat())

    def test_a_file_replaced_after_it_was_opened(self, place: Path) -> None:
        path, other = write(place / "password", HUSH), write(place / "other", "planted")
        opened = path.stat()
        check_way(path, opened)
        other.replace(path)
        with pytest.raises(UsageError, match="was replaced while it was read"):
            check_way(path, opened)

    def test_a_loop_of_links_made_after_it_was_opened(self, place: Path) -> None:
        path = write(place / "password", HUSH)
        opened = path.stat()
        path.unlink()
        path.symlink_to(path)
        with pytest.raises(UsageError, match="Too many levels of symbolic links"):
            check_way(path, opened)

    def test_as_many_links_as_the_kernel_follows(self, place: Path) -> None:
        path = write(place / "password-0", HUSH)
        for number in range(1, 41):
            path = path.with_name(f"password-{number}")
            path.symlink_to(f"password-{number - 1}")
        assert FileSecret("password_file", str(path)).reveal() == HUSH

    def test_a_directory_further_up(self, place: Path) -> None:
        write(place / "connections.toml", '[a]\naccount = "a"\n')
        place.parent.chmod(0o777)
        self.refused("other users can write")

    def test_a_directory_of_somebody_else(self, place: Path) -> None:
        write(place / "connections.toml", '[a]\naccount = "a"\n')
        os.chown(place, STRANGER, STRANGER)
        self.refused("belongs to another user")

    def test_a_link_planted_in_a_sticky_directory(self, place: Path) -> None:
        ours = write(place / "ours" / "connections.toml", EVIL)
        place.chmod(0o1777)
        as_stranger("os.symlink(*sys.argv[1:])", ours, place / "connections.toml")
        self.refused("belongs to another user")

    def test_a_directory_planted_as_a_link(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(place / "real" / "connections.toml", EVIL)
        place.chmod(0o1777)
        as_stranger("os.symlink(*sys.argv[1:])", place / "real", place / "snowflake")
        monkeypatch.setenv("SNOWFLAKE_HOME", str(place / "snowflake"))
        self.refused("belongs to another user")

    def test_our_own_connections(self, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(shared / "config"))
        path = write(shared / "config" / "connections.toml", EVIL)
        os.chown(path, STRANGER, STRANGER)
        self.refused("belongs to another user")
        monkeypatch.setenv(SKIP, "yes")
        assert discovery.list_connections()
        with pytest.raises(LocalResourceError, match="cannot be written: It is not a file of this"):
            saved.remember("ours", {"account": "a"})

    def test_ours_in_a_sticky_directory_and_by_a_link_of_ours(self, place: Path) -> None:
        write(place / "real" / "file", '[a]\naccount = "a"\n')
        place.chmod(0o1777)
        (place / "connections.toml").symlink_to("../home/real/file")
        assert list(discovery.list_connections()) == ["a"]

    @pytest.mark.parametrize("variable", [SKIP, "SNOWFLAKE_UNSAFE_SKIP_FILE_PERMISSIONS_CHECK"])
    def test_the_way_out(self, place: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        path = write(place / "connections.toml", '[a]\naccount = "a"\n')
        path.chmod(0o777)
        place.chmod(0o777)
        os.chown(path, STRANGER, STRANGER)
        monkeypatch.setenv(variable, "no")
        self.refused("another user")
        monkeypatch.setenv(variable, "true")
        assert list(discovery.list_connections()) == ["a"]

    def test_a_file_of_a_secret(self, place: Path) -> None:
        path = write(place / "password", HUSH)
        assert FileSecret("password_file", str(path)).reveal() == HUSH
        place.chmod(0o777)
        as_stranger("os.rename(sys.argv[1], sys.argv[1] + '.old')", path)
        write(path, "planted")
        with pytest.raises(UsageError, match="other users can write"):
            FileSecret("password_file", str(path)).reveal()
