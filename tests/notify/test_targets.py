"""The targets of notifications: their forms, and that no URL is shown or stored."""

from __future__ import annotations

import json

import pytest

from core.errors import UsageError
from core.request.reproduce import as_command, as_python
from core.request.targets import describe_target, without_secrets
from tests.support.sources import request

HOOK = "https://hooks.example.com/services/hook-marker?key=hook-marker"


@pytest.mark.parametrize(
    "text",
    [
        HOOK,
        f"slack:{HOOK}",
        f"teams:{HOOK}",
        "exec:/usr/local/bin/announce 'two words'",
        "env:SLACK_WEBHOOK",
        "ntfy://topic",
    ],
)
def test_a_target(text: str) -> None:
    assert request(notify=f'"{text}"').notify == (text,)
    assert request(notify=[text, text]).notify == (text, text)


@pytest.mark.parametrize(
    "text",
    [
        *("exec:", "exec: ", "exec:'open", "env:", "env:A B", "env:1", "hook", "https:/x"),
        *("slack:exec:/x", "slack:hook", "https://", "https://me:hook-marker@example.com/"),
        "slack:https://me:hook-marker@example.com/",
    ],
)
def test_another_form_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"^notify: ") as caught:
        request(notify=[text])
    assert "hook-marker" not in str(caught.value)


def test_no_url_is_shown_or_stored() -> None:
    made = request(notify=[HOOK, f"teams:{HOOK}", "ntfys://hook-marker/", "exec:/bin/x y", "env:A"])
    assert without_secrets(made.notify) == ("exec:/bin/x y", "env:A")
    kept = made.as_data()
    assert kept["notify"] == ("exec:/bin/x y", "env:A")
    shown = [repr(made), str(made), json.dumps(kept), as_command(made), as_python(made)]
    shown += map(describe_target, made.notify)
    assert "exec:/bin/x y" in as_command(made)
    assert not any("hook-marker" in text for text in shown)
    assert "notify" not in as_command(request(notify=[HOOK]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOOK, "https://hooks.example.com/..."),
        (f"slack:{HOOK}", "slack:https://hooks.example.com/..."),
        ("tgram://hook-marker/1", "tgram://..."),
        ("https://[::1", "https://.../..."),
        ("env:A", "env:A"),
    ],
)
def test_what_is_shown_of_a_target(text: str, shown: str) -> None:
    assert describe_target(text) == shown
