"""Every parser on what it once failed on, always; and fuzzed for some seconds, when slow."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.trust.fuzz.__main__ import run
from tests.trust.fuzz.targets import TARGETS

SECONDS = 5


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_understands_or_refuses(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris, of the extra fuzz, is missing")
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_seconds(name: str) -> None:
    quiet, told = run(name, SECONDS)
    assert quiet, told
