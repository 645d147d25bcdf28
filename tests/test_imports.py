"""What is loaded when: importing the library is cheap, and batch runs know nothing of the app."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.programs.batch_runs import SECONDS, place, program

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

HEAVY = {"textual", "rich", "snowflake", "boto3", "botocore", "polars", "pyarrow", "pydantic"}


def loaded_by(*arguments: str, env: dict[str, str] | None = None) -> tuple[set[str], str]:
    """Run Python with `arguments`; the names of all modules it imported, and its stdout."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}, done.stdout


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules, _ = loaded_by(
        "-c", "import core, core.request.options; core.UsageError; core.Progress; dir(core)"
    )
    assert "core" in modules
    assert not packages(modules) & {*HEAVY, "click", "tui", "duckdb"}


def test_using_it_loads_neither_app_nor_sandbox() -> None:
    modules, _ = loaded_by("-c", "from core import transfer_data, run_transfer, plan_transfer")
    assert {"core.records.run", "core.engines.choice"} <= modules
    assert not packages(modules) & {"textual", "rich", "click", "tui", "duckdb", "moto"}
    assert not any(module.startswith("core.sandbox") for module in modules)


def test_a_batch_run_loads_neither_app_nor_sandbox(sandbox: Sandbox) -> None:
    arguments = program("--batch", "--table", "LOCATIONS_595", "--date-column", "DOB")[1:]
    env = {**place(sandbox), "AMPLIFY_FILE_NAME": "imports/{run_id}.{ext}"}
    modules, out = loaded_by(*arguments, env=env)
    assert '"row_count"' in out
    assert {"snowflake", "polars", "boto3"} <= packages(modules)
    assert not packages(modules) & {"textual", "duckdb", "moto", "starlette"}
    assert not any(module.startswith("core.sandbox") for module in modules)


def test_the_app_loads_no_engine_and_no_client_before_its_first_screen() -> None:
    _, printed = loaded_by("-c", "import sys, tui.cli.main, tui.launch; print(*sys.modules)")
    modules = set(printed.split())
    assert {"tui.workbench.screen", "core.request.request"} <= modules
    assert not packages(modules) & (HEAVY - {"textual", "rich"})
    assert not modules & {"core.engines", "core.bucket.bucket", "core.query", "tui.cli.batch"}
