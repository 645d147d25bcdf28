"""Find the last delivery of a table to a destination."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.bucket.destination import Destination
from core.engines.delivery_checks import LastDelivery
from core.errors import IntegrityError, TransferError
from core.records.history_file import HISTORY_FILE, read_lines
from core.runtime.disk.paths import state_dir

if TYPE_CHECKING:
    from core.planning.names import TableName
    from core.request.request import Request

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, TransferError)


def find_in_history(request: Request, table: TableName) -> LastDelivery | None:
    """Return the last delivery that the history of this machine has; None if it has none.

    A delivery that its verification found to be wrong does not count. A history that cannot be
    read has no deliveries.

    Args:
        request: the request, whose destination is compared.
        table: the full name of the table.
    """
    try:
        lines = read_lines(state_dir() / HISTORY_FILE)
    except (OSError, TransferError):
        return None
    for line in reversed(lines):
        with suppress(*_MALFORMED):
            if found := _read_entry(json.loads(line), request, table):
                return found
    return None


def _read_entry(
    entry: Mapping[str, Any], request: Request, table: TableName
) -> LastDelivery | None:
    """Return the delivery of an entry if it is one of the table to the destination."""
    result = entry["result"]
    if not result or entry["outcome"] == IntegrityError.label or entry["table"] != str(table):
        return None
    asked = entry.get("request") or {}
    here, there = Destination.parse(request.bucket), asked.get("bucket")
    if there is None:  # a connection without a name: the request is not kept
        same = str(entry["url"]).startswith(here.url())
    else:
        same = Destination.parse(there) == here
        # That of the embedded bucket differs in every run, and is not kept.
        if not entry["demo"] and asked.get("endpoint_url") != request.endpoint_url:
            same = False
    return LastDelivery(int(result["row_count"]), str(result["timestamp"])) if same else None
