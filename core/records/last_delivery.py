"""Find the last delivery of a table to a destination."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.bucket.destination import Destination
from core.bucket.objects import find_newest
from core.engines.delivery_checks import LastDelivery
from core.errors import DestinationError, IntegrityError, TransferError
from core.records.history_store import load
from core.records.manifest import SUFFIX, read_manifest

if TYPE_CHECKING:
    from core.bucket import Bucket
    from core.planning.names import TableName
    from core.records.entry import HistoryEntry
    from core.request.request import Request
    from core.runtime.cancel import Cancel

_MALFORMED = (ValueError, TypeError, KeyError, TransferError)


def find_last_delivery(
    request: Request, table: TableName, bucket: Bucket, cancel: Cancel
) -> LastDelivery | None:
    """Return the last delivery of the table to the destination; None if none is known.

    It is that of the history of this machine; else, where the bucket may be listed and read, that
    of the newest manifest of the table below the destination.

    Raises:
        TransferError: the bucket does not answer.
    """
    return find_in_history(request, table) or _find_in_manifests(table, bucket, cancel)


def _find_in_manifests(table: TableName, bucket: Bucket, cancel: Cancel) -> LastDelivery | None:
    with suppress(DestinationError):  # without the permission, no manifest is known
        for key in find_newest(bucket, SUFFIX, cancel):
            found = read_manifest(bucket, key, cancel)
            if found is not None and found.source == str(table):
                return LastDelivery(found.rows, f"{found.timestamp:%Y-%m-%dT%H:%M:%SZ}")
    return None


def find_in_history(request: Request, table: TableName) -> LastDelivery | None:
    """Return the last delivery that the history of this machine has; None if it has none.

    A delivery that its verification found to be wrong does not count. A history that cannot be
    read has no deliveries.

    Args:
        request: the request, whose destination is compared.
        table: the full name of the table.
    """
    for entry in load(table=str(table), delivered=True):
        with suppress(*_MALFORMED):
            if found := _read_entry(entry, request, table):
                return found
    return None


def _read_entry(entry: HistoryEntry, request: Request, table: TableName) -> LastDelivery | None:
    """Return the delivery of an entry if it is one of the table to the destination."""
    result, asked = entry.result, entry.request
    if not result or entry.outcome == IntegrityError.label or entry.table != str(table):
        return None
    here = Destination.parse(request.bucket)
    if asked is None:  # a connection without a name: the request is not kept
        same = entry.url.startswith(here.url())
    else:
        same = Destination.parse(asked.bucket) == here
        # That of the embedded bucket differs in every run, and is not kept.
        if not entry.demo and asked.endpoint_url != request.endpoint_url:
            same = False
    return LastDelivery(int(result["row_count"]), str(result["timestamp"])) if same else None
