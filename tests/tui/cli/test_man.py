"""The manual page has every option and exit code, in lines that roff takes for text."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from tui.cli.help import EXIT_CODES
from tui.cli.main import command
from tui.cli.options import SECTIONS, spelling, usage
from tui.man import page

REQUESTS = {".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".RS", ".RE"}


def test_it_has_every_option_and_exit_code() -> None:
    text = "\n".join(page())
    plain = re.sub(r"\\f[BIR]", "", text).replace(r"\-", "-").splitlines()
    for options in SECTIONS.values():
        for name, option in options.items():
            heads = [line for line in plain if re.match(rf"{spelling(name)}(,| |$)", line)]
            assert heads == [usage(name, option)]
    assert {line for line in plain if line in EXIT_CODES} == set(EXIT_CODES)


def test_its_lines_are_those_of_man() -> None:
    lines = list(page())
    assert lines[0].startswith(".TH AMPLIFY-TRANSFER 1 ")
    assert {line.split(" ")[0] for line in lines if line.startswith(".")} == REQUESTS
    for line in lines:
        assert not line.startswith("'")
        assert re.fullmatch(r"(?:[^\\]|\\(?:e|-|&|f[BIR]|\((?:aq|ha|ti|ga)))*", line), line
        if not line.startswith("."):
            assert not re.search(r"(?<!\\)-", line), "a hyphen, which no shell takes for a minus"


@pytest.mark.parametrize("more", [[], ["--batch", "--table", "T"]])
def test_the_option_prints_it_and_nothing_else_happens(more: list[str]) -> None:
    ended = CliRunner().invoke(command, ["--man", *more])
    assert (ended.exit_code, ended.stdout) == (0, "\n".join(page()) + "\n")
