"""What the tests of the app share: a sandbox whose tables no other test changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.services import aws
from tests.tui.settling import settled_waits

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="session", autouse=True)
def steady_pilots() -> Iterator[None]:
    """Have pilots wait for the app they drive, not for the load of the machine."""
    with settled_waits():
        yield


@pytest.fixture(scope="session")
def demo_sandbox(own_directories: Path) -> Iterator[Sandbox]:
    """A sandbox with the tables of the demo and no others, for tests that compare whole screens."""
    from core.sandbox.launcher import Sandbox

    with Sandbox(services=aws.SERVICES, proxied=True) as box:
        yield box
