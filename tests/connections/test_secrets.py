"""A secret shows itself nowhere but where it is asked for by name."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest

from core.connections.secrets import Secret, reveal

TEXT = "correct horse battery staple"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(ascii, id="ascii"),
        pytest.param("{}".format, id="format"),
        pytest.param("{!r:>50}".format, id="format-spec"),
        pytest.param(lambda secret: f"{secret:>60}", id="f-string"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), id="percent"),  # noqa: UP031
        pytest.param(lambda secret: repr({"password": secret}), id="in-a-dict"),
        pytest.param(lambda secret: json.dumps([secret], default=str), id="json"),
    ],
)
def test_no_text_made_of_it_holds_the_value(shown: object) -> None:
    assert callable(shown)
    text = shown(Secret(TEXT))
    assert TEXT not in text
    assert "***" in text


def test_reveal_gives_the_value() -> None:
    assert Secret(TEXT).reveal() == TEXT
    assert reveal(Secret(TEXT)) == TEXT
    assert reveal(8080) == 8080


def test_equality_is_that_of_the_values() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")
    assert Secret("a")


def test_it_does_not_leave_the_process() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT))
    with pytest.raises(TypeError):
        copy.copy(Secret(TEXT))


def test_a_log_line_holds_no_value(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("signing in with %s", {"password": Secret(TEXT)})
    assert caplog.text
    assert TEXT not in caplog.text
