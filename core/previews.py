"""The library's calls that move nothing: `plan`, `preview_rows` and `tables`.

The first two take the arguments of `transfer_data`, so that one call is replaced by another.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, ParamSpec, TypeVar

from core.aggregation.first_rows import ROWS, FirstRows
from core.api import make_request, transfer_data
from core.outcome import Preview
from core.preview.browser import Explorer
from core.request.request import Request
from core.runtime.cancel import NEVER, Cancel
from core.transfer import plan_transfer
from core.warehouse.catalog import Entry

Given = ParamSpec("Given")
Result = TypeVar("Result")


def _like(
    transfer: Callable[Given, object],
) -> Callable[[Callable[[Request, Cancel], Result]], Callable[Given, Result]]:
    """Give a function of a request the arguments of `transfer`, but for its own result."""
    signature = inspect.signature(transfer)

    def decorate(call: Callable[[Request, Cancel], Result]) -> Callable[Given, Result]:
        @functools.wraps(call)
        def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            given = dict(signature.bind(*args, **kwargs).arguments)
            cancel = given.get("cancel")
            return call(make_request(given), NEVER if cancel is None else cancel)

        result = inspect.signature(call).return_annotation
        shown = signature.replace(return_annotation=result)
        called.__signature__ = shown  # type: ignore[attr-defined]  # what `help` shows
        return called

    return decorate


@_like(transfer_data)
def plan(request: Request, cancel: Cancel) -> Preview:
    """Return what `transfer_data` with the same arguments would do, without doing it.

    It reads samples and sends no request to the bucket.

    Example:
        >>> import core
        >>> preview = core.plan("ORDERS_100K", "partner-inbox", date_column="O_ORDERDATE")
        >>> preview.plan.month.name, preview.choice.engine.value
        ('O_ORDERDATE', 'stream')

    Args:
        request: the arguments of `transfer_data`; `on_progress` is not called.
        cancel: a `threading.Event` that stops the call when it is set.

    Returns:
        The role of every column, the engine, the statement, the URL and the estimated cost.

    Raises:
        TransferError: as `transfer_data`, for failures that can be detected without a delivery.
    """
    return plan_transfer(request, cancel=cancel)


@_like(transfer_data)
def preview_rows(request: Request, cancel: Cancel) -> FirstRows:
    """Return the first rows that `transfer_data` with the same arguments would deliver.

    They are computed from a few thousand rows of the table. Where these are all of its rows, they
    are the first ones of the file; else their sums are those of a sample.

    Example:
        >>> import core
        >>> core.preview_rows("LOCATIONS_595", "partner-inbox", date_column="DOB").columns[0]
        'DOB'

    Args:
        request: the arguments of `transfer_data`; `on_progress` is not called.
        cancel: a `threading.Event` that stops the call when it is set.

    Returns:
        The names of the columns, and up to 50 rows of texts.

    Raises:
        TransferError: as `transfer_data`, for failures that can be detected without a delivery.
    """
    with closing(
        Explorer.open(
            request.connection,
            warehouse=request.warehouse,
            role=request.role,
            aws_profile=request.aws_profile,
            timezone=request.timezone,
        )
    ) as explorer:
        look = explorer.look(request.table, cancel)
        return explorer.first_rows(Explorer.plan(look, request), cancel, rows=ROWS)


def tables(
    *,
    connection: str | Mapping[str, Any] | None = None,
    warehouse: str | None = None,
    role: str | None = None,
    aws_profile: str | None = None,
    database: str | None = None,
    schema: str | None = None,
    cancel: Cancel | None = None,
) -> list[Entry]:
    """Return the tables and views that the role can see. It starts no warehouse.

    Example:
        >>> import core
        >>> core.tables(connection="prod", database="SALES", schema="PUBLIC")[0].name.table
        'ORDERS'

    Args:
        connection, warehouse, role, aws_profile: as for `transfer_data`.
        database: The database. If None: the connection's; if it has none, all that the role sees.
        schema: The schema of the database. If None: the connection's, unless a database is named;
            else all of them.
        cancel: A `threading.Event` that stops the call when it is set.

    Returns:
        The full name, kind, rows and stored bytes of each.

    Raises:
        TransferError: the sign-in failed, or there is no such database or schema.
    """
    cancel = NEVER if cancel is None else cancel
    with closing(
        Explorer.open(connection, warehouse=warehouse, role=role, aws_profile=aws_profile)
    ) as explorer:
        return list(_list(explorer, database, schema, cancel))


def _list(
    explorer: Explorer, database: str | None, schema: str | None, cancel: Cancel
) -> Iterator[Entry]:
    own_database, own_schema = explorer.place
    if database is None:
        database, schema = own_database, schema or own_schema
    names = explorer.databases(cancel) if database is None else [database]
    for name in names:
        for page in explorer.tables(name, schema, cancel):
            yield from page
