"""Verify a delivery: query Snowflake, read the delivery back, compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.aggregation.reconciliation import RunTotals
from core.bucket import Bucket, Delivery
from core.errors import IntegrityError, LocalResourceError, SignInError, SourceDataError
from core.events import Phase
from core.output import Format, TextForm
from core.planning.plan import Plan
from core.runtime.disk.workspace import SPARE_BYTES, check_space
from core.runtime.progress import Reporter
from core.verify.comparison import Comparison, Copy, ReadBack, compare
from core.verify.month_totals import Month, MonthFigures, merge
from core.verify.read_back import read_figures
from core.verify.source_totals import read_source_totals, read_totals_before
from core.warehouse.statement import Cancel, check

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_REFUSED = "S3 does not let these credentials read it"
_NO_ROOM = "this machine's disk has no room for another copy"


class Form(Protocol):
    """The form in which a file is written."""

    @property
    def format(self) -> Format:
        """Its format."""

    @property
    def gzip(self) -> bool:
        """Whether the whole file is compressed."""

    @property
    def text(self) -> TextForm:
        """How values are written in csv and JSON."""


@dataclass(frozen=True)
class Claim:
    """A delivery to verify.

    Attributes:
        plan: the plan of the run.
        totals: the totals of the run.
        query_id: Snowflake's id of the statement that read the source; empty if unknown.
        objects: the object, or its parts; checksums are empty where they are unknown.
        form: the form of each object.
        local: the local file that was uploaded; None if Snowflake wrote the objects.
        plain: the local files before they were encrypted; empty if the objects are not encrypted.
    """

    plan: Plan
    totals: RunTotals
    query_id: str
    objects: Sequence[Delivery]
    form: Form
    local: Path | None
    plain: Sequence[Path] = ()


def verify_delivery(
    connection: SnowflakeConnection,
    bucket: Bucket,
    claim: Claim,
    directory: Path,
    *,
    progress: Reporter,
    cancel: Cancel,
) -> Comparison:
    """Compare the totals of Snowflake, of the delivered objects and of the run.

    Args:
        connection: an open session.
        bucket: the bucket of the objects.
        claim: the delivery to verify.
        directory: a local directory for a copy of one object at a time; the copy is removed.
        progress: receives the bytes that are read back.
        cancel: stops the verification at any moment.

    Raises:
        IntegrityError: an object is gone or was replaced, or cannot be read as it was written.
        CancelledError: `cancel` was set.
        TransferError: Snowflake or S3 failed.
    """
    progress.start(Phase.VERIFY, total_bytes=sum(each.size for each in claim.objects) or None)
    # The file first: Time Travel keeps the snapshot for a day by default, while an object may be
    # taken away by the stakeholder soon after its delivery.
    read = _read_back(bucket, claim, directory, progress, cancel)
    source = read_source_totals(connection, claim.plan, claim.query_id or None, cancel)
    comparison = compare(claim.plan, claim.totals, source, read)
    if comparison.may_be_of_change:
        comparison = _compare_before(connection, claim, read, cancel) or comparison
    progress.finish()
    return comparison


def _compare_before(
    connection: SnowflakeConnection, claim: Claim, read: ReadBack, cancel: Cancel
) -> Comparison | None:
    """Compare with the source as it was when the read began; return None if that differs too.

    Snowflake's `AT(STATEMENT => …)` includes changes that were committed while the statement ran
    (docs.snowflake.com, "AT | BEFORE"); the rows that the statement read may not.
    """
    try:
        source = read_totals_before(connection, claim.plan, claim.query_id, cancel)
    except (SourceDataError, SignInError):
        return None  # Time Travel does not reach back so far
    found = compare(claim.plan, claim.totals, source, read)
    return found if found.agrees else None


def _read_back(
    bucket: Bucket, claim: Claim, directory: Path, progress: Reporter, cancel: Cancel
) -> ReadBack:
    figures: dict[Month, MonthFigures] = {}
    copy, done = directory / "readback", 0
    try:
        for each in claim.objects:
            check(cancel)
            if not _fetch(bucket, each, copy, partial(_report, progress, done), cancel):
                return _read_local(claim, _REFUSED)
            done += each.size
            if claim.plain:
                _check_hash(each, copy)
            else:
                merge(figures, _read_figures(claim, copy).items())
    except _NoRoomError:
        return _read_local(claim, _NO_ROOM)
    finally:
        copy.unlink(missing_ok=True)
    return _read_local(claim, "") if claim.plain else ReadBack(figures, Copy.BUCKET)


def _report(progress: Reporter, done: int, size: int) -> None:
    progress.set_bytes(done + size)


class _NoRoomError(Exception):
    """There is no room for a copy."""


def _fetch(
    bucket: Bucket, delivery: Delivery, copy: Path, on_bytes: Callable[[int], None], cancel: Cancel
) -> bool:
    """Download one object; return False if S3 does not allow these credentials to read it."""
    from core.bucket.fetch import fetch  # loads botocore

    def check_size(size: int) -> None:
        if size != delivery.size:
            raise IntegrityError(
                f"{delivery.key} was replaced meanwhile: it has {size} bytes instead of the "
                f"{delivery.size} delivered."
            )
        try:
            check_space(copy.parent, size + SPARE_BYTES)
        except LocalResourceError as error:
            raise _NoRoomError from error

    fetched = fetch(
        bucket,
        delivery.key,
        copy,
        etag=delivery.etag,
        any_etag=bool(delivery.crc32),
        before=check_size,
        on_progress=on_bytes,
        cancel=cancel,
    )
    if fetched is None:
        return False
    if delivery.crc32 and fetched.crc32 != delivery.crc32:
        raise IntegrityError(f"{delivery.key} has other bytes than were delivered.")
    return True


def _read_local(claim: Claim, why: str) -> ReadBack:
    if claim.plain:
        figures: dict[Month, MonthFigures] = {}
        for path in claim.plain:
            merge(figures, _read_figures(claim, path).items())
        return ReadBack(figures, Copy.LOCAL if why else Copy.ENCRYPTED, why)
    if claim.local is None:
        return ReadBack(None, Copy.NONE, why)
    return ReadBack(_read_figures(claim, claim.local), Copy.LOCAL, why)


def _check_hash(delivery: Delivery, copy: Path) -> None:
    """Check that an encrypted object is the one that was made of the local file."""
    with copy.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != delivery.sha256:
            raise IntegrityError(f"{delivery.key} has another SHA-256 than the encrypted file.")


def _read_figures(claim: Claim, path: Path) -> dict[Month, MonthFigures]:
    form = claim.form
    return read_figures(
        path,
        form.format,
        claim.plan,
        gzipped=form.gzip,
        text=form.text,
    )
