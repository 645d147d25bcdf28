"""The served app, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.programs.served import Served, serving
from tests.trust.attacks.web.raw_client import check_lines


@pytest.fixture(scope="module")
def served(own_directories: Path) -> Iterator[Served]:
    """The app without a connection: it asks for one."""
    with serving() as one:
        yield one
    check_lines(one)


@pytest.fixture
async def client() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session
