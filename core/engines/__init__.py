"""The engines: three implementations of a transfer that deliver the same rows.

`stream` downloads the rows and groups them on this machine; `pushdown` has Snowflake group them
and writes the groups to a file on this machine; `unload` has Snowflake write the object as well.
Each implements one protocol (`core.engines.engine.Engine`); `core.engines.choice` chooses between
them.

Importing this package is cheap: an engine imports its libraries when it delivers, or
`import_libraries` does before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.engines.engine import Engine, EngineName
from core.engines.pushdown import Pushdown
from core.engines.stream import Stream
from core.engines.unload import Unload

__all__ = ["ENGINES", "Engine", "EngineName", "import_libraries"]

_ALL: Final[tuple[Engine, ...]] = (Stream(), Pushdown(), Unload())
ENGINES: Final[Mapping[EngineName, Engine]] = {engine.name: engine for engine in _ALL}


def import_libraries() -> None:
    """Import the libraries of the engines, which takes a third of a second."""
    import core.engines.write_from_rows  # noqa: F401  loads polars
