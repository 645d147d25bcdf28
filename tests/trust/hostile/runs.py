"""Transfers against lying servers, in a process of their own (`runner`)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.support.deliveries import options
from tests.trust.hostile.liar import Lie, lying

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

SECONDS = 40  # more than any lie takes


def run(
    sandbox: Sandbox, lies: Mapping[str, Lie], engine: str, settings: Mapping[str, Any]
) -> tuple[int, list[dict[str, Any]]]:
    """Run a transfer for each lie in one process: its exit code, and what it told."""
    with ExitStack() as stack:
        cases = []
        for name, lie in lies.items():
            server = stack.enter_context(lying(sandbox, lie))
            connection = {
                **sandbox.snowflake,
                "login_timeout": 5,
                "request_timeout": 5,
                "retry_timeout": 5,
                **settings,
                "port": server.server_port,
            }
            given = options(sandbox, connection=connection, engine=engine)
            key = f"lies/{engine}/{name.replace(' ', '-')}"
            request = {"source_table": "SMALL", "destination_s3_bucket": sandbox.s3["bucket"]}
            request["if_exists"] = "overwrite"
            cases.append({"name": name, "request": {**request, **given, "file_name": key}})
        done = subprocess.run(
            [sys.executable, "-m", "tests.trust.hostile.runner"],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            timeout=SECONDS * len(cases),
            check=False,
        )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]
