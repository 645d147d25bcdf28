"""Remedies as options: each that core names is one of the command line."""

from __future__ import annotations

import pytest

from core.remedy import Remedy
from tests.support.remedies import named_options
from tui.cli.options import parameters
from tui.cli.remedies import as_option, with_options


def declared() -> set[str]:
    """Every spelling of every option that the command declares."""
    return {name for parameter in parameters() for name in parameter.opts}


def test_every_remedy_is_an_option() -> None:
    assert {as_option(Remedy(name)) for name in named_options()} <= declared()


@pytest.mark.parametrize(
    ("remedy", "option"),
    [
        (Remedy("if_exists", "overwrite"), "--if-exists overwrite"),
        (Remedy("date_format", "%d. %m."), "--date-format '%d. %m.'"),
        (Remedy("drop_identifiers", True), "--drop-identifiers"),
        (Remedy("sum_columns"), "--sum-columns"),
    ],
)
def test_spelling(remedy: Remedy, option: str) -> None:
    assert as_option(remedy) == option


def test_plain_text_stays() -> None:
    assert with_options('if_exists="overwrite"') == 'if_exists="overwrite"'
