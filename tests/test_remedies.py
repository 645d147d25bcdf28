"""Core names an option as data, and no front end's word for it."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import UsageError
from core.remedy import Advice, Remedy, as_data, from_data, join_remedies, join_texts, spell_out
from core.request.options import OPTIONS
from tests.support.remedies import CORE, named_options, sources

NAMES = sorted(OPTIONS)
# Options of other programs have underscores.
OPTION_SPELLING = re.compile(r"(?<![\w-])--[a-z]+(?![a-z_])")
KEYWORD_SPELLING = re.compile(rf"\b(?:{'|'.join(NAMES)})=")
# An option's name within a sentence; names that are words of their own say nothing.
OPTION_NAME = re.compile(rf"\b(?:{'|'.join(name for name in OPTIONS if '_' in name)})\b")
APP_KEY = re.compile(r"\bF\d{1,2}\b|\bCtrl\b|\b[Ee]sc\b|\b[Pp]ress\b|(?<![\w`])`[a-z]`(?![\w`])")
NOT_OPTIONS = {"--ol-s3", "--x-s3", "--table-s3"}  # suffixes that S3 reserves
EXISTS = Advice("Allow it: ", Remedy("if_exists", "overwrite"), ".")


def strings(path: Path, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """The strings of a file with their lines; docstrings too if asked for."""
    tree = ast.parse(path.read_text())
    statements = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (docstrings or id(node) not in statements):
            yield node.lineno, EXAMPLE.sub("", text)


EXAMPLE = re.compile(r"^ *>>> (?:.+\n)+", re.MULTILINE)  # with what it prints


def found(pattern: re.Pattern[str], *, docstrings: bool) -> list[str]:
    return [
        f"{path.relative_to(CORE)}:{line}: {text}"
        for path in sources()
        for line, text in strings(path, docstrings=docstrings)
        if pattern.search(text) and text not in NOT_OPTIONS
    ]


class TestCore:
    def test_names_no_option_of_the_command_line(self) -> None:
        assert found(OPTION_SPELLING, docstrings=True) == []

    def test_names_no_keyword_of_the_library(self) -> None:
        assert found(KEYWORD_SPELLING, docstrings=True) == []

    def test_names_no_option_within_a_message(self) -> None:
        named = found(OPTION_NAME, docstrings=False)
        # A help text has them in backticks, which each front end replaces.
        named = [each for each in named if not re.search(r"^request/options/\w+\.py.*`\w+`", each)]
        assert [each for each in named if " " in each.partition(": ")[2].strip()] == []

    def test_names_no_key_of_the_app(self) -> None:
        assert found(APP_KEY, docstrings=False) == []

    def test_does_not_say_what_was_delivered(self) -> None:
        """Only who shows an error knows; what a class of core returns may be documented."""
        assert found(re.compile("othing was delivered"), docstrings=False) == []

    def test_remedies_are_options_of_a_request(self) -> None:
        assert named_options() <= set(OPTIONS)
        assert len(named_options()) > 10

    def test_keeps_the_remedies_of_a_hint_that_it_adds_to(self) -> None:
        """A hint within an f-string would become a plain string."""
        formatted = [
            f"{path.relative_to(CORE)}:{node.lineno}"
            for path in sources()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FormattedValue)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "hint"
        ]
        assert formatted == [f"errors.py:{_line_of_str()}"]


def _line_of_str() -> int:
    """`TransferError.__str__`, which is in the library's words by intention."""
    lines = (CORE / "errors.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if "{self.hint}" in line)


class TestAdvice:
    def test_reads_as_keywords_of_the_library(self) -> None:
        assert EXISTS == 'Allow it: if_exists="overwrite".'
        assert str(Remedy("drop_identifiers", True)) == "drop_identifiers=True"
        assert str(Remedy("date_format")) == "date_format"

    def test_is_spelled_by_who_shows_it(self) -> None:
        assert spell_out(EXISTS, lambda each: f"<{each.option}>") == "Allow it: <if_exists>."
        assert spell_out("as it is", lambda each: "never") == "as it is"

    def test_data_that_looks_like_a_remedy_is_left_alone(self) -> None:
        text = Advice('column if_exists="x" --drop-columns: ', Remedy("drop_columns"))
        assert spell_out(text, lambda each: "d") == 'column if_exists="x" --drop-columns: d'

    def test_joins_keep_the_remedies(self) -> None:
        error = UsageError("No.", join_texts(["", EXISTS, "", "More."]))
        assert error.hint == 'Allow it: if_exists="overwrite". More.'
        assert error.remedies == (Remedy("if_exists", "overwrite"),)
        assert str(error) == 'No. Allow it: if_exists="overwrite". More.'

    def test_lists(self) -> None:
        a, b, c = Remedy("a"), Remedy("b"), Remedy("c")
        assert [join_remedies(each) for each in ([a], [a, b], [a, b, c])] == [
            *("a", "a or b", "a, b or c"),
        ]

    @pytest.mark.parametrize("text", [EXISTS, Advice("none"), "plain"])
    def test_copies_and_json_keep_it(self, text: str) -> None:
        for again in (
            copy.deepcopy(text),
            pickle.loads(pickle.dumps(text)),
            from_data(json.loads(json.dumps(as_data(text)))),
        ):
            assert again == text
            assert spell_out(again, lambda each: "!") == spell_out(text, lambda each: "!")

    @pytest.mark.parametrize(
        "data", [None, 1, [1], [{"option": 1}], [{"option": "a", "value": 1.5}]]
    )
    def test_other_json_is_refused(self, data: object) -> None:
        with pytest.raises(TypeError):
            from_data(data)
