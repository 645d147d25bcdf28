"""Snowflake's own files and variables, read as Snowflake's own tools read them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.connections import discovery
from core.connections.secrets import Secret
from core.errors import UsageError
from core.remedy import Remedy


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory and an environment without anything of Snowflake's."""
    for variable in list(os.environ):
        if variable.startswith(("SNOWFLAKE", "PRIVATE_KEY", "XDG_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(home: Path, name: str, text: str, directory: str = ".snowflake") -> Path:
    path = home / directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def shown(name: str | None = None) -> dict[str, object]:
    """The parameters of a connection, secrets in the clear."""
    parameters = discovery.resolve(name).parameters
    return {k: v.reveal() if isinstance(v, Secret) else v for k, v in parameters.items()}


class TestFiles:
    def test_connections_toml(self, home: Path) -> None:
        write(home, "connections.toml", '[dev]\naccount = "a"\nuser = "u"\npassword = "p"\n')
        assert shown("dev") == {"account": "a", "user": "u", "password": "p"}

    def test_config_toml(self, home: Path) -> None:
        write(home, "config.toml", '[connections.dev]\naccount = "a"\n[cli.logs]\nlevel = "info"\n')
        assert list(discovery.list_connections()) == ["dev"]
        assert shown("dev") == {"account": "a"}

    def test_both_are_merged_and_connections_toml_wins(self, home: Path) -> None:
        write(
            home,
            "config.toml",
            '[connections.one]\naccount = "old"\nuser = "u"\n[connections.two]\naccount = "b"\n',
        )
        write(home, "connections.toml", '[one]\naccount = "new"\n[three]\naccount = "c"\n')
        assert list(discovery.list_connections()) == ["one", "three", "two"]
        assert shown("one") == {"account": "new", "user": "u"}
        assert shown("two") == {"account": "b"}

    def test_an_alias_in_one_file_yields_to_the_other(self, home: Path) -> None:
        write(home, "config.toml", '[connections.k]\nprivate_key_file = "/old.p8"\n')
        write(home, "connections.toml", '[k]\nprivate_key_path = "/new.p8"\n')
        assert shown("k") == {"private_key_file": "/new.p8"}

    def test_a_port_of_any_spelling_is_a_number(self, home: Path) -> None:
        write(home, "connections.toml", '[a]\nport = "8080"\n[b]\nport = 8080\n[c]\nPORT = 8080\n')
        assert shown("a") == shown("b") == shown("c") == {"port": 8080}

    def test_a_port_of_endless_digits_stays_text(self, home: Path) -> None:
        write(home, "connections.toml", f'[a]\nport = "{"9" * 5000}"\n')
        assert shown("a") == {"port": "9" * 5000}

    def test_they_are_never_written(self, home: Path) -> None:
        path = write(home, "connections.toml", '[dev]\naccount = "a"\n')
        before = path.stat().st_mtime_ns
        discovery.list_connections()
        discovery.resolve("dev")
        assert path.stat().st_mtime_ns == before
        assert [p.name for p in path.parent.iterdir()] == ["connections.toml"]


class TestDirectory:
    def test_snowflake_home_wins(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(home, "connections.toml", '[plain]\naccount = "a"\n')
        write(home, "connections.toml", '[named]\naccount = "a"\n', directory="elsewhere")
        monkeypatch.setenv("SNOWFLAKE_HOME", str(home / "elsewhere"))
        assert list(discovery.list_connections()) == ["named"]

    def test_a_tilde_in_it_is_expanded(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(home, "connections.toml", '[named]\naccount = "a"\n', directory="elsewhere")
        monkeypatch.setenv("SNOWFLAKE_HOME", "~/elsewhere")
        assert list(discovery.list_connections()) == ["named"]

    def test_dot_snowflake_hides_the_platform_directory(self, home: Path) -> None:
        write(home, "connections.toml", '[platform]\naccount = "a"\n', ".config/snowflake")
        assert list(discovery.list_connections()) == ["platform"]
        (home / ".snowflake").mkdir()
        assert discovery.list_connections() == {}

    def test_a_snowflake_home_that_is_missing_is_passed_over(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(home, "connections.toml", '[platform]\naccount = "a"\n', ".config/snowflake")
        monkeypatch.setenv("SNOWFLAKE_HOME", str(home / "missing"))
        assert list(discovery.list_connections()) == ["platform"]

    def test_no_home_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HOME")
        monkeypatch.setattr("os.path.expanduser", lambda path: path)
        monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "a")
        assert shown() == {"account": "a"}


class TestDefault:
    @pytest.fixture(autouse=True)
    def three(self, home: Path) -> None:
        write(home, "connections.toml", '[default]\nuser="d"\n[one]\nuser="1"\n[two]\nuser="2"\n')

    def test_it_is_the_one_called_default(self) -> None:
        assert discovery.find_default_name() == "default"
        assert shown() == {"user": "d"}

    def test_config_toml_names_another(self, home: Path) -> None:
        write(home, "config.toml", 'default_connection_name = "one"\n')
        assert discovery.resolve(None).name == "one"

    def test_the_environment_names_another(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(home, "config.toml", 'default_connection_name = "one"\n')
        monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "two")
        assert discovery.resolve(None).name == "two"

    def test_a_name_of_the_caller_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "two")
        assert discovery.resolve("one").name == "one"

    def test_one_that_does_not_exist_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "tow")
        monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "a")
        with pytest.raises(UsageError, match="default Snowflake connection 'tow'") as caught:
            discovery.resolve(None)
        assert "two" in caught.value.hint
        assert Remedy("connection") in caught.value.remedies


class TestEnvironment:
    def test_the_layers(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(home, "connections.toml", '[dev]\naccount = "file"\nuser = "file"\n')
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_DEV_ACCOUNT", "named")
        for key in ("ACCOUNT", "USER", "ROLE"):
            monkeypatch.setenv(f"SNOWFLAKE_{key}", "generic")
        assert shown("dev") == {"account": "named", "user": "file", "role": "generic"}

    def test_a_connection_of_named_variables_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_CI_BOX_ACCOUNT", "a")
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_CI_BOX_PRIVATE_KEY_FILE", "/k.p8")
        assert list(discovery.list_connections()) == ["ci_box"]
        assert shown("ci_box") == {"account": "a", "private_key_file": "/k.p8"}

    def test_the_generic_variables_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for key, value in {"ACCOUNT": "a", "USER": "u", "PASSWORD": "p", "PORT": "80"}.items():
            monkeypatch.setenv(f"SNOWFLAKE_{key}", value)
        assert discovery.resolve(None).name == discovery.ENVIRONMENT
        assert shown() == {"account": "a", "user": "u", "password": "p", "port": 80}
        assert list(discovery.list_connections()) == [discovery.ENVIRONMENT]

    def test_a_default_in_the_files_wins_over_them(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(home, "connections.toml", '[default]\naccount = "file"\n')
        monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "generic")
        assert shown() == {"account": "file"}

    def test_an_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "a")
        monkeypatch.setenv("SNOWFLAKE_ROLE", "")
        assert shown() == {"account": "a"}


class TestKeys:
    @pytest.mark.parametrize(
        ("alias", "name"),
        [
            ("private_key_path", "private_key_file"),
            ("private_key_raw", "private_key"),
            ("private_key_passphrase", "private_key_password"),
            ("private_key_file_pwd", "private_key_password"),
        ],
    )
    def test_aliases(self, home: Path, alias: str, name: str) -> None:
        write(home, "connections.toml", f'[k]\n{alias} = "v"\n')
        assert shown("k") == {name: "v"}

    def test_the_passphrase_variable_wins(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(home, "connections.toml", '[k]\nprivate_key_path="~/k.p8"\nprivate_key_file_pwd="x"')
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_K_PRIVATE_KEY_PASSPHRASE", "y")
        assert shown("k")["private_key_password"] == "y"
        monkeypatch.setenv("PRIVATE_KEY_PASSPHRASE", "z")
        assert shown("k") == {"private_key_file": f"{home}/k.p8", "private_key_password": "z"}

    def test_it_is_not_given_to_a_connection_without_key(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(home, "connections.toml", '[k]\npassword = "x"\n')
        monkeypatch.setenv("PRIVATE_KEY_PASSPHRASE", "z")
        assert shown("k") == {"password": "x"}

    def test_no_secret_is_shown(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        keys = ["password", "token", "passcode", "private_key_raw", "private_key_passphrase"]
        keys += ["oauth_client_secret", "session_token", "master_token", "proxy_password"]
        lines = "".join(f'{key} = "hidden-{key}"\n' for key in keys)
        write(home, "connections.toml", f"[k]\n{lines}")
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_OTHER_TOKEN", "hidden-too")
        assert "hidden" not in repr(discovery.list_connections())
        assert "hidden" not in str(dict(discovery.resolve("k").parameters))
        assert "hidden-password" in shown("k").values()


class TestMistakes:
    def test_nothing_is_configured(self, home: Path) -> None:
        (home / ".snowflake").mkdir()
        with pytest.raises(UsageError) as caught:
            discovery.resolve(None)
        assert str(home / ".snowflake" / "connections.toml") in caught.value.message
        assert str(home / ".snowflake" / "config.toml") in caught.value.message
        assert "SNOWFLAKE_ACCOUNT" in caught.value.hint

    def test_an_unknown_name(self, home: Path) -> None:
        path = write(home, "connections.toml", '[production]\nuser="u"\n[dev]\nuser="u"\n')
        with pytest.raises(UsageError, match="'producton'") as caught:
            discovery.resolve("producton")
        assert "production" in caught.value.hint
        assert "dev" not in caught.value.hint
        assert str(path) in caught.value.message

    def test_a_nested_table_in_connections_toml(self, home: Path) -> None:
        write(home, "connections.toml", '[connections.dev]\nuser = "u"\n')
        with pytest.raises(UsageError) as caught:
            discovery.resolve("dev")
        assert "[name]" in caught.value.hint

    def test_of_many_tables_and_connections_ten_are_named(self, home: Path) -> None:
        heads = [f"[{kind}{n}]" for kind in ("connections.a", "b") for n in range(12)]
        write(home, "connections.toml", "\nuser = 'u'\n".join([*heads, ""]))
        with pytest.raises(UsageError) as caught:
            discovery.resolve("unlike")
        named = [re.findall(rf"\b{kind}\d+", caught.value.hint) for kind in "ab"]
        assert [len(each) for each in named] == [10, 10]

    def test_broken_toml_is_named_but_not_quoted(self, home: Path) -> None:
        path = write(home, "connections.toml", '[dev]\npassword = "hidden\n')
        with pytest.raises(UsageError) as caught:
            discovery.resolve("dev")
        assert str(path) in caught.value.message
        assert "line 2" in caught.value.message
        assert "hidden" not in str(caught.value)

    def test_a_file_that_is_not_text(self, home: Path) -> None:
        write(home, "connections.toml", "").write_bytes(b"\x80[dev]\0")
        with pytest.raises(UsageError, match="not UTF-8"):
            discovery.list_connections()

    def test_a_file_with_the_mark_of_utf_8(self, home: Path) -> None:
        data = '["münchen"]\r\naccount = "a"\r\n'.encode("utf-8-sig")
        write(home, "connections.toml", "").write_bytes(data)
        assert list(discovery.list_connections()) == ["münchen"]

    @pytest.mark.parametrize(
        ("encoding", "said"),
        [
            ("utf-16", "is UTF-16, not UTF-8"),
            ("cp1252", r"is not UTF-8 \(line 2\); its encoding may be Windows-1252"),
        ],
    )
    def test_a_file_in_another_encoding(self, home: Path, encoding: str, said: str) -> None:
        data = '# new\n[a] # münchen\npassword = "hidden"\n'.encode(encoding)
        write(home, "connections.toml", "").write_bytes(data)
        with pytest.raises(UsageError, match=said) as caught:
            discovery.list_connections()
        assert "connections.toml" in caught.value.message
        assert caught.value.hint == "Save it as UTF-8."
        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize("text", ["[a]\nport = " + "9" * 5000, "a = " + "[" * 5000])
    def test_endless_digits_and_brackets(self, home: Path, text: str) -> None:
        write(home, "connections.toml", text)
        with pytest.raises(UsageError, match=r"not valid TOML \(somewhere\)"):
            discovery.list_connections()

    @pytest.mark.parametrize("mode", [0o620, 0o602])
    def test_a_file_that_others_can_write_is_refused(self, home: Path, mode: int) -> None:
        path = write(home, "connections.toml", '[dev]\naccount = "a"\n')
        path.chmod(mode)
        with pytest.raises(UsageError, match="cannot be trusted") as caught:
            discovery.resolve("dev")
        assert f"chmod 600 {path}" in caught.value.hint

    def test_a_file_that_others_can_read_is_not(self, home: Path) -> None:
        write(home, "connections.toml", '[dev]\naccount = "a"\n').chmod(0o644)
        assert shown("dev") == {"account": "a"}

    def test_a_directory_in_its_place(self, home: Path) -> None:
        (home / ".snowflake" / "connections.toml").mkdir(parents=True)
        with pytest.raises(UsageError, match="cannot be read"):
            discovery.list_connections()
