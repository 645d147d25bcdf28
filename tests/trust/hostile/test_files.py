"""Files that anybody may have written: connections, history, the app's memory; and their modes."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connections import discovery as connection_settings
from core.connections.discovery import find_default_name, list_connections, resolve
from core.errors import TransferError, UsageError
from core.planning.names import TableName
from core.records.history import HistoryEntry, find_former_runs, read_history, record
from tui.preferences import Memory

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
toml_lines = st.sampled_from(
    [
        *("[a]", "[connections.a]", "connections = 5", "[connections]", "a = 1", "[a.b]"),
        *('user = "x"', "user = []", "password = 3", 'password = "secret-marker"', "port = 'x'"),
        *('in_keyring = ["password"]', "in_keyring = 7", "private_key_file = {}", "= = ="),
        *('default_connection_name = "a"', "default_connection_name = 1", '"\\u0000" = "x"'),
        *('password = "secret-marker', "[[a]]", "x = 1979-05-27T07:32:00Z", "port = 1e400"),
    ]
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directories of our own for settings and state."""
    root = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SNOWFLAKE_HOME", str(root))
        patch.setenv("AMPLIFY_CONFIG_DIR", str(root / "config"))
        patch.setenv("AMPLIFY_STATE_DIR", str(root / "state"))
        (root / "config").mkdir(mode=0o700)
        (root / "state").mkdir(mode=0o700)
        yield root


@pytest.fixture(autouse=True)
def emptied(places: Path) -> Iterator[None]:
    """Remove what a test has written, also if it fails, before the next one looks."""
    yield
    for path in places.rglob("*"):
        if path.is_file():
            path.unlink()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def check_connections() -> None:
    """Whatever the files hold: connections, or an error that shows no secret."""
    for ask in (list_connections, find_default_name, lambda: resolve(None), lambda: resolve("a")):
        try:
            assert "secret-marker" not in repr(ask())
        except TransferError as error:
            assert "secret-marker" not in f"{error!r} {error}"  # noqa: PT017


@settings(max_examples=40, deadline=None)
@given(st.lists(toml_lines, max_size=8), st.sampled_from(["connections.toml", "config.toml"]))
def test_connections_files(places: Path, lines: list[str], name: str) -> None:
    for path in (places / name, places / "config" / "connections.toml"):
        write(path, "\n".join(lines).encode())
    check_connections()
    (places / name).unlink()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_connections_files_of_bytes(places: Path, content: bytes) -> None:
    write(places / "connections.toml", content)
    check_connections()
    (places / "connections.toml").unlink()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_connections_files_that_others_can_write(places: Path, mode: int) -> None:
    path = places / "connections.toml"
    write(path, b"[a]\n")
    path.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        list_connections()
    path.unlink()


def test_a_connections_file_that_is_none(places: Path) -> None:
    path = places / "connections.toml"
    path.mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        list_connections()
    path.rmdir()


def test_a_huge_connections_file_is_refused(places: Path) -> None:
    path = places / "connections.toml"
    with path.open("wb") as file:
        file.truncate(1 << 34)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="too large"):
        list_connections()
    path.unlink()


@pytest.mark.parametrize("name", ["history.jsonl", "history.db"])
def test_a_huge_file_is_no_history(places: Path, name: str) -> None:
    (places / "state" / "history.db").unlink(missing_ok=True)
    with (places / "state" / name).open("wb") as file:
        file.truncate(1 << 34)
    assert read_history() == []
    record(ENTRY)
    assert read_history() == [ENTRY]
    for path in (places / "state").glob("history.*"):
        path.unlink()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 4096))
def test_a_database_of_other_bytes(places: Path, content: bytes, offset: int) -> None:
    path = places / "state" / "history.db"
    path.unlink(missing_ok=True)
    record(ENTRY)
    whole = path.read_bytes()
    write(path, whole[:offset] + content + whole[offset + len(content) :])
    for entry in read_history():
        assert isinstance(entry.started, datetime)
    record(ENTRY)
    find_former_runs(demo=False)
    path.unlink()


def test_a_huge_memory_is_forgotten(places: Path) -> None:
    path = places / "state" / "app.json"
    with path.open("wb") as file:
        file.truncate(1 << 34)
    assert Memory(path).theme == ""
    path.unlink()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(connection_settings._KEYS)), st.text(max_size=20)))
def test_the_environment(given: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for key, value in given.items():
            with contextlib.suppress(ValueError):  # a zero byte cannot be there
                patch.setenv(f"SNOWFLAKE_{key.upper()}", value.encode("utf-8", "ignore").decode())
        check_connections()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=60) | values.map(lambda v: json.dumps(v).encode()), max_size=5))
def test_the_history(places: Path, lines: list[bytes]) -> None:
    path = places / "state" / "history.jsonl"
    write(path, b"\n".join(lines))
    assert read_history() == [] or all(isinstance(entry, HistoryEntry) for entry in read_history())
    find_former_runs(demo=False)
    record(ENTRY)
    assert read_history(1) == [ENTRY]
    assert not path.exists()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(HistoryEntry.__dataclass_fields__)), values))
def test_the_history_with_other_types(places: Path, wrong: dict[str, object]) -> None:
    path = places / "state" / "history.jsonl"
    write(path, json.dumps({**json.loads(ENTRY.as_line()), **wrong}).encode() + b"\n")
    for entry in read_history():
        assert isinstance(entry.started, datetime)
        entry.as_line()
    find_former_runs(demo=False)
    assert not path.exists()


ENTRY = HistoryEntry(datetime(2024, 1, 5, tzinfo=UTC), 1.0, "batch", False, "T", "s3://b", "usage")


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=60)
    | values.map(lambda v: json.dumps(v).encode())
    | st.dictionaries(
        st.sampled_from(["theme", "keys", "tables", "buckets", "profiles", "recent", "choices"]),
        values,
    ).map(lambda v: json.dumps(v).encode())
)
def test_the_memory_of_the_app(places: Path, content: bytes) -> None:
    path = places / "state" / "app.json"
    write(path, content)
    memory = Memory(path)
    memory.profile = "p"
    assert isinstance(memory.theme, str)
    assert all(isinstance(each, str) for each in memory.recent_buckets)
    assert all(isinstance(each, TableName) for each in memory.recent_tables)
    assert all(isinstance(each, str) for pair in memory.keys.items() for each in pair)
    memory.use_bucket("b")
    assert Memory(path).theme == memory.theme
    path.unlink()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int) -> None:
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    before = os.umask(umask)
    try:
        record(ENTRY)
        Memory.of_user().use_bucket("b")
    finally:
        os.umask(before)
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert made.pop("state") == 0o700
    assert set(made) >= {"history.db", "app.json"}
    assert set(made.values()) == {0o600}
