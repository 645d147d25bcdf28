"""The local file of a delivery, for the engines that write one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.output import Format, open_writer
from core.output.recipients import ENCRYPTED
from core.output.text_form import PLAIN, TextForm

if TYPE_CHECKING:
    import pyarrow as pa

    from core.aggregation.first_rows import FirstRows
    from core.aggregation.reconciliation import RunTotals
    from core.output.recipients import Recipients
    from core.output.writer import Writer
    from core.request.request import Request
    from core.runtime.cancel import Cancel


@dataclass(frozen=True)
class LocalFile:
    """The file to write.

    Attributes:
        path: its path.
        format: its format.
        gzip: whether the whole file is compressed.
        text: how values are written in csv and JSON.
        recipients: the keys to which it is encrypted before it is uploaded; None if it is not.
    """

    path: Path
    format: Format
    gzip: bool
    text: TextForm = PLAIN
    recipients: Recipients | None = None

    @classmethod
    def of(cls, request: Request, path: Path, recipients: Recipients | None = None) -> Self:
        """Return the file of a request, at `path`."""
        text = TextForm.of(request)
        return cls(path, Format(request.format), request.gzip, text, recipients)

    def encrypt(self, paths: Sequence[Path], *, keep: bool, cancel: Cancel) -> list[Path]:
        """Return the files to upload: `paths`, or their encrypted forms.

        Args:
            paths: files of this form that are complete.
            keep: keep the plain files beside their encrypted forms.
            cancel: stops the encryption at any moment.

        Raises:
            LocalResourceError, CancelledError: as `core.output.encryption.encrypt_files`.
        """
        if self.recipients is None:
            return list(paths)
        from core.output.encryption import encrypt_files

        return encrypt_files(paths, self.recipients, keep=keep, cancel=cancel)

    def list_plain(self) -> tuple[Path, ...]:
        """Return the files that are kept beside their encrypted forms, to be verified."""
        if self.recipients is None:
            return ()
        files = self.path.parent.glob(f"{self.path.name}*")
        return tuple(sorted(each for each in files if each.suffix != ENCRYPTED))

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
