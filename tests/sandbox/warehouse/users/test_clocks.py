"""A sign-in with a key pair from a machine whose clock is wrong, by the real connector."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.errors import SignInError
from core.runtime.retry import Retry
from core.warehouse.connect import connect
from tests.sandbox.warehouse.protocol.scripted_engine import LOGIN, running
from tests.support.tokens import key_pair, private_pem

OURS = key_pair(1)


def test_a_key_pair_is_refused_while_this_machines_clock_is_wrong(
    tmp_path: Path,
) -> None:
    key_file = tmp_path / "rsa_key.p8"
    key_file.touch(0o600)
    key_file.write_text(private_pem(OURS))
    with running(tmp_path, now=lambda: time.time() + 3_600) as server:
        users = server.script.users  # type: ignore[attr-defined]  # set by the server
        users.keys["RSA_PUBLIC_KEY"] = OURS.public_key()
        own = {
            "account": LOGIN["account"],
            "user": LOGIN["user"],
            "private_key_file": str(key_file),
            "host": "127.0.0.1",
            "port": server.port,
            "protocol": "http",
        }
        with pytest.raises(SignInError, match="key pair") as caught:
            connect(own, query_tag="a test", retry=Retry(first=0.01, attempts=2))
        assert "clock" in caught.value.hint
        (failure,) = users.failures.values()  # a refused sign-in is not repeated
        assert failure["errorCode"] == "JWT_TOKEN_INVALID_EXPIRATION_TIME"
