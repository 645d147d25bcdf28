"""Each link of the documentation to a file of the repository, or to a heading, has its target."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")


def list_pages() -> list[str]:
    """The pages of the documentation, relative to the repository."""
    places = [ROOT, *(ROOT / name for name in (".github", "core", "core/docs", "tui", "tests"))]
    return sorted(str(page.relative_to(ROOT)) for at in places for page in at.glob("*.md"))


def list_anchors(page: Path) -> set[str]:
    """The names by which the headings of a page can be linked, by GitHub's rule."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", list_pages())
def test_links_have_targets(name: str) -> None:
    page = ROOT / name
    broken = []
    for file, anchor in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        target = (page.parent / file).resolve() if file else page
        missing = not target.exists() or (anchor and anchor not in list_anchors(target))
        if missing:
            broken.append(f"{file}#{anchor}")
    assert broken == []


def test_a_heading_is_linked_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What happens at 1 GB, 1 TB\n```\n# no heading\n```\n## `--check`, first\n")
    assert list_anchors(page) == {"what-happens-at-1-gb-1-tb", "--check-first"}
