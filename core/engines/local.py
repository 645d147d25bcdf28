"""What the engines that write a local file have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.accounting import Account
from core.head import Head
from core.output import Format


@dataclass(frozen=True)
class LocalFile:
    """The file to write.

    Attributes:
        path: where.
        format: what.
        gzip: whether compressed as a whole.
    """

    path: Path
    format: Format
    gzip: bool


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        account: the books, which agree.
        head: the first rows.
        query_id: Snowflake's id of the statement that read the table.
    """

    account: Account
    head: Head
    query_id: str
