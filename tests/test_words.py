"""Phrases that must not return: each has a plain equivalent that says the mechanism.

The text of the product is written as Python's own documentation is. These are the expressions that
its authors used instead, and that a new reader had to guess.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLAIN = {
    r"the books\b": "the totals; reconciliation",
    r"cannot be meant": "is invalid",
    r"(is|are|be) found out": "is detected",
    r"say otherwise": "override",
    r"\banew\b": "again; regenerated",
    r"travels? here": "is downloaded",
    r"\b(is|are|that is) none\b": "there is no; is empty; is invalid",
    r"\btells?\b|\btold\b": "prints, shows, reports, says",
    r"\bverdict(?!\")": "comparison",  # but for a key of the files of reports and of the history
    r"\bsourced\b": "read from a file or from AWS",
    r"like ids": "possible ID columns",
    r"hold no date": "cannot be parsed",
}


def sources() -> Iterator[Path]:
    """Every file of the product that holds prose."""
    yield from ROOT.glob("*.md")
    yield from (ROOT / ".github").glob("*.md")
    for package in ("core", "tui"):
        yield from (ROOT / package).rglob("*.md")
        yield from (ROOT / package).rglob("*.py")


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text, or the comments and strings of a module, with their numbers."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield from enumerate(token.string.splitlines(), token.start[0])


@cache
def all_prose() -> list[tuple[str, str]]:
    """Each line of prose of the product, with its place; read once, as all phrases are sought."""
    return [
        (f"{path.relative_to(ROOT)}:{number}", line.strip())
        for path in sorted(sources())
        for number, line in prose(path)
    ]


@pytest.mark.parametrize("phrase", PLAIN)
def test_no_phrase_has_returned(phrase: str) -> None:
    pattern = re.compile(phrase, re.IGNORECASE if phrase[0] == "t" else 0)
    found = [f"{place}: {line}" for place, line in all_prose() if pattern.search(line)]
    assert not found, f"Say instead: {PLAIN[phrase]}\n" + "\n".join(found)


def test_the_search_reads_comments_strings_and_texts(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""The books.\n\nMore of the books."""\nx = None  # the books\n')
    assert [number for number, line in prose(module) if "books" in line] == [1, 3, 4]
