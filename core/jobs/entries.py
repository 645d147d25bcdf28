"""The transfers of a job file as they stand in it, for a front end that lists and edits them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.jobs.job_file import TRANSFERS, Adapt, JobTransfer, open_job_file, parse_job


@dataclass(frozen=True)
class JobEntry:
    """A transfer of a job file.

    Attributes:
        name: its name.
        line: the line of its heading.
        text: its lines in the file, from the heading on.
        transfers: what it runs: one transfer, or those of a backfill's months.
    """

    name: str
    line: int
    text: str
    transfers: tuple[JobTransfer, ...]

    @property
    def is_backfill(self) -> bool:
        """Whether it runs a transfer a month."""
        return self.transfers[0].name != self.name


def read_entries(path: Path, *, adapt: Adapt = dict) -> tuple[JobEntry, ...]:
    """Return the transfers of a job file; none if all of them have been removed from it.

    Args:
        path: the file.
        adapt: changes the options of each transfer after they were checked.

    Raises:
        UsageError: the file is missing or cannot be read.
        ConfigurationError: it has mistakes; all of them are in the error.
    """
    file = open_job_file(path)
    if TRANSFERS not in file.data:
        return ()
    job = parse_job(file, adapt=adapt)
    lines = file.text.splitlines()
    names = list(dict.fromkeys(each.entry for each in job.transfers))
    starts = [file.line((TRANSFERS, n)) for n in range(len(names))]
    ends = [*(start - 1 for start in starts[1:]), len(lines)]
    return tuple(
        JobEntry(
            name,
            start,
            _cut(lines[start - 1 : max(start, end)]),
            tuple(each for each in job.transfers if each.entry == name),
        )
        for name, start, end in zip(names, starts, ends, strict=True)
    )


def _cut(lines: list[str]) -> str:
    """Return the lines of an entry without what stands before the next: blank lines, comments."""
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines = lines[:-1]
    return "\n".join(lines)
