"""The local file of a delivery, for the engines that write one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.aggregation.first_rows import FirstRows
from core.aggregation.reconciliation import RunTotals
from core.output import Format, open_writer
from core.output.text_form import PLAIN, TextForm

if TYPE_CHECKING:
    import pyarrow as pa

    from core.output.writer import Writer
    from core.request.request import Request


@dataclass(frozen=True)
class LocalFile:
    """The file to write.

    Attributes:
        path: its path.
        format: its format.
        gzip: whether the whole file is compressed.
        text: how values are written in csv and JSON.
    """

    path: Path
    format: Format
    gzip: bool
    text: TextForm = PLAIN

    @classmethod
    def of(cls, request: Request, path: Path) -> Self:
        """Return the file of a request, at `path`."""
        return cls(path, Format(request.format), request.gzip, TextForm.of(request))

    def open(self, schema: pa.Schema) -> Writer:
        """Return a writer for the file; see `core.output.open_writer`."""
        return open_writer(self.path, self.format, schema, gzip=self.gzip, text=self.text)


@dataclass(frozen=True)
class Written:
    """A written delivery.

    Attributes:
        totals: the totals of the rows read and of those written, which agree.
        first_rows: the first rows.
        query_id: Snowflake's id of the statement that read the table.
    """

    totals: RunTotals
    first_rows: FirstRows
    query_id: str
