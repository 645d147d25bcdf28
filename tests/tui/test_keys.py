"""The actions whose keys a user can change, and what is wrong with a keymap."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.app import TransferApp
from tui.keys import (
    PRESETS,
    find_problems,
    find_unknown_preset,
    list_remappable,
    make_keymap,
)

README = Path(__file__).parents[2] / "tui" / "README.md"


def test_the_readme_names_every_action() -> None:
    table = README.read_text("utf-8").partition("| | actions |")[2].partition("\n\n")[0]
    told = table.replace("|", " ").split("`")[1::2]
    assert sorted(told) == sorted(each.name for each in list_remappable(TransferApp))


def test_the_keymap_of_the_readme_has_no_conflicts() -> None:
    example = json.loads(README.read_text("utf-8").partition("```json\n")[2].partition("```")[0])
    assert example["keys"]
    assert find_unknown_preset(example["keymap"]) == ""
    keymap = make_keymap(example["keymap"], example["keys"])
    assert keymap.items() > example["keys"].items()
    assert find_problems(TransferApp, keymap) == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_no_conflicts(name: str) -> None:
    assert find_problems(TransferApp, make_keymap(name, {})) == []
    assert find_problems(TransferApp, make_keymap(name, {"columns.key": "k"})) == [
        "k is both lines.up and columns.key"
    ]


def test_an_unknown_preset_is_an_error() -> None:
    assert find_unknown_preset("emacs") == "there is no keymap emacs, only vim"
    assert find_unknown_preset("") == ""


@pytest.mark.parametrize(
    ("keymap", "said"),
    [
        ({}, []),
        ({"columns.drop": "x"}, []),
        ({"columns.month": "s", "columns.sum": "m"}, []),
        ({"columns.drop": "s"}, ["s is both columns.sum and columns.drop"]),
        ({"preview.sql": "f5"}, ["f5 is both preview.sql and run"]),
        ({"run": "enter"}, ["enter is both choose and run", "enter is both submit and run"]),
        ({"run": "f5,g"}, ["g is both lines.first and run"]),
        ({"run": "ctrl+u"}, ["ctrl+u is both delete all to the left and run"]),
        ({"no.such": "x"}, ["there is no action no.such"]),
    ],
)
def test_what_is_wrong_with_keys(keymap: dict[str, str], said: list[str]) -> None:
    assert find_problems(TransferApp, keymap) == said
