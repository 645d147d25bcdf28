"""The options that let Snowflake write to the destination, and when one of them is required.

The validation of a request, the engines, the app's form and the demo share these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.request.request import Request

# In the order of preference: a storage integration needs no secret, while credentials are stored in
# Snowflake's query history.
WRITE_WAYS: Final = ("storage_integration", "stage", "unload_credentials")
# How Snowflake may write to a bucket, for engine `unload`; the best first.
WAYS_TO_WRITE: Final = join_remedies(
    [Remedy("storage_integration"), Remedy("stage"), Remedy("unload_credentials", True)]
)
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


def check_write_way(request: Request) -> None:
    """Check that Snowflake has one way to write if it needs one, and no second one.

    Raises:
        ValueError: it has none, or two; the message names the options.
    """
    given = [Remedy(name) for name in WRITE_WAYS if getattr(request, name)]
    if len(given) > 1:
        raise ValueError(Advice(join_remedies(given, "and"), " exclude each other"))
    if needs_write_way(request.engine) and not given:
        raise ValueError(
            Advice(
                "engine unload needs a way for Snowflake to write: ",
                WAYS_TO_WRITE,
                " (the first is best; the last is this run's AWS keys, which Snowflake's query "
                "history keeps)",
            )
        )
    if (request.kms_key_id or request.sse) and request.stage:
        given = [Remedy("kms_key_id")] if request.kms_key_id else [Remedy("sse")]
        raise ValueError(
            Advice(
                "a stage has its own encryption: leave out ",
                join_remedies([*given, Remedy("stage")]),
            )
        )
