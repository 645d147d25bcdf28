"""Find a delivery that exists already, for runs that leave it as it is."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from core.bucket.checks import is_there
from core.bucket.delivery import ROW_COUNT, SOURCE, write_source
from core.errors import DestinationError, DestinationExistsError
from core.events import Warned
from core.outcome import Skipped
from core.records.completion import SUCCESS, success_key
from core.records.manifest import manifest_key, read_manifest
from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.planning.names import TableName
    from core.runtime.cancel import Cancel
    from core.runtime.progress import Reporter

_UNKNOWN: Final = (
    "Whether the object exists may not be checked: the table is read, and the run fails if it does "
    "(s3:ListBucket would allow the check)."
)
_OTHERS: Final = Advice(
    "Choose another name or let it be replaced: ",
    join_remedies([Remedy("file_name"), Remedy("if_exists", "overwrite")]),
    ".",
)


def find_existing(
    bucket: Bucket,
    key: str,
    table: TableName,
    *,
    has_manifest: bool,
    progress: Reporter,
    cancel: Cancel,
) -> Skipped | None:
    """Return the delivery of the table that is at `key`; None if nothing is there.

    Args:
        bucket: where to look.
        key: the object's key.
        table: the full name of the table.
        has_manifest: whether the delivery has a manifest, which then says what it is.
        progress: receives a warning if the permissions do not allow to look.
        cancel: ends the wait within a tenth of a second.

    Raises:
        DestinationExistsError: there is an object, and it is not known to be such a delivery.
        DestinationError, TemporaryError, CancelledError: the bucket does not answer.
    """
    if has_manifest and (found := read_manifest(bucket, manifest_key(key, table.table), cancel)):
        if found.source != str(table):
            raise DestinationExistsError(
                _from_another(bucket, manifest_key(key, table.table)), _OTHERS
            )
        where = bucket.destination.url(found.file_name)
        return Skipped(
            found.file_name, found.rows, found.timestamp, where, found.size, found.source
        )
    if not key or key.endswith("/"):  # files of several months: only a manifest shows them
        return None
    there = is_there(bucket, key, cancel=cancel)
    if there is None:
        progress.report(Warned(_UNKNOWN))
    if not there:
        return None
    if has_manifest:
        raise DestinationExistsError(
            f"{bucket.destination.url(key)} exists already, without a manifest that can be read.",
            _OTHERS,
        )
    return _read_facts(bucket, key, table, cancel)


def check_marked(bucket: Bucket, key: str, cancel: Cancel) -> None:
    """Check that a delivery which is left as it is has its `_SUCCESS`, as far as it may be seen.

    Raises:
        DestinationExistsError: it has none: the run that made it was killed.
        TransferError: the bucket does not answer.
    """
    if is_there(bucket, success_key(key), cancel=cancel) is False:
        raise DestinationExistsError(
            f"{bucket.destination.url(key)} exists already, without {SUCCESS}.", _OTHERS
        )


def _from_another(bucket: Bucket, key: str) -> str:
    return f"{bucket.destination.url(key)} exists already, from another table."


def _read_facts(bucket: Bucket, key: str, table: TableName, cancel: Cancel) -> Skipped:
    """Return the delivery by the metadata of its object."""
    url = bucket.destination.url(key)
    try:
        found = bucket.ask(lambda client, where: _head(client, where, key), key, cancel=cancel)
    except DestinationError as error:
        raise DestinationExistsError(
            f"{url} exists already, and what it is may not be read (s3:GetObject).", _OTHERS
        ) from error
    metadata = found["Metadata"]
    rows = metadata.get(ROW_COUNT, "")
    if not rows.isascii() or not rows.isdecimal():
        raise DestinationExistsError(
            f"{url} exists already, and its metadata does not say how many rows it has: this "
            "program did not write it.",
            _OTHERS,
        )
    if metadata.get(SOURCE) != write_source(str(table)):
        raise DestinationExistsError(_from_another(bucket, key), _OTHERS)
    return Skipped(
        file_name=key,
        row_count=int(rows),
        timestamp=found["LastModified"].astimezone(UTC),
        url=url,
        size=int(found["ContentLength"]),
        table=str(table),
    )


def _head(client: Any, where: dict[str, str], key: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.head_object(**where, Key=key)
    return answer
