"""The command line has every option as it is declared, and so has the documentation."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.core import ParameterSource

from core import errors
from core.request.options import OPTIONS
from tests.support.programs.batch_runs import run
from tests.support.sections import compare_section
from tui.cli.help import EXAMPLES, EXIT_CODES
from tui.cli.main import command
from tui.cli.options import ACCEPTED, OWN, spelling, usage, variable
from tui.cli.reference import exit_codes_table, options_table

REFERENCE = Path(__file__).parents[3] / "core" / "docs" / "options.md"  # the tables
ONLY_IN_PYTHON = {"s3_options"}
DECLARED = {name: OPTIONS[name] for name in OPTIONS if name not in ONLY_IN_PYTHON} | OWN
IN_THE_ENVIRONMENT = {
    name: DECLARED[name] for name in DECLARED if name not in ("version", "completion", "man")
}


def read(*arguments: str) -> dict[str, Any]:
    """What the command line makes of arguments, without doing it; defaults are left out."""
    with command.make_context("amplify-transfer", list(arguments)) as context:
        return {
            name: value
            for name, value in context.params.items()
            if context.get_parameter_source(name) is not ParameterSource.DEFAULT
        }


def test_the_command_line_has_every_option_and_no_other() -> None:
    names = [parameter.name for parameter in command.params]
    assert sorted(map(str, names)) == sorted(DECLARED)


@pytest.mark.parametrize("name", IN_THE_ENVIRONMENT)
def test_every_option_is_read_and_is_also_a_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert variable(name) == f"AMPLIFY_{name.upper()}"
    if DECLARED[name].is_flag:
        assert read(spelling(name)) == {name: True}
        monkeypatch.setenv(variable(name), "1")
        assert read() == {name: True}
        return
    for value in DECLARED[name].examples or DECLARED[name].choices:
        got = read(spelling(name), value)
        assert {key: str(each) for key, each in got.items()} == {name: value}
        monkeypatch.setenv(variable(name), value)
        assert read() == got
        monkeypatch.delenv(variable(name))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--table_name", "table"),
        ("--sum_column", "sum_columns"),
        ("--sum_columns", "sum_columns"),
        ("--group_column", "date_column"),
    ],
)
def test_spellings_with_underscores_are_accepted_but_not_listed(typed: str, meant: str) -> None:
    assert read(typed, "X") == read(f"{typed}=X") == {meant: "X"}
    assert typed.removeprefix("--") in ACCEPTED
    assert typed not in run("--help").out


def test_help(golden: Callable[[str, str], None]) -> None:
    ended = run("--help", env={"COLUMNS": "80"})
    assert (ended.code, ended.err) == (0, "")
    golden("cli/help.txt", ended.out)
    for name, option in DECLARED.items():
        assert f"\n  {usage(name, option)}" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    assert run("-h", env={"COLUMNS": "80"}) == ended


@pytest.mark.parametrize("columns", [60, 100])
def test_help_is_as_wide_as_the_terminal(columns: int) -> None:
    ended = run("--help", env={"COLUMNS": str(columns)})
    options = ended.out.partition("Examples:")[0]
    assert columns - 8 <= max(map(len, options.splitlines())) <= columns


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_the_examples_of_the_help_can_be_typed(example: str) -> None:
    program, *arguments = shlex.split(example.replace("\\\n", ""))
    assert program == "amplify-transfer"
    read(*arguments)
    assert example.replace("\n", "\n    ") in run("--help").out


def test_the_help_names_every_exit_code() -> None:
    classes = [errors.TransferError, *errors.TransferError.__subclasses__()]
    signals = [128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)]
    declared = sorted(map(int, re.findall(r"\d+", " ".join(EXIT_CODES))))
    assert declared == sorted({0, *(each.exit_code for each in classes), *signals})


def test_the_documentation_lists_every_option() -> None:
    table = options_table()
    for name in DECLARED:
        assert f"| `{spelling(name)}" in table
    compare_section(REFERENCE, "<!-- options -->\n", "\n<!-- options: end -->", table)


def test_the_documentation_lists_every_exit_code() -> None:
    start, end = "<!-- exit codes -->\n", "\n<!-- exit codes: end -->"
    compare_section(REFERENCE, start, end, exit_codes_table())
