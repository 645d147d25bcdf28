"""The jobs that run in lanes: each calls core, and yields its results as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.message import Message

from core import DestinationError, SourceDataError, TemporaryError, TransferError, UsageError
from tui.format.remedies import in_app
from tui.workbench.background.lane import Work
from tui.workbench.draft import with_options
from tui.workbench.messages import (
    AccessTested,
    ColumnsFound,
    DatabasesFound,
    Looked,
    ObjectChecked,
    Opened,
    Planned,
    Previewed,
    Regrouped,
    RowsRead,
    TablesFound,
    TablesMatched,
)

if TYPE_CHECKING:
    from core import Request
    from core.facade import Explorer, Look, Months, NamedDestination, Plan, TableName

_ROWS_AHEAD = 3
TYPING_SECONDS = 0.5  # without a change, until the destination is checked


def sign_in(connection: str | Mapping[str, Any] | None, request: Request) -> Work:
    """Return the job that signs in."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import Explorer  # the connector takes a second to import

        explorer = Explorer.open(
            connection,
            warehouse=request.warehouse,
            role=request.role,
            aws_profile=request.aws_profile,
            timezone=request.timezone,
        )
        yield Opened(explorer)

    return work


def find_databases(explorer: Explorer) -> Work:
    """Return the job that lists the databases."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield DatabasesFound(explorer.databases(cancel))

    return work


def list_tables(explorer: Explorer, database: str) -> Work:
    """Return the job that lists the tables of a database, page by page."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        try:
            for page in explorer.tables(database, None, cancel):
                yield TablesFound(database, page, complete=False)
        except SourceDataError:  # the database was dropped, or the role may not use it
            pass
        yield TablesFound(database, (), complete=True)

    return work


def search_tables(explorer: Explorer, words: Sequence[str]) -> Work:
    """Return the job that finds tables of all databases by parts of their names."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        for word in words:
            found = explorer.search(word, cancel)
            yield TablesMatched(word, found, last=word == words[-1])

    return work


def list_columns(explorer: Explorer, name: TableName) -> Work:
    """Return the job that lists the columns of a table."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        try:
            columns = explorer.columns(name, cancel)
        except SourceDataError:  # the table was dropped
            columns = ()
        yield ColumnsFound(name, columns)

    return work


def look_at(explorer: Explorer, name: str) -> Work:
    """Return the job that describes and samples a table."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield Looked(name, explorer.look(name, cancel))

    return work


def make_plan(look: Look, request: Request, *, demo: bool) -> Work:
    """Return the job that makes the plan."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import Explorer, find_former_runs

        yield Planned(request, Explorer.plan(look, request), find_former_runs(demo=demo))

    return work


def regroup(look: Look, plan: Plan, known: tuple[Plan, Months]) -> Work:
    """Return the job that computes the months of a plan without a statement."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import Explorer

        yield Regrouped(plan, Explorer.regroup(look, plan, known))

    return work


def preview_months(explorer: Explorer, plan: Plan, *, exact: bool, counted: bool) -> Work:
    """Return the job that computes the months of a plan, then the first rows of its delivery."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield Previewed(plan, explorer.preview(plan, cancel, exact=exact, counted=counted))
        if not exact:
            yield from read_rows(explorer, plan)(cancel)

    return work


def read_rows(explorer: Explorer, plan: Plan) -> Work:
    """Return the job that reads the first rows of the delivery of a plan."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        try:
            rows = explorer.first_rows(plan, cancel, rows=_ROWS_AHEAD)
        except TransferError:  # they are an extra: the run reports what is wrong
            return
        yield RowsRead(plan, rows)

    return work


def test_access(request: Request, key: str) -> Work:
    """Return the job that tests write access, and that the object may be written."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import check_destination, open_bucket, probe_destination

        with open_bucket(request) as bucket:
            may_exist = request.if_exists != "fail"
            probe_destination(bucket, key, cancel=cancel)
            check_destination(bucket, key, overwrite=may_exist, cancel=cancel)
        yield AccessTested(request, bucket.destination.url())

    return work


def make_access_test(request: Request) -> Callable[[NamedDestination, threading.Event], str]:
    """Return a function that tests write access to a destination, from where `request` runs."""

    def test(chosen: NamedDestination, cancel: threading.Event) -> str:
        from core.facade import object_key, open_bucket, probe_destination

        options = {**chosen.options, "bucket": chosen.url, "file_name": None, "split_by": None}
        wanted = with_options(request, **{**options, "if_exists": "fail"})
        with open_bucket(wanted) as bucket:
            probe_destination(bucket, object_key(wanted, None), cancel=cancel)
        return bucket.destination.url()

    return test


def check_object(request: Request, key: str) -> Work:
    """Return the job that checks whether the object exists, once the user has stopped typing.

    A temporary failure gives no message: the run itself would report it.
    """

    def work(cancel: threading.Event) -> Iterator[Message]:
        if cancel.wait(TYPING_SECONDS):
            return
        from core.facade import is_there, open_bucket

        try:
            with open_bucket(request) as bucket:
                yield ObjectChecked(request, is_there(bucket, key, cancel=cancel))
        except TemporaryError:
            return
        except (DestinationError, UsageError) as error:
            yield ObjectChecked(request, None, in_app(error.message))

    return work
