"""The recipes of the documentation: each is executed, or parsed by what will read it."""

from __future__ import annotations

import ast
import asyncio
import configparser
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import tomli_w
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.routing import Route

from core import Phase, Progress, aio
from core.request.options import OPTIONS
from core.request.request import Request
from tests.support.deliveries import bucket_client, objects
from tests.support.programs.batch_runs import SECONDS, place
from tui.cli.main import command

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "core" / "docs" / "jobs.md"
PROGRAM = "/opt/amplify/bin/amplify-transfer"
TABLE, BUCKET = "SALES.PUBLIC.ORDERS", "s3://partner-inbox/from-us/"
WANTED = Request.of(
    table=TABLE,
    bucket=BUCKET,
    last_months=1,
    file_name="{table}_{month}.{ext}",
    if_exists="skip",
    connection="prod",
)


def recipe(name: str) -> str:
    """The text of a recipe."""
    text = RECIPES.read_text()
    (found,) = re.findall(rf"<!-- recipe: {re.escape(name)} -->\n```\w+\n(.*?)\n```", text, re.S)
    return str(found)


def asked(words: list[str]) -> Request:
    """What the program is asked by its arguments."""
    with command.make_context("amplify-transfer", words) as context:
        assert context.params["batch"]
        given = {name: value for name, value in context.params.items() if name in OPTIONS}
        return Request.of(**{n: value for n, value in given.items() if value not in (None, False)})


@pytest.fixture
def partner(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Texts of the recipes, and what stands for them in the sandbox."""
    for name, value in place(sandbox).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", sandbox.s3["endpoint_url"])
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    connections = tmp_path / "connections.toml"
    connections.write_text(tomli_w.dumps({"prod": dict(sandbox.snowflake)}))
    connections.chmod(0o600)
    assert tomllib.loads(connections.read_text())["prod"]
    prefix = f"recipes/{tmp_path.name}/"
    yield {TABLE: "DEMO.PUBLIC.LOCATIONS_595", BUCKET: f"s3://{sandbox.s3['bucket']}/{prefix}"}
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


def replaced(text: str, partner: dict[str, str]) -> str:
    for old, new in partner.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_cron(partner: dict[str, str], tmp_path: Path, sandbox: Sandbox) -> None:
    """The command is run as cron runs it: by sh, with nearly no environment."""
    setting, line = recipe("cron").splitlines()
    assert re.fullmatch(r"MAILTO=\S+", setting)
    *fields, text = line.split(" ", 5)
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    for field, (low, high) in zip(fields, limits, strict=True):
        assert field == "*" or low <= int(field) <= high
    assert "%" not in text, "cron makes line breaks of it"
    assert asked(shlex.split(text)[1:]) == WANTED
    program = tmp_path / "amplify-transfer"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tui "$@"\n')
    program.chmod(0o755)
    kept = ("HOME", "SNOWFLAKE_HOME", "AMPLIFY_STATE_DIR", "AWS_ENDPOINT_URL_S3")
    s3 = {name: value for name, value in place(sandbox).items() if name.startswith("AWS_")}
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **s3}
    env |= {name: os.environ[name] for name in kept}
    done = subprocess.run(
        ["/bin/sh", "-c", replaced(text, partner).replace(PROGRAM, str(program))],
        env=env, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["row_count"] == 0  # of last month
    log = [json.loads(each) for each in (tmp_path / "amplify.jsonl").read_text().splitlines()]
    assert log[-1]["result"] == json.loads(done.stdout)


def test_systemd(tmp_path: Path) -> None:
    units = {name: recipe(name) for name in ("amplify-orders.service", "amplify-orders.timer")}
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read_string(units["amplify-orders.service"])
    program, *words = shlex.split(parsed["Service"]["ExecStart"])
    assert program == PROGRAM
    assert asked(words) == WANTED
    if shutil.which("systemd-analyze") is None:  # as in most images
        return
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace(PROGRAM, "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    about = [line for line in done.stderr.splitlines() if "amplify-orders" in line]
    assert about == []
    when = subprocess.run(
        ["systemd-analyze", "calendar", "*-*-01 06:10"],
        capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    assert "Normalized form: *-*-01 06:10:00" in when.stdout
    assert "OnCalendar=*-*-01 06:10\n" in units["amplify-orders.timer"]


def test_airflow(partner: dict[str, str]) -> None:
    """The body of the task is executed; what surrounds it needs Airflow, and is compiled."""
    tree = ast.parse(replaced(recipe("airflow"), partner))
    compile(tree, "airflow", "exec")
    (task,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "deliver"
    )
    task.decorator_list.clear()
    names: dict[str, Any] = {}
    exec(compile(ast.Module([task], []), "airflow", "exec"), names)
    assert names["deliver"]()["row_count"] == 0


@pytest.mark.parametrize("name", ["airflow", "dagster", "prefect"])
def test_what_orchestrators_deliver(name: str) -> None:
    """They are not installed with the tests: the recipes are compiled, and their calls compared."""
    tree = ast.parse(recipe(name))
    compile(tree, name, "exec")
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "transfer_data"
    )
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg}
    table, bucket = map(ast.literal_eval, call.args)
    assert Request.of(table=table, bucket=bucket, **given) == WANTED
    crons = [each for each in re.findall('"([^"]+)"', recipe(name)) if each.count("*") == 2]
    assert crons == ["10 6 1 * *"]


def test_github_actions() -> None:
    workflow = yaml.safe_load(recipe("github"))
    (trigger,) = (workflow[name] for name in (True, "on") if name in workflow)  # YAML 1.1 or 1.2
    assert len(trigger["schedule"][0]["cron"].split()) == 5
    (job,) = workflow["jobs"].values()
    step = job["steps"][-1]
    program, *words = shlex.split(step["run"])
    assert program == "amplify-transfer"
    assert asked(words) == WANTED.replace(connection=None)
    assert {"SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_AUTHENTICATOR"} < set(step["env"])


def test_dockerfile() -> None:
    lines = [line.split(" ", 1) for line in recipe("dockerfile").splitlines()]
    assert [name for name, _ in lines] == ["FROM", "RUN", "COPY", "RUN", "USER", "ENTRYPOINT"]
    assert dict(lines)["USER"] in lines[1][1]
    program, *words = json.loads(dict(lines)["ENTRYPOINT"])
    assert program == "amplify-transfer"
    command.make_context("amplify-transfer", words).close()


def test_one_liners() -> None:
    """Both were run by hand; here the option, the extra and the arguments are those that exist."""
    text = (ROOT / "README.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert re.findall(r"`pipx install ('[^`]*')`", text) == ["'.[demo]'"]
    assert "demo" in project["optional-dependencies"]
    lines = [shlex.split(line) for line in re.findall(r"`(uvx [^`]*)`", text)]
    for line in lines:
        at = line.index("amplify-transfer")
        assert line[:at] == ["uvx", "--from", ".[demo]"]
        assert line[at] in project["scripts"]
        command.make_context("amplify-transfer", line[at + 1 :]).close()
    assert len(lines) == 1


def test_lambda(partner: dict[str, str]) -> None:
    names: dict[str, Any] = {}
    exec(recipe("lambda"), names)
    event = {"source_table": partner[TABLE], "destination_s3_bucket": partner[BUCKET],
             "connection": "prod", "last_months": 1}  # fmt: skip
    assert json.dumps(names["handler"](json.loads(json.dumps(event)), None))


def test_windows() -> None:
    """A task's command holds no quotation marks, which would end it."""
    words = re.findall(r'"[^"]*"|\S+', recipe("windows"))
    program, *arguments = words[words.index("/TR") + 1].strip('"').split(" ")
    assert program.endswith("amplify-transfer.exe")
    assert asked(arguments) == WANTED
    assert words[:2] == ["schtasks", "/Create"]
    given = dict(zip(words[2::2], words[3::2], strict=True))
    assert given.keys() == {"/TN", "/SC", "/D", "/ST", "/TR"}


@asynccontextmanager
async def serving(endpoint: Callable[..., Any]) -> AsyncIterator[str]:
    """Serve an endpoint on a port of its own; yield its URL."""
    app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await serving


class TestWebService:
    @pytest.fixture
    def service(self, partner: dict[str, str]) -> dict[str, Any]:
        """The names of the recipe, once it is executed."""
        names: dict[str, Any] = {}
        exec(recipe("service").replace(BUCKET, partner[BUCKET]), names)
        assert isinstance(names["transfers"], aio.Transfers)
        assert names["transfers"].share == 500 * 1024 * 1024
        return names

    async def test_it_answers(self, service: dict[str, Any]) -> None:
        async with serving(service["deliver"]) as url, aiohttp.ClientSession() as client:
            async with client.post(url, json={"table": "LOCATIONS_595"}) as answer:
                assert answer.status == 200
                assert (await answer.json())["row_count"] > 0
            async with client.post(url, json={"table": "NO_SUCH_TABLE"}) as answer:
                assert answer.status == 422
                assert (await answer.json())["error"] == "source_data"

    @pytest.mark.lengthy
    async def test_a_transfer_is_cancelled_with_its_request(
        self, sandbox: Sandbox, partner: dict[str, str], service: dict[str, Any]
    ) -> None:
        loop, reading = asyncio.get_running_loop(), asyncio.Event()
        cancelled = threading.Event()
        transfer_data = service["transfers"].transfer_data

        async def transfer(*given: Any, **more: Any) -> Any:
            def hold(event: object) -> None:  # so that it does not end before
                if isinstance(event, Progress) and event.phase is Phase.QUERY:
                    loop.call_soon_threadsafe(reading.set)
                    cancelled.wait(SECONDS)

            return await transfer_data(*given, **more, on_progress=hold)

        service["transfers"].transfer_data = transfer
        async with serving(service["deliver"]) as url:
            async with aiohttp.ClientSession() as client:
                asking = asyncio.create_task(client.post(url, json={"table": "LOCATIONS_595"}))
                await asyncio.wait_for(reading.wait(), SECONDS)
                asking.cancel()
            (task,) = (
                each
                for each in asyncio.all_tasks()
                if getattr(each.get_coro(), "__qualname__", "").endswith(".transfer")
            )
            async with asyncio.timeout(SECONDS):
                while not task.cancelling():
                    await asyncio.sleep(0.05)
                cancelled.set()
                await asyncio.wait([task])
        assert task.cancelled()
        prefix = partner[BUCKET].removeprefix(f"s3://{sandbox.s3['bucket']}/")
        assert objects(sandbox, prefix) == []

    @pytest.mark.lengthy
    async def test_ten_at_once_share_the_memory(
        self, sandbox: Sandbox, partner: dict[str, str], service: dict[str, Any]
    ) -> None:
        running: set[int] = set()
        most = [0]
        transfer_data = service["transfers"].transfer_data

        async def transfer(table: str, bucket: str, **more: Any) -> Any:
            name = f"{uuid.uuid4().hex}.{{ext}}"

            def count(event: object) -> None:
                if isinstance(event, Progress) and event.phase is Phase.CONNECT:
                    running.add(id(count))
                    most[0] = max(most[0], len(running))

            try:
                return await transfer_data(table, bucket, **more, file_name=name, on_progress=count)
            finally:
                running.discard(id(count))

        service["transfers"].transfer_data = transfer
        async with serving(service["deliver"]) as url, aiohttp.ClientSession() as client:

            async def ask() -> int:
                async with client.post(url, json={"table": "LOCATIONS_595"}) as answer:
                    return int((await answer.json())["row_count"])

            rows = await asyncio.gather(*(ask() for _ in range(10)))
        assert len(set(rows)) == 1
        assert 1 < most[0] <= 4
        prefix = partner[BUCKET].removeprefix(f"s3://{sandbox.s3['bucket']}/")
        assert len(objects(sandbox, prefix)) == 10
