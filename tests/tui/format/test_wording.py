"""Options as the app speaks of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui.format.wording import in_app

CORE = Path(__file__).parents[3] / "core"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("X (id). --drop-identifiers leaves them out.", "X (id). i leaves them out (u takes"),
        ("It could be B. --date-column chooses.", "It could be B. m on another column chooses it."),
        ("Name one with --warehouse.", "Name one with another connection (F2)."),
        ('Allow it: if_exists="overwrite".', "Allow it to be replaced: If exists."),
        ("Say which with date_format=%d/%m/%Y or %m/%d/%Y", "Say which with f: %d/%m/%Y or"),
        ("amzn-s3-demo--warehouse-x and --dry-run", "amzn-s3-demo--warehouse-x and --dry-run"),
    ],
)
def test_options_become_keys(said: str, told: str) -> None:
    assert in_app(said).startswith(told)


def test_plans_and_rows_speak_of_no_option_that_the_app_does_not_have() -> None:
    for name in ("plan", "rows", "aggregate"):
        for text in re.findall(r'"([^"\n]*--[a-z][^"\n]*)"', (CORE / f"{name}.py").read_text()):
            assert "--" not in in_app(text)
