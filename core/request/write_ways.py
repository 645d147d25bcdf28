"""The options that let Snowflake write to the destination, and when one of them is required.

The validation of a request, the engines, the app's form and the demo share these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# In the order of preference: a storage integration needs no secret, while credentials are stored in
# Snowflake's query history.
WRITE_WAYS: Final = ("storage_integration", "stage", "unload_credentials")
# The engines with which Snowflake writes the object.
_WRITING_ENGINES: Final = ("unload",)


def needs_write_way(engine: object) -> bool:
    """Whether Snowflake writes the object if this engine is used, and so needs a way to write."""
    return engine in _WRITING_ENGINES


def has_write_way(options: Mapping[str, Any]) -> bool:
    """Whether the options of a request give Snowflake a way to write."""
    return any(options.get(name) for name in WRITE_WAYS)


def lacks_write_way(options: Mapping[str, Any]) -> bool:
    """Whether the options of a request select an engine that needs a way to write, but give none.

    Example:
        >>> lacks_write_way({"engine": "unload"})
        True
        >>> lacks_write_way({"engine": "unload", "stage": "INBOX"})
        False
    """
    return needs_write_way(options.get("engine")) and not has_write_way(options)
