"""What the lanes do: each job asks the core, and tells what it found in messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from textual.message import Message

from core import DestinationError, SourceDataError, TemporaryError, UsageError
from tui.format.remedies import in_app
from tui.workbench.lane import Work
from tui.workbench.messages import (
    AccessTested,
    DatabasesFound,
    Looked,
    ObjectChecked,
    Opened,
    Planned,
    Previewed,
    TablesFound,
)

if TYPE_CHECKING:
    from core import Request
    from core.facade import Explorer, Look, Plan

TYPING_SECONDS = 0.5  # without a key until what was typed is taken as meant


def sign_in(connection: str | Mapping[str, Any] | None, request: Request) -> Work:
    """Sign in."""

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
    """Find the databases."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield DatabasesFound(explorer.databases(cancel))

    return work


def list_tables(explorer: Explorer, database: str) -> Work:
    """List the tables of a database, page by page."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        try:
            for page in explorer.tables(database, None, cancel):
                yield TablesFound(database, page, complete=False)
        except SourceDataError:  # it vanished, or is of no concern to this role
            pass
        yield TablesFound(database, (), complete=True)

    return work


def look_at(explorer: Explorer, name: str) -> Work:
    """Describe and sample a table."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield Looked(name, explorer.look(name, cancel))

    return work


def make_plan(look: Look, request: Request, *, demo: bool) -> Work:
    """Decide on the columns."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import Explorer, former_runs

        yield Planned(request, Explorer.plan(look, request), former_runs(demo=demo))

    return work


def preview_months(explorer: Explorer, plan: Plan, *, exact: bool, counted: bool) -> Work:
    """Compute the months."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        yield Previewed(plan, explorer.preview(plan, cancel, exact=exact, counted=counted))

    return work


def test_access(request: Request, key: str) -> Work:
    """Ask S3 whether it lets us write there, and whether the object exists."""

    def work(cancel: threading.Event) -> Iterator[Message]:
        from core.facade import check_destination, open_bucket, probe_destination

        with open_bucket(request) as bucket:
            overwrite = request.if_exists == "overwrite"
            probe_destination(bucket, key, cancel=cancel)
            check_destination(bucket, key, overwrite=overwrite, cancel=cancel)
        yield AccessTested(bucket.destination.url())

    return work


def check_object(request: Request, key: str) -> Work:
    """Ask S3 whether the object exists, once nobody types; a network that fails is no news."""

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
