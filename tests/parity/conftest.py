"""One session with the sandbox for all of the parity suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.parity.engines import Bench, bench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="session")
def parity(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for the engines."""
    with bench(sandbox, tmp_path_factory.mktemp("parity")) as opened:
        yield opened
