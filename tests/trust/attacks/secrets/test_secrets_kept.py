"""Attacks on secrets: where they might be kept or seen, and files that somebody else has made."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, Windows, chainer, fail, kwallet, libsecret, macOS, null
from keyrings.alt.file import EncryptedKeyring, PlaintextKeyring
from textual import constants

from core import Request
from core.bucket import Bucket, Destination
from core.connections import discovery, keyring_store, saved
from core.connections.file_trust import SKIP
from core.connections.secret_refs import FileSecret
from core.connections.secrets import RefusedSecret, Secret, hide
from core.errors import UsageError
from core.runtime import redaction
from core.warehouse.connect import connect
from tests.support.keyrings import MemoryKeyring, using
from tui.app import TransferApp
from tui.preferences import Memory
from tui.screens.connect.secret import SecretInput, SecretPrompt

HUSH = "hush-marker"
STRANGER = 65534  # nobody's number
KINDS = ("STATE", "CONFIG", "LOG", "SPILL", "DATA")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory."""
    for variable in list(os.environ):
        if variable.startswith(("SNOWFLAKE", "PRIVATE_KEY", "XDG_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in KINDS:
        monkeypatch.setenv(f"AMPLIFY_{kind}_DIR", str(tmp_path / "own" / kind.lower()))
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def run(code: str, *arguments: str, **env: str) -> tuple[int, str]:
    """Run Python code; its exit code, and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def kept(root: Path) -> str:
    """All that is in the files of our own directories now."""
    files = (path for path in (root / "own").rglob("*") if path.is_file())
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


class TestAddresses:
    """An address with a password is refused before anything is written down."""

    ENDPOINTS = (
        f"http://user:{HUSH}@127.0.0.1:9",
        f"http://{HUSH}@127.0.0.1:9",
        f"https://user:a/{HUSH}@127.0.0.1",
        f"https://store.example.com/?sig={HUSH}",
        f"https://store.example.com/#{HUSH}",
        f"http:/user:{HUSH}@127.0.0.1",
        f"user:{HUSH}@127.0.0.1:9",
        f"https://store.example.com\\@{HUSH}",
        f"ftp://{HUSH}.example.com",
    )

    @pytest.mark.parametrize("url", ENDPOINTS)
    def test_an_endpoint(self, url: str) -> None:
        for given in ({"endpoint_url": url}, {"s3_options": {"endpoint_url": url}}):
            with pytest.raises(UsageError, match=r"endpoint(_url| URL)") as caught:
                Request.of(table="T", bucket="bucket", **given)
            assert HUSH not in f"{caught.value!r} {caught.value} {caught.value.__context__}"
        with pytest.raises(UsageError, match="endpoint URL") as refused:
            Bucket(Destination("bucket"), endpoint_url=url)
        assert HUSH not in str(refused.value)

    @pytest.mark.parametrize(
        "url",
        [
            *("http://127.0.0.1:9000", "https://s3.example.com/", "http://minio_1:9000/base/path"),
            *("http://[::1]:9000", "https://s3.eu-central-1.amazonaws.com", "HTTPS://S3.Example"),
        ],
    )
    def test_a_plain_endpoint_is_taken(self, url: str) -> None:
        assert Request.of(table="T", bucket="bucket", endpoint_url=url).endpoint_url == url

    @pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
    def test_an_endpoint_of_aws_variables(
        self, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, f"http://user:{HUSH}@127.0.0.1:9")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        with (
            Bucket(Destination("bucket"), client_options={"region_name": "eu-west-1"}) as bucket,
            pytest.raises(UsageError, match="endpoint") as caught,
        ):
            bucket.ask(lambda client, where: client.head_bucket(**where))
        assert HUSH not in str(caught.value)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--endpoint-url", f"http://user:{HUSH}@127.0.0.1:9"),
            ("--endpoint-url", f"https://store.example.com/?sig={HUSH}"),
            ("--bucket", f"s3://AKIA:{HUSH}@bucket/prefix/"),
            ("--bucket", f"https://b.s3.amazonaws.com/?X-Amz-Signature={HUSH}"),
            ("--connection", f"snowflake://user:{HUSH}@account/db"),
            ("--warehouse", f"https://user:{HUSH}@host"),
        ],
    )
    def test_nothing_of_it_is_kept_or_printed(self, home: Path, option: str, value: str) -> None:
        arguments = ("--batch", "--table", "T", "--bucket", "bucket", option, value)
        code, shown = run("from tui.cli.main import main; main()", *arguments, AMPLIFY_DEBUG="1")
        assert code == 2, shown.replace(HUSH, "HUSH")
        assert HUSH not in shown
        assert HUSH not in kept(home)

    @pytest.mark.parametrize("prefix", ["from@us/", "a?b/", "a:b@c/"])
    def test_a_prefix_may_look_like_one(self, prefix: str) -> None:
        assert Request.of(table="T", bucket=f"s3://bucket/{prefix}").bucket.endswith(prefix)

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            ("host", f"user:{HUSH}@account.snowflakecomputing.com"),
            ("account", f"user:{HUSH}@account"),
            ("protocol", f"https://user:{HUSH}@"),
            ("proxy_host", f"user:{HUSH}@proxy"),
            ("authenticator", f"https://user:{HUSH}@okta.example.com"),
            ("authenticator", f"https://okta.example.com/?token={HUSH}"),
            ("oauth_token_request_url", f"https://user:{HUSH}@login.example.com/token"),
        ],
    )
    def test_an_address_of_a_connection(self, home: Path, parameter: str, value: str) -> None:
        entry = {"account": "a", "user": "u", "password": "p", parameter: value}
        lines = "".join(f"{key} = {json.dumps(each)}\n" for key, each in entry.items())
        write(home / ".snowflake" / "connections.toml", f"[dev]\n{lines}")
        assert HUSH not in repr(discovery.list_connections())
        for connection in ("dev", entry):
            with pytest.raises(UsageError, match=f"{parameter} holds") as caught:
                connect(connection, query_tag="a test")
            assert HUSH not in f"{caught.value} {caught.value.__cause__}"
        with pytest.raises(UsageError, match="cannot be saved"):
            saved.remember("mine", {"user": "u", parameter: value})
        assert HUSH not in kept(home)

    def test_addresses_without_one_are_left_alone(self) -> None:
        for name, value in (
            ("authenticator", "https://okta.example.com"),
            ("oauth_authorization_url", "https://login.example.com:8443/a?audience=me@x"),
            ("user", "me@example.com"),
            ("session_parameters", {"QUERY_TAG": "a:b@c"}),
        ):
            assert hide(name, value) == value


class TestValuesOfConnections:
    """What is secret is hidden whatever its type, and however deep."""

    @pytest.mark.parametrize("text", ["12345678", "1234.5678", "true", '["hush-marker"]', "0"])
    def test_a_secret_that_is_not_text(self, home: Path, text: str) -> None:
        content = f'[dev]\naccount = "a"\nuser = "u"\npassword = {text}\n'
        write(home / ".snowflake" / "connections.toml", content)
        shown = repr(discovery.list_connections())
        assert f"'password': {text}" not in shown
        assert HUSH not in shown
        with pytest.raises(UsageError, match="password must be text") as caught:
            connect("dev", query_tag="a test")
        assert "in quotes" in caught.value.hint

    def test_a_number_as_an_argument(self) -> None:
        arguments = {"account": "a", "user": "u", "password": 12345678}
        with pytest.raises(UsageError, match="password must be text") as caught:
            connect(arguments, query_tag="a test")
        assert "12345678" not in f"{caught.value} {caught.value.__cause__}"

    NESTED = f'[connections.a]\nuser = "u"\npassword = "{HUSH}"\n'

    def test_a_connection_nested_by_mistake(self, home: Path) -> None:
        write(home / ".snowflake" / "connections.toml", self.NESTED)
        assert discovery.list_connections() == {}
        for name in ("a", None):
            with pytest.raises(UsageError, match="connection") as caught:
                discovery.resolve(name)
            assert "a connection is [name], not [connections.name]: a" in caught.value.hint
            assert HUSH not in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            f'[connections]\nuser = "u"\n{NESTED}',
            f'[a]\nuser = "u"\n[a.b.c]\nPASSWORD = "{HUSH}"\n',
            f'[[a.b]]\ntoken = "{HUSH}"\n[a.d]\nx = [{{ passcode = "{HUSH}" }}]\n',
            f'[a]\npasswd = "{HUSH}"\n"db-pwd" = "{HUSH}"\nPrivateKeyBase64 = "{HUSH}"\n',
        ],
    )
    def test_whatever_is_nested_is_hidden(self, home: Path, text: str) -> None:
        write(home / ".snowflake" / "connections.toml", text)
        found = discovery.list_connections()
        assert found
        assert HUSH not in repr(found)
        assert "**********" in repr(found)

    def test_what_is_hidden_reaches_the_connector(self) -> None:
        given = {"a": ({"token": "t"}, ["x"]), "private_key": b"der"}
        assert "'t'" not in repr(hide("top", given))
        from core.connections.secrets import reveal

        assert reveal(hide("top", given)) == given
        assert isinstance(hide("password", 5), RefusedSecret)


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


# A library's error, warning and native line, with the password of a file in many forms.
LEAKING = """
import base64, json, os, runpy, urllib.parse, warnings
from core.records import history
from core.connections import discovery
from core.connections.secrets import reveal

def leak(*args, **more):
    password = reveal(discovery.resolve(None).parameters["password"])
    short = reveal(discovery.resolve(None).parameters["passcode"])
    basic = base64.b64encode(b"me:" + password.encode()).decode()
    os.write(2, f"native: {password} {basic}\\n".encode())
    warnings.warn(f"library: {urllib.parse.quote(password, safe='')}")
    cause = ValueError({"password": password, "proxy": os.environ["HTTPS_PROXY"]})
    url = "https://s/?X-Amz-Signature=SIGNED-hush-marker&x=1"
    raise RuntimeError(f"{json.dumps(password)} '{short}' {url}") from cause

import core.transfer
core.transfer.run_transfer = history.run_transfer = leak
runpy.run_module("tui", run_name="__main__")
"""


class TestDebugging:
    """AMPLIFY_DEBUG=1 shows the texts of libraries, and no secret in them."""

    PASSWORD = f'pä"s/+ {HUSH}\\'

    def test_every_form_is_hidden(self, home: Path) -> None:
        path = write(home / "password", self.PASSWORD)
        code, shown = run(
            LEAKING,
            *("--batch", "--table", "T", "--bucket", "bucket"),
            AMPLIFY_DEBUG="1",
            SNOWFLAKE_ACCOUNT="a",
            SNOWFLAKE_USER="me",
            SNOWFLAKE_PASSWORD_FILE=str(path),
            SNOWFLAKE_PASSCODE="ab",
            HTTPS_PROXY=f"http://user:{HUSH}@127.0.0.1:9",
        )
        assert code == 1
        text = shown.replace(HUSH, "HUSH")  # not shown by pytest, should it fail
        assert "RuntimeError" in text, text
        assert "ValueError" in text
        assert "native: ********** bWU" in text
        assert "library: **********" in text
        assert HUSH not in shown
        assert quote(self.PASSWORD, safe="") not in shown
        assert base64.b64encode(b"me:" + self.PASSWORD.encode()).decode() not in shown
        assert "'ab'" not in shown
        assert "lines above" in text  # "ab" is part of ordinary words
        assert HUSH not in kept(home)

    @pytest.fixture
    def watching(self) -> Iterator[None]:
        redaction.watch({})
        yield
        redaction.forget()

    def test_the_lines_of_a_key(self, watching: None) -> None:
        body = base64.b64encode(os.urandom(600)).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        pem = f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"
        Secret(pem).reveal()
        for text in (pem, body, repr(pem), json.dumps(pem), body[:64], f"x{body[64:128]}y"):
            shown = redaction.redact(f"before {text} behind")
            assert not any(body[at : at + 20] in shown for at in range(0, len(body) - 20, 4))
            assert shown.startswith("before")

    @pytest.mark.parametrize("secret", ["a", "xyz", "1234", "p w", "ünïcode", "a\nsecond line!"])
    def test_values_of_every_length(self, watching: None, secret: str) -> None:
        hide("password", secret)
        text = f"a xylophone plays: password={secret}, {secret!r} and {json.dumps(secret)}"
        shown = redaction.redact(text)
        assert f"password={secret}" not in shown
        assert repr(secret) not in shown
        assert json.dumps(secret) not in shown
        assert shown.startswith("a xylophone plays: password=*")

    @pytest.mark.parametrize("before", [b"", b"u:", b"us:"])
    def test_base64_at_every_offset(self, watching: None, before: bytes) -> None:
        redaction.learn(HUSH)
        encoded = base64.b64encode(before + HUSH.encode() + b"!").decode()
        shown = redaction.redact(encoded)
        # All but the characters that the neighbours decide about is gone.
        assert len(shown.replace("*", "")) <= len(before) + 8

    def test_what_is_secret_by_its_form(self) -> None:
        token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodXNoIn0.c2lnbmF0dXJl"
        for text, secret in (
            (f"GET https://s/?X-Amz-Signature={HUSH}&x=1", HUSH),
            (f"https://a.blob.core.windows.net/c?sv=1&sig={HUSH}", HUSH),
            (f'Authorization: Snowflake Token="{HUSH}"', HUSH),
            (f"sent {token} to", token),
            (f"cannot reach socks5://me:{HUSH}@proxy:1", HUSH),
        ):
            assert secret not in redaction.redact(text)

    def test_nothing_is_collected_otherwise(self) -> None:
        Secret(HUSH).reveal()
        assert redaction.redact(HUSH) == HUSH


class TestTextual:
    """Textual's aids for developers write down each key."""

    async def test_a_typed_password_is_in_no_log(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = home / "textual.log"
        monkeypatch.setattr(constants, "LOG_FILE", str(log))
        monkeypatch.setenv("TEXTUAL_LOG", str(log))
        monkeypatch.setenv("TEXTUAL", "devtools,debug")
        app = TransferApp(memory=Memory(home / "app.json"))
        assert "devtools" not in app.features
        assert "TEXTUAL_LOG" not in os.environ
        async with app.run_test() as pilot:
            await app.push_screen(SecretPrompt("prod", "password"))
            await pilot.press(*"hush7")
            assert app.screen.query_one(SecretInput).secret == Secret("hush7")
        assert not log.exists()


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
