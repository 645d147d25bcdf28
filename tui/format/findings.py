"""Words for the findings of a check, for the command line and the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from core import CheckStatus

if TYPE_CHECKING:
    from core import CheckResult

PARTS: Final[Mapping[str, str]] = {
    "snowflake": "Snowflake",
    "sql": "SQL with known answers",
    "results": "Results",
    "table": "Table",
    "unload": "Files that Snowflake writes",
    "bucket": "Bucket",
}
"""The headings of the parts of the way."""


def summarise(result: CheckResult) -> str:
    """Return the counts and the time of a check as one line.

    Example: `48 ok, 1 differs, 2 not checked, in 12 s`.
    """
    counts = [f"{n} {status}" for status in CheckStatus if (n := result.count(status))]
    return f"{', '.join(counts)}, in {result.seconds:.0f} s"
