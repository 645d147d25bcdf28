"""`--job` from outside: a result line each on stdout, messages with names, the worst exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from tests.support.programs.batch_runs import left_behind, run
from tui.cli.main import command

JOB = """\
[defaults]
to = "partner"
key_columns = "none"
date_column = "DOB"
file_name = "{table}.{ext}"

[[transfers]]
name = "missing"
table = "NO_SUCH_TABLE"

[[transfers]]
name = "places"
table = "LOCATIONS_595"
schema = "frozen"
"""


@pytest.fixture
def job(tmp_path: Path, env: dict[str, str], bucket: Any) -> tuple[Path, dict[str, str]]:
    """A job file and the environment in which it is run."""
    for name in ("config", "state"):
        (tmp_path / name).mkdir(mode=0o700)
        env[f"AMPLIFY_{name.upper()}_DIR"] = str(tmp_path / name)
    del env["AMPLIFY_BUCKET"]
    text = f'[destinations.partner]\nbucket = "{bucket.name}"\nprefix = "in"\nformat = "csv"\n'
    for path, content in ((tmp_path / "config" / "amplify.toml", text), (tmp_path / "j.toml", JOB)):
        path.write_text(content)
        path.chmod(0o600)
    return tmp_path / "j.toml", env


def test_a_job_prints_a_line_each_and_its_plan_the_last_delivery(
    job: tuple[Path, dict[str, str]], bucket: Any
) -> None:
    path, env = job
    ended = run("--batch", "--job", str(path), "--log-format", "json", env=env)
    assert ended.code == 4, ended.err
    missing, places = map(json.loads, ended.out.splitlines())
    assert list(missing) == ["name", "error", "exit_code"]
    assert (missing["name"], missing["exit_code"]) == ("missing", 4)
    assert list(places) == ["name", "file_name", "row_count", "timestamp"]
    assert (places["name"], places["file_name"]) == ("places", "in/LOCATIONS_595.csv")
    assert [each.key for each in bucket.objects.all()] == ["in/LOCATIONS_595.csv"]
    assert {each["name"] for each in ended.events} == {"missing", "places"}
    assert [each["name"] for each in ended.events if each["event"] == "error"] == ["missing"]
    assert left_behind(env) == []

    ended = run("--dry-run", "--job", str(path), "--only", "places", env=env)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("places\n======\nLast         ")
    assert f"UTC: s3://{bucket.name}/in/LOCATIONS_595.csv, " in ended.out
    assert "Changed" not in ended.out

    path.write_text(JOB.replace("schema =", 'sum_columns = "none"\nsince = "1990-01"\nschema ='))
    path.write_text(path.read_text().replace('"{table}.{ext}"', '"new_{table}.{ext}"'))
    ended = run("--dry-run", "--job", str(path), "--only", "places", env=env)
    assert ended.code == 4, ended.err
    first, *others = ended.out[ended.out.index("Changed") :].splitlines()[:4]
    assert first == "Changed      since 1990-01, were all months"
    rows, name, columns = map(str.strip, others)
    assert re.fullmatch(r"(about )?[\d,]+ rows, were [\d,]+", rows)
    assert name == f"another object: s3://{bucket.name}/in/new_LOCATIONS_595.csv"
    assert "the table has lost " in columns


def test_mistakes_end_it_before_any_transfer(job: tuple[Path, dict[str, str]]) -> None:
    path, env = job
    path.write_text(JOB.replace("schema =", "shcema =").replace("file_name", "file"))
    ended = run("--batch", "--job", str(path), env=env)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[:2] == [
        f"Error (usage): {path}, line 5: there is no key 'file' here; did you mean file_name?",
        f"  {path}, line 14: there is no key 'shcema' here; did you mean schema?",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "a"], "requires --job"),
        (["--jobs", "2", "--batch"], "requires --job"),
        (["--stop-on-failure"], "requires --job"),
        (["--job", "x.toml"], "requires --batch or --dry-run"),
        (["--save-job", "x.toml"], "requires --batch or --dry-run"),
        (["--save-job", "x", "--batch", "--job", "y"], "excludes --job"),
        (["--jobs", "0", "--batch", "--job", "x"], "is not in the range"),
        (["--web", "--schema"], "serves the app"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], message: str) -> None:
    with pytest.raises(click.BadParameter, match=message):
        command.main(arguments, prog_name="amplify-transfer", standalone_mode=False)
