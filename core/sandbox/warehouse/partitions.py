"""Micro-partitions: the blocks of rows in which Snowflake stores, and reads, a table.

Snowflake's usual target is 16 MB of compressed data; loads leave smaller ones
(docs.snowflake.com, "Micro-partitions & Data Clustering"), so these are smaller.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PARTITION_BYTES = 10 * 1024**2


@dataclass
class Read:
    """One reading of a table by a statement.

    Attributes:
        table: the DuckDB table that holds the rows.
        rows: the number of rows of the table.
        row_bytes: the usual size of a row.
        chosen: the numbers of the partitions that are read, in their order; at first all.
        whole: whether every row of the partitions is wanted, so that LIMIT can end the reading.
        pruning: the DuckDB query for the numbers of the partitions that a WHERE clause leaves;
            None if it leaves all.
    """

    table: str
    rows: int
    row_bytes: int
    chosen: list[int] = field(init=False)
    whole: bool = True
    pruning: str | None = None

    def __post_init__(self) -> None:
        self.chosen = list(range(self.total))

    @property
    def size(self) -> int:
        """The number of rows of a partition; the last one may have fewer."""
        return max(PARTITION_BYTES // max(self.row_bytes, 1), 1)

    @property
    def total(self) -> int:
        """The number of partitions of the table."""
        return -(-self.rows // self.size)

    def sample(self, share: float, seed: int | None) -> None:
        """Choose each partition with probability `share`; with a seed, always the same ones."""
        chance = random.Random(seed)  # noqa: S311 - a sample is no secret
        self.chosen = [number for number in self.chosen if chance.random() < share]

    def prune(self, execute: Callable[[str], Sequence[Sequence[object]]]) -> None:
        """Choose the partitions that a WHERE clause leaves, once the table has its rows."""
        if self.pruning and self.total > 1:
            left = {row[0] for row in execute(self.pruning)}
            self.chosen = [number for number in self.chosen if number in left]
        self.pruning = None

    def stop_after(self, rows: int) -> None:
        """Read only the partitions that hold the first `rows` rows.

        Snowflake prunes the partitions of a SELECT with LIMIT and without ORDER BY to those
        (Zimmerer and others: "Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025).
        """
        if not self.whole:
            return
        held = 0
        for index, number in enumerate(self.chosen):
            if held >= rows:
                self.chosen = self.chosen[:index]
                return
            held += min(self.size, self.rows - number * self.size)

    def condition(self) -> str:
        """Return the DuckDB condition that selects the rows of the chosen partitions."""
        ranges = (
            f"rowid BETWEEN {number * self.size} AND {(number + 1) * self.size - 1}"
            for number in self.chosen
        )
        return " OR ".join(ranges) or "FALSE"
