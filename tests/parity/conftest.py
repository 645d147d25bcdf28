"""One session with a sandbox of its own, in the recorded forms, for all of the parity suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.parity.engines import Bench, bench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="session")
def sandbox(own_directories: Path, patient_cleanups: None) -> Iterator[Sandbox]:
    """A sandbox whose chunks come from another host by TLS, as those of Snowflake do."""
    from core.sandbox.launcher import Sandbox

    with Sandbox(chunk_rows=20_000, storage_host=True) as box:
        box.snowflake["custom_root_store_path"] = str(box.authority)
        yield box


@pytest.fixture(scope="session")
def parity(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for the engines."""
    with bench(sandbox, tmp_path_factory.mktemp("parity")) as opened:
        yield opened
