"""Secrets told by where they are: which source counts, what each gives, what can be wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import Request, plan_transfer
from core.connections import aws_secrets, discovery, saved
from core.connections.secret_refs import AwsSecret, FileSecret, choose_secrets
from core.connections.secrets import Secret, reveal
from core.errors import SignInError, TemporaryError, TransferError, UsageError
from core.preview.browser import Explorer
from core.runtime import redaction
from core.runtime.retry import Retry
from core.warehouse.connect import connect
from tests.support.keyrings import MemoryKeyring, using
from tests.support.services import aws
from tests.support.services.buckets import Action, Exchange, Proxy, hang, one_loader, reset
from tests.support.waiting import AT_ONCE

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

MARKER = "hidden-marker"
NOWHERE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none-AbCdEf"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Many sessions of boto3."""
    with one_loader():
        yield


@pytest.fixture(autouse=True)
def place(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and the sandbox in place of AWS."""
    for variable in list(os.environ):
        if variable.startswith(("SNOWFLAKE", "XDG_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path / "config"))
    for name, value in aws.environment(sandbox).items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def proxy(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A network between here and AWS."""
    with Proxy(sandbox.s3["endpoint_url"]) as between:
        for name, value in aws.environment(sandbox, between.url).items():
            monkeypatch.setenv(name, value)
        yield between


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def shown(parameters: Mapping[str, Any]) -> dict[str, object]:
    return {key: reveal(value) for key, value in choose_secrets(parameters).items()}


SOURCES = ("argument", "variable", "file", "secret", "keyring")


@pytest.mark.parametrize("first", SOURCES)
def test_the_first_source_counts(
    sandbox: Sandbox, place: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Only the first source that is given has the right password, and the sign-in works."""
    given = SOURCES[SOURCES.index(first) :]
    password = {name: f"wrong-{name}" for name in given} | {first: sandbox.snowflake["password"]}
    own: dict[str, object] = {**sandbox.snowflake}
    with using(MemoryKeyring()):
        saved.remember("prod", {**own, "password": Secret(password["keyring"])})
        if "variable" in given:
            monkeypatch.setenv("SNOWFLAKE_PASSWORD", password["variable"])
        if "file" in given:
            own["password_file"] = str(private(place / "password", password["file"]))
            monkeypatch.setenv("SNOWFLAKE_PASSWORD_FILE", str(place / "password"))
        if "secret" in given:
            own["password_arn"] = aws.secret(sandbox, password["secret"])
            monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_PROD_PASSWORD_ARN", str(own["password_arn"]))
        connection = {**own, "password": password["argument"]} if "argument" in given else "prod"
        with closing(connect(connection, query_tag="a test")):
            pass
        del own["password"]
        if "secret" in given:  # among the caller's arguments it is the same
            wanted = "file" if "file" in given else "secret"
            assert shown(own)["password"] == password[wanted]


class TestWhereTheyAreTold:
    def test_in_an_entry(
        self, sandbox: Sandbox, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arn = aws.secret(sandbox, "the-token")
        entry = {"password_file": private(place / "pw", "p\n"), "token_arn": arn, "role": "R"}
        entry["private_key_passphrase_file"] = private(place / "phrase", "open sesame")
        entry["private_key_path"] = "/k.p8"
        lines = "\n".join(f"{key} = {str(value)!r}" for key, value in entry.items())
        private(place / "connections.toml", f"[prod]\n{lines}")
        monkeypatch.setenv("SNOWFLAKE_HOME", str(place))
        parameters = discovery.resolve("prod").parameters
        assert {key: reveal(value) for key, value in parameters.items()} == {
            "password": "p",
            "token": "the-token",
            "private_key_file": "/k.p8",
            "private_key_password": "open sesame",
            "role": "R",
        }
        assert "sesame" not in repr(parameters)

    def test_in_the_environment_alone(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        private(place / "pw", "p")
        monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "a")
        monkeypatch.setenv("SNOWFLAKE_PASSWORD_FILE", "~/pw")
        monkeypatch.setenv("SNOWFLAKE_CONNECTIONS_CI_PASSCODE_FILE", "~/pw")
        assert sorted(discovery.list_connections()) == ["ci", "environment"]
        assert reveal(discovery.resolve(None).parameters["password"]) == "p"
        assert reveal(discovery.resolve("ci").parameters["passcode"]) == "p"

    def test_a_key_file_stays_the_connectors(self) -> None:
        assert choose_secrets({"private_key_file": "/k.p8"}) == {"private_key_file": "/k.p8"}

    def test_an_empty_value_is_none(self, place: Path) -> None:
        path = private(place / "pw", "p")
        assert shown({"password": "", "password_file": path}) == {"password": "p"}
        assert shown({"password": "x", "password_file": "", "password_arn": None}) == {
            "password": "x"
        }

    def test_nothing_is_asked_before_a_sign_in(self, proxy: Proxy) -> None:
        told = choose_secrets({"password_file": "/nowhere/at-all", "token_arn": NOWHERE})
        assert told["password"]
        assert told["token"]
        assert MARKER not in repr(told)
        assert proxy.log == []


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "secret"),
        [
            ("pw", "pw"),
            ("pw\n", "pw"),
            ("pw\r\n", "pw"),
            ("pw\n\n", "pw\n"),
            (" pw \t", " pw \t"),
            ("pässwörd€\n", "pässwörd€"),
            ("x" * 65536, "x" * 65536),
        ],
    )
    def test_what_is_in_them(self, place: Path, content: str, secret: str) -> None:
        assert FileSecret("password_file", str(private(place / "pw", content))).reveal() == secret

    def test_one_that_a_link_leads_to(self, place: Path) -> None:
        """As Kubernetes mounts them."""
        private(place / "pw", "p")
        (place / "link").symlink_to("pw")
        assert FileSecret("password_file", str(place / "link")).reveal() == "p"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
    def test_one_that_others_can_reach(self, place: Path, mode: int) -> None:
        path = private(place / "pw", MARKER)
        path.chmod(mode)
        assert_refused(FileSecret("password_file", str(path)), "other users", f"chmod 600 {path}")

    @pytest.mark.parametrize(
        ("content", "problem"),
        [("", "empty"), ("\n", "empty"), (MARKER * 10_000, "too large"), (b"\xff\xfe", "not text")],
    )
    def test_contents_that_cannot_be(self, place: Path, content: str | bytes, problem: str) -> None:
        secret = FileSecret("token_file", str(private(place / "token", content)))
        assert_refused(secret, f"token_file: {place / 'token'} is {problem}")

    def test_what_is_no_file(self, place: Path) -> None:
        os.mkfifo(place / "pipe", 0o600)
        assert_refused(FileSecret("password_file", str(place / "pipe")), "no regular file")
        assert_refused(FileSecret("password_file", str(place)), "Is a directory")

    def test_one_that_is_missing(self, place: Path) -> None:
        secret = FileSecret("password_file", str(place / "missing"))
        assert_refused(secret, f"{place / 'missing'} cannot be read (No such file")

    @pytest.mark.parametrize("mistake", [MARKER, f"/{MARKER}", f"abc/{MARKER}", f"\0{MARKER}"])
    def test_the_secret_itself_in_place_of_a_path(self, mistake: str) -> None:
        assert_refused(FileSecret("password_file", mistake), "password_file", "not the secret")


class TestAws:
    def test_a_secret(self, sandbox: Sandbox) -> None:
        assert AwsSecret("password_arn", aws.secret(sandbox, " pw\n")).reveal() == " pw\n"

    def test_a_parameter(self, sandbox: Sandbox) -> None:
        arn = aws.parameter(sandbox, "pw")
        assert AwsSecret("password_arn", arn).reveal() == "pw"
        assert AwsSecret("password_arn", f"{arn}:1").reveal() == "pw"

    def test_a_member_of_a_json_object(self, sandbox: Sandbox) -> None:
        arn = aws.json_secret(sandbox, user="u", password="p", number=7, empty="")
        assert AwsSecret("password_arn", f"{arn}#password").reveal() == "p"
        for key in ("Password", "number", "empty"):
            assert_refused(AwsSecret("password_arn", f"{arn}#{key}"), arn, f"no text '{key}'")

    @pytest.mark.parametrize("text", [MARKER, "[1]", f'"{MARKER}"', "[" * 60_000])
    def test_no_json_object(self, sandbox: Sandbox, text: str) -> None:
        arn = aws.secret(sandbox, text)
        assert_refused(AwsSecret("password_arn", f"{arn}#password"), arn, "not a JSON object")

    def test_what_is_refused_is_redacted_too(self, sandbox: Sandbox) -> None:
        arn = aws.secret(sandbox, "hush, no JSON")
        redaction.watch({})
        try:
            with pytest.raises(UsageError):
                AwsSecret("password_arn", f"{arn}#password").reveal()
            assert "hush" not in redaction.redact("before hush, no JSON behind")
        finally:
            redaction.forget()

    def test_a_binary_one(self, sandbox: Sandbox) -> None:
        arn = aws.secret(sandbox, b"\0\xff")
        assert_refused(AwsSecret("password_arn", arn), arn, "no text")

    @pytest.mark.parametrize(
        "arn",
        [
            MARKER,
            f"arn:aws:s3:::{MARKER}",
            f"arn:aws:secretsmanager:evil.example/#:123456789012:secret:{MARKER}",
            f"arn:aws:secretsmanager:us-east-1:123456789012:parameter/{MARKER}",
            f"arn:aws:ssm:us-east-1:123:parameter/{MARKER}",
            f"{NOWHERE}\n{MARKER}",
        ],
    )
    def test_no_such_arn(self, proxy: Proxy, arn: str) -> None:
        assert_refused(AwsSecret("password_arn", arn), "password_arn is not the ARN", "REGION")
        assert proxy.log == []

    def test_one_that_is_missing(self, sandbox: Sandbox) -> None:
        assert_refused(AwsSecret("password_arn", NOWHERE), NOWHERE, "ResourceNotFoundException")
        arn = aws.parameter(sandbox, MARKER)
        assert_refused(AwsSecret("token_arn", f"{arn}x"), "token_arn", "ParameterNotFound")
        assert_refused(AwsSecret("token_arn", f"{arn}:9"), "token_arn", "ParameterVersionNotFound")

    def test_one_that_is_marked_for_deletion(self, sandbox: Sandbox) -> None:
        arn = aws.secret(sandbox, MARKER)
        aws.client(sandbox, "secretsmanager").delete_secret(SecretId=arn)
        assert_refused(AwsSecret("password_arn", arn), arn, "has no value")

    def test_who_may_not_have_it(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        arn = aws.secret(sandbox, MARKER)
        for name, value in aws.stranger(sandbox).items():
            monkeypatch.setenv(name, value)
        assert_refused(AwsSecret("password_arn", arn), arn, "GetSecretValue", kind=SignInError)

    def test_without_credentials(self, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert_refused(
            AwsSecret("password_arn", NOWHERE), NOWHERE, "no AWS credentials", kind=SignInError
        )
        assert proxy.log == []

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            ("ExpiredTokenException", "refuses the credentials"),
            ("UnrecognizedClientException", "refuses the credentials"),
            ("InvalidSignatureException", "secret key does not match"),
            ("InvalidToken", "session token does not match"),
            ("AccessDeniedException", "kms:Decrypt"),
            ("DecryptionFailure", "kms:Decrypt"),
        ],
    )
    def test_a_refusal(self, proxy: Proxy, code: str, told: str) -> None:
        proxy.on("POST", refuse(400, code))
        assert_refused(AwsSecret("password_arn", NOWHERE), code, told, kind=SignInError)

    @pytest.mark.parametrize(
        "action",
        [
            lambda exchange: refuse(400, "ThrottlingException")(exchange),
            lambda exchange: refuse(503, "")(exchange),
            reset,
        ],
        ids=["busy", "503", "reset"],
    )
    def test_a_sign_in_asks_again(self, sandbox: Sandbox, proxy: Proxy, action: Action) -> None:
        arn = aws.secret(sandbox, sandbox.snowflake["password"])
        own = {key: value for key, value in sandbox.snowflake.items() if key != "password"}
        proxy.on("POST", action, 2)
        retry = Retry(first=0.01)
        connect({**own, "password_arn": arn}, query_tag="a test", retry=retry).close()
        assert len(proxy.log) == 3
        proxy.on("POST", action)
        assert_refused(AwsSecret("password_arn", arn), arn, "AWS", kind=TemporaryError)

    def test_one_that_does_not_answer(self, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(aws_secrets, "_SECONDS", 0.2)
        proxy.on("POST", hang)
        started = time.monotonic()
        assert_refused(
            AwsSecret("password_arn", NOWHERE), NOWHERE, "did not answer", kind=TemporaryError
        )
        assert time.monotonic() - started < AT_ONCE

    @pytest.mark.parametrize(
        "arn", [NOWHERE, "arn:aws:ssm:eu-central-1:123456789012:parameter/none"]
    )
    def test_an_answer_of_another_service(self, proxy: Proxy, arn: str) -> None:
        page = f"<html>{MARKER}</html>".encode()
        proxy.on("POST", lambda exchange: exchange.answer(200, {}, page))
        assert_refused(
            AwsSecret("password_arn", arn), arn, "did not come from AWS", kind=TemporaryError
        )

    def test_the_profile_of_a_request(
        self, sandbox: Sandbox, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = aws.environment(sandbox)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        file = private(
            place / "credentials",
            f"[ops]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n",
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        own = {key: value for key, value in sandbox.snowflake.items() if key != "password"}
        own["password_arn"] = aws.secret(sandbox, sandbox.snowflake["password"])
        Explorer.open(own, aws_profile="ops").close()
        plan_transfer(
            Request.of(table="ORDERS_100K", bucket="inbox", connection=own, aws_profile="ops")
        )
        with pytest.raises(UsageError, match=r"AWS profile .* does not exist"):
            connect(own, query_tag="a test", aws_profile="dev")
        with pytest.raises(SignInError, match="no AWS credentials"):
            connect(own, query_tag="a test")


def refuse(status: int, code: str) -> Action:
    """Answer with one of AWS's own errors."""
    body = f'{{"__type": "{code}", "message": "{MARKER}"}}'.encode() if code else b"no"
    headers = {"Content-Type": "application/x-amz-json-1.1"}

    def answer(exchange: Exchange) -> None:
        exchange.answer(status, headers, body)

    return answer


def assert_refused(secret: Secret, *told: str, kind: type[TransferError] = UsageError) -> None:
    """It cannot be revealed; the error tells so, and not what the secret is."""
    with pytest.raises(kind) as caught:
        secret.reveal()
    text = str(caught.value)
    assert [part for part in told if part not in text] == []
    assert MARKER not in text
    assert caught.value.hint
