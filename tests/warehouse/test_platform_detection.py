"""The connector does not look for its cloud, and the process's environment stays as it was."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading

import pytest

from core.warehouse.platform_detection import VARIABLE, _Switch
from tests.support.services.scripted_login import ScriptedLogin

# In a process of its own: the connector detects its cloud once in each.
SIGN_IN = f"""
import json, os, sys, threading
import core.warehouse.session
seen = [os.environ.get({VARIABLE!r})]
from core.warehouse.connect import connect
for _ in range(2):
    connection = connect(json.loads(sys.argv[1]), query_tag="a test")
    seen.append(os.environ.get({VARIABLE!r}))
    connection.close()
print(json.dumps(seen))
"""
BARE = """
import json, sys, snowflake.connector
snowflake.connector.connect(**json.loads(sys.argv[1])).close()
print("[]")
"""


def detected(program: str, **env: str) -> tuple[list[str], list[str | None]]:
    """What the connector reports of its cloud from a function of AWS's, and what a program saw."""
    with ScriptedLogin.running() as warehouse:
        warehouse.admits = True
        around = {name: value for name, value in os.environ.items() if name != VARIABLE}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, json.dumps(warehouse.parameters)],
            env={**around, "LAMBDA_TASK_ROOT": "/var/task", **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    reports = "".join(body for path, body in warehouse.asked if "telemetry" in path)
    found = re.findall(r'platform_detection_status\\?",\\?"value\\?":\[([^]]*)\]', reports)
    return found, json.loads(done.stdout)


def test_the_connector_by_itself_looks_for_its_cloud() -> None:
    found, _ = detected(BARE)
    assert found == ['"is_aws_lambda"']


def test_a_session_of_ours_does_not() -> None:
    found, seen = detected(SIGN_IN)
    assert found == ['"disabled"', '"disabled"']
    assert seen == [None, None, None]


def test_what_the_environment_says_stays() -> None:
    found, seen = detected(SIGN_IN, **{VARIABLE: "false"})
    assert found == ['"is_aws_lambda"'] * 2
    assert seen == ["false"] * 3


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> _Switch:
    monkeypatch.delenv(VARIABLE, raising=False)
    return _Switch()


def test_the_variable_lasts_as_long_as_any_thread_signs_in(switch: _Switch) -> None:
    first, second = threading.Event(), threading.Event()

    def sign_in() -> None:
        with switch.hold():
            first.set()
            second.wait(30)

    thread = threading.Thread(target=sign_in)
    thread.start()
    assert first.wait(30)
    with switch.hold():
        assert os.environ[VARIABLE] == "true"
    assert os.environ[VARIABLE] == "true"
    second.set()
    thread.join()
    assert VARIABLE not in os.environ


def test_it_is_set_again_after_a_sign_in_that_failed(switch: _Switch) -> None:
    def fail() -> None:
        with switch.hold():
            assert os.environ[VARIABLE] == "true"
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            fail()
        assert VARIABLE not in os.environ
    with switch.hold():
        assert VARIABLE in os.environ
    with switch.hold():
        assert VARIABLE not in os.environ
