"""The modes of the sandbox: each is one way in which accounts or stores differ from its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.sandbox.bucket.stores import STORES

MEBIBYTE: Final = 1 << 20

# Session parameters of an account that all differ from Snowflake's defaults.
ODD_PARAMETERS: Final[Mapping[str, object]] = {
    "TIMEZONE": "Pacific/Auckland",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": True,
    "ROWS_PER_RESULTSET": 2,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "JSON",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": True,
    "TWO_DIGIT_CENTURY_START": 1940,
    "DATE_INPUT_FORMAT": "MM-DD-YYYY",
    "TIME_INPUT_FORMAT": "HH24MISS",
    "TIMESTAMP_INPUT_FORMAT": "DD.MM.YYYY HH24:MI",
    "DATE_OUTPUT_FORMAT": "DD/MM/YY",
    "TIME_OUTPUT_FORMAT": "MI:SS",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "MM",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "DD",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "HH24",
    "BINARY_OUTPUT_FORMAT": "BASE64",
}


@dataclass(frozen=True)
class Mode:
    """One difference from the default.

    Attributes:
        options: keyword arguments of `core.sandbox.launcher.Sandbox`.
        store: the value of the tag `sandbox-store` for a bucket; None for no tag.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    store: str | None = None


MODES: Final[Mapping[str, Mode]] = {
    # An account that ignores CLIENT_RESULT_CHUNK_SIZE sends the size of Snowflake's default.
    "chunks of 160 MB": Mode({"chunk_bytes": 160 * MEBIBYTE}),
    "chunks of few rows": Mode({"chunk_rows": 5_000}),
    "account parameters": Mode({"parameters": ODD_PARAMETERS}),
    "storage host": Mode({"storage_host": True}),
    "statement end": Mode({"statement_end": True}),
    **{f"store {name}": Mode(store=name) for name in STORES},
}
