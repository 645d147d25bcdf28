"""Where the object will be if the run starts now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.planning.names import TableName
    from core.request.request import Request

_TO_COME: Final = "run-id-to-come"  # a run's id is made when it starts


def object_key(request: Request, name: TableName | None) -> str:
    """The object's key; before there is a table, the words themselves stand for its name.

    Raises:
        UsageError: destination or file name cannot be meant.
    """
    from core.bucket import Destination, file_name
    from core.output import Format, extension

    filled = file_name(
        request.file_name,
        table=name.table if name else "table",
        schema=name.schema if name else "schema",
        database=name.database if name else "database",
        timestamp=datetime.now(UTC),
        run_id=_TO_COME,
        ext=extension(Format(request.format), request.gzip),
    )
    return Destination.parse(request.bucket).key(filled)


def object_url(request: Request, name: TableName | None) -> str:
    """The object's URL, for people: the id of a run stays `{run_id}`.

    Raises:
        UsageError: as `object_key`.
    """
    from core.bucket import Destination

    url = Destination.parse(request.bucket).url(object_key(request, name))
    return url.replace(_TO_COME, "{run_id}")
