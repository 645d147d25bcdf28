"""What the tests of the sandbox's SQL share: an engine for each module, a session for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import engine_in, session_in


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine; a module may fill it, by a fixture of the same name that uses this one."""
    with engine_in(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> EngineSession:
    """A session of the engine."""
    return session_in(engine)
