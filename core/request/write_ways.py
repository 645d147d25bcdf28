"""By which options Snowflake may write to the destination itself, and when one of them is needed.

The validation of a request, the engine, the app's form and the demo all ask here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# In the order of preference: a storage integration needs no secret, credentials end up in
# Snowflake's query history.
WRITE_WAYS: Final = ("storage_integration", "stage", "unload_credentials")
# The engines that have Snowflake write.
_WRITING_ENGINES: Final = ("unload",)


def needs_write_way(engine: object) -> bool:
    """Whether the engine of this name has Snowflake write, and so needs a way for it to do so."""
    return engine in _WRITING_ENGINES


def has_write_way(options: Mapping[str, Any]) -> bool:
    """Whether the options of a request give Snowflake a way to write."""
    return any(options.get(name) for name in WRITE_WAYS)


def lacks_write_way(options: Mapping[str, Any]) -> bool:
    """Whether the options of a request choose an engine that needs a way to write, but give none.

    Example:
        >>> lacks_write_way({"engine": "unload"})
        True
        >>> lacks_write_way({"engine": "unload", "stage": "INBOX"})
        False
    """
    return needs_write_way(options.get("engine")) and not has_write_way(options)
