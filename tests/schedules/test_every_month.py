"""A job of three tables to two destinations, run by cron: twice, and after it was killed.

Everything is found as a user leaves it by the README: connections, credentials, destinations, a job
file that the app has saved, and a crontab.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import tomli_w

from core.configuration.destinations import fill_options
from core.jobs.change import list_job_options
from core.jobs.save import save_transfer
from core.planning.window import add_months
from core.request.request import Request
from tests.support.deliveries import bucket_client, execute, make_table
from tests.support.programs.batch_runs import SECONDS
from tests.support.services.webhooks import Receiver, receiving

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

pytestmark = pytest.mark.lengthy

ROOT = Path(__file__).parents[2]
KEYS = ("a", "b")
EVENTS = (18, 10)  # that the first run of the job shows, and a later one; or a few more

Sums = dict[str, Decimal]


@dataclass
class World:
    """A machine with a crontab, two buckets, and three tables with what is in them by month."""

    box: Sandbox
    home: Path
    receiver: Receiver
    buckets: Mapping[str, str]
    tables: Mapping[str, str]
    months: tuple[date, ...]
    sums: dict[str, dict[str, Sums]]

    @property
    def env(self) -> dict[str, str]:
        """What cron gives to a job: nearly nothing, and the lines of the crontab."""
        settings, _ = self._crontab()
        own = {"HOME": str(self.home), "LOGNAME": "amplify", "SHELL": "/bin/sh"}
        return {**own, "PATH": "/usr/bin:/bin", **settings}

    @property
    def command(self) -> str:
        return self._crontab()[1]

    def _crontab(self) -> tuple[dict[str, str], str]:
        *settings, line = (self.home / "crontab").read_text().splitlines()
        assert "%" not in line, "cron makes line breaks of it"
        match = re.fullmatch(r"10 6 1 \* \* (.*)", line)
        assert match
        return dict(each.split("=", 1) for each in settings), match[1]

    def cron(self) -> list[dict[str, Any]]:
        """Run the job as cron does, to its end; return its result lines."""
        done = self.run(self.command)
        assert not done.returncode, done.stderr
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command], env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=3 * SECONDS, check=False,
        )  # fmt: skip

    def kill(self, events: int, pause: float) -> None:
        """Run the job, and kill it some time after a number of messages, if it runs so long."""
        loud = self.command.replace("--quiet", "--log-format json")
        with subprocess.Popen(
            ["/bin/sh", "-c", loud], env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stderr is not None
            for number, _ in enumerate(process.stderr):
                if number == events:
                    time.sleep(pause)
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def history(self) -> list[dict[str, Any]]:
        """The runs by `--history --json`, the oldest first."""
        done = self.run("./amplify-transfer --history --json")
        assert not done.returncode, done.stderr
        assert done.stderr == ""
        return [json.loads(line) for line in reversed(done.stdout.splitlines())]

    def add(self, name: str, month: date, key: str, amount: int) -> None:
        """Add a row to a table, late."""
        row = f"('{month.replace(day=9)}', '{key}', {amount})"
        execute(self.box, f"INSERT INTO {self.tables[name]} SELECT * FROM VALUES {row}")
        self.sums[name][f"{month:%Y-%m}"][key] += amount

    def expected(self) -> dict[str, Sums]:
        """What is to be in the buckets: the sums of each object."""
        last = f"{self.months[-1]:%Y-%m}"
        found = {
            f"partner/in/{self.tables['orders']}_{last}.parquet": self.sums["orders"][last],
            f"partner/in/{self.tables['returns']}_{last}.csv": self.sums["returns"][last],
        }
        sales = self.tables["sales"]
        return found | {
            f"archive/{sales}/{month}.parquet": sums for month, sums in self.sums["sales"].items()
        }

    def found(self) -> dict[str, Sums]:
        """What is in the buckets; an object that is not complete cannot be read."""
        client, found = bucket_client(self.box), dict[str, Sums]()
        for name, bucket in self.buckets.items():
            assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")
            for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
                data = client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                found[f"{name}/{each['Key']}"] = _read_sums(data, each["Key"])
        return found

    def left(self) -> list[Path]:
        """The files of runs that are still on the disk."""
        return [each for each in (self.home / "spill").rglob("*") if each.is_file()]


def _read_sums(data: bytes, key: str) -> Sums:
    if key.endswith(".csv"):
        rows = [(row["K"], row["N"]) for row in csv.DictReader(io.StringIO(data.decode()))]
    else:
        table = pq.read_table(io.BytesIO(data))
        rows = list(zip(table["K"].to_pylist(), table["N"].to_pylist(), strict=True))
    sums = {key: Decimal(value) for key, value in rows}
    assert len(sums) == len(rows), "a group is there twice"
    return sums


@pytest.fixture
def world(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The machine, before the first run."""
    client, buckets = bucket_client(sandbox), dict[str, str]()
    for name in ("partner", "archive"):
        buckets[name] = f"{name}-{uuid.uuid4().hex}"
        client.create_bucket(Bucket=buckets[name])
    (today,) = execute(sandbox, "SELECT DATE_TRUNC('month', CURRENT_DATE())")[0]
    months = tuple(add_months(today, -back) for back in (3, 2, 1))
    sums = {
        name: {
            f"{month:%Y-%m}": {key: Decimal(2 * (number + at)) for at, key in enumerate(KEYS)}
            for month in months
        }
        for number, name in enumerate(("orders", "returns", "sales"), 1)
    }
    tables = {
        name: make_table(
            sandbox,
            "D DATE, K VARCHAR, N NUMBER(9,0)",
            *(
                f"('{month}-{day}', '{key}', {total / 2})"
                for month, found in of_months.items()
                for key, total in found.items()
                for day in ("03", "21")
            ),
        )
        for name, of_months in sums.items()
    }
    monkeypatch.setenv("HOME", str(tmp_path))
    try:
        with receiving() as receiver:
            world = World(sandbox, tmp_path, receiver, buckets, tables, months, sums)
            _set_up(world)
            yield world
    finally:
        for bucket in buckets.values():
            for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
                client.delete_object(Bucket=bucket, Key=each["Key"])
            client.delete_bucket(Bucket=bucket)
        execute(sandbox, *(f"DROP TABLE {table}" for table in tables.values()))


def _set_up(world: World) -> None:
    """Write what a user writes once, and save the job as the app does."""
    home, s3 = world.home, world.box.s3
    program = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tui "$@"\n'
    keys = f"aws_access_key_id={s3['aws_access_key_id']}\n"
    keys += f"aws_secret_access_key={s3['aws_secret_access_key']}\n"
    there = {"endpoint_url": s3["endpoint_url"], "region": s3["region_name"]}
    destinations = {
        "partner": {"bucket": world.buckets["partner"], "prefix": "in/", **there},
        "archive": {"bucket": world.buckets["archive"], **there},
    }
    texts = {
        "amplify-transfer": program,
        ".snowflake/connections.toml": tomli_w.dumps({"prod": dict(world.box.snowflake)}),
        ".aws/credentials": f"[default]\n{keys}",
        ".config/amplify-transfer/amplify.toml": tomli_w.dumps({"destinations": destinations}),
        "crontab": (
            f"AMPLIFY_SPILL_DIR={home}/spill\nHOOK={world.receiver.url}\n"
            "10 6 1 * * ./amplify-transfer --batch --quiet --job monthly.toml --jobs 2 "
            '--memory-limit 800MB --log-file "$HOME/amplify.jsonl"\n'
        ),
    }
    for name, text in texts.items():
        path = home / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o700 if name == "amplify-transfer" else 0o600)
    common = {"connection": "prod", "notify": ["env:HOOK"]}
    once = {"last_months": 1, "file_name": "{table}_{month}.{ext}", "if_exists": "skip"}
    again = {"last_months": 3, "restate_months": 3, "split_by": "month"}
    again |= {"file_name": "{table}/{month}.{ext}", "if_exists": "overwrite"}
    for name, bucket, more in (
        ("orders", "partner", once),
        ("returns", "partner", {**once, "format": "csv"}),
        ("sales", "archive", again),
    ):
        given = {**common, **more, "table": world.tables[name], "bucket": bucket}
        request = Request.of(**fill_options(given))
        save_transfer(home / "monthly.toml", list_job_options(request, demo=False), name=name)


def by_table(world: World, runs: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The outcomes of the runs of each table."""
    names = {table: name for name, table in world.tables.items()}
    outcomes: dict[str, list[str]] = {name: [] for name in world.tables}
    for each in runs:
        outcomes[names[each["table"].rpartition(".")[2]]].append(each["outcome"])
    return outcomes


def test_cron_runs_it_again_and_again(world: World) -> None:
    text = (world.home / "monthly.toml").read_text()
    assert text.count('to = "partner"') == 2
    assert text.count('to = "archive"') == 1
    first = world.cron()
    assert [each["name"] for each in first] == ["orders", "returns", "sales"]
    assert [each["row_count"] for each in first] == [2, 2, 6]
    assert world.found() == world.expected()

    world.add("sales", world.months[0], "b", 40)
    second = world.cron()
    assert [each["row_count"] for each in second] == [2, 2, 2]
    assert {**second[0], "timestamp": ""} == {**first[0], "timestamp": ""}
    assert world.found() == world.expected()

    third = world.cron()
    assert [each["row_count"] for each in third] == [2, 2, 6]
    assert world.found() == world.expected()

    outcomes = {
        "orders": ["delivered", "skipped", "skipped"],
        "returns": ["delivered", "skipped", "skipped"],
        "sales": ["delivered", "delivered", "unchanged"],
    }
    runs = world.history()
    assert by_table(world, runs) == outcomes
    assert by_table(world, world.receiver.bodies) == outcomes
    assert {each["exit_code"] for each in (*runs, *world.receiver.bodies)} == {0}
    (shown,) = [each["text"] for each in world.receiver.bodies if each["outcome"] == "unchanged"]
    assert shown.startswith("Unchanged ")
    lines = world.run("./amplify-transfer --history").stdout.splitlines()
    assert [line.split()[2] for line in lines if line[:2] == "20"] == [
        each["outcome"] for each in reversed(runs)
    ]
    only = world.run(f"./amplify-transfer --history --json --table {world.tables['sales']}")
    assert len(only.stdout.splitlines()) == 3
    assert world.left() == []


@pytest.mark.parametrize("seed", range(8))
def test_killed_and_run_again_nothing_is_doubled_or_lost(world: World, seed: int) -> None:
    chance = random.Random(seed)
    if seed % 2:  # the kill is in a later run, which restates a month
        world.cron()
        world.add("sales", world.months[1], "a", 17)
    world.kill(chance.randrange(EVENTS[seed % 2]), chance.uniform(0, 0.1))
    if not seed % 2:  # what is there is whole
        assert world.found().items() <= world.expected().items()
    results = world.cron()
    assert [each["name"] for each in results] == ["orders", "returns", "sales"]
    assert world.found() == world.expected()
    assert world.left() == []
    # What it has done is known to the next run.
    world.cron()
    assert world.found() == world.expected()
    outcomes = by_table(world, world.history())
    assert {name: each[-1] for name, each in outcomes.items()} == {
        "orders": "skipped",
        "returns": "skipped",
        "sales": "unchanged",
    }
