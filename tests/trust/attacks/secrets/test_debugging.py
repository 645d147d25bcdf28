"""What helps developers to see what the program does: AMPLIFY_DEBUG, and Textual's log."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from textual import constants

from core.connections.secrets import Secret, hide
from core.runtime import redaction
from tests.trust.attacks.secrets.marker import HUSH, kept, run, write
from tui.app import TransferApp
from tui.preferences import Memory
from tui.screens.connect.secret import SecretInput, SecretPrompt

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
