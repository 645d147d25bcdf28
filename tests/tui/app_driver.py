"""The whole app on the sandbox, as tests drive it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.app_hosts import until
from tui.app import TransferApp
from tui.preferences import Memory
from tui.widgets.lines import Lines
from tui.workbench.background.lane import Slot
from tui.workbench.screen import Workbench

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

SMALL, USUAL = (80, 24), (120, 40)
Kind = TypeVar("Kind", bound=Widget)


def place(sandbox: Sandbox) -> dict[str, Any]:
    """The options that lead to the sandbox."""
    s3 = dict(sandbox.s3)
    s3.pop("bucket")
    return {
        "connection": dict(sandbox.snowflake),
        "endpoint_url": s3.pop("endpoint_url"),
        "s3_options": s3,
    }


class Driver:
    """The running app, and what is asked of it again and again."""

    def __init__(self, app: TransferApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def bench(self) -> Workbench:
        """The workbench, below whatever is open."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, Workbench))

    def lines(self, name: str) -> Lines[Any]:
        """One of the lists."""
        return self.bench.query_one(f"#{name}", Lines)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def tables(self) -> None:
        """Wait until tables are listed, not only their database."""
        await until(self.pilot, lambda: self.matching)

    async def rested(self) -> None:
        """Wait until nothing is asked of Snowflake: databases are listed in the background."""
        listing, lane = self.bench._listing, self.bench._session._snowflake

        def busy() -> bool:
            return not listing._found_others or bool(listing._waiting) or any(map(lane.busy, Slot))

        resting = 0
        while resting < 2:  # between two jobs, a message of the first is still to be taken
            await until(self.pilot, lambda: not busy())
            resting = 0 if busy() else resting + 1

    async def planned(self, table: str) -> None:
        """Wait until the columns of `table` have their roles."""
        await until(self.pilot, lambda: self.table == table and self.bench.draft.plan)

    async def previewed(self) -> None:
        """Wait until the months are those of the plan."""
        preview = self.bench.preview
        await until(
            self.pilot,
            lambda: preview.shown is not None and preview.shown == self.bench.draft.plan,
        )

    @property
    def table(self) -> str:
        """The table that is open."""
        look = self.bench.draft.look
        return look.source.name.table if look else ""

    async def pick(self, table: str) -> None:
        """Filter for a table, and take it."""
        await self.tables()
        await self.press("slash")
        self.bench.query_one("#filter").value = table  # type: ignore[attr-defined]
        await until(self.pilot, lambda: self.matching == [table])
        await self.press("enter")
        await self.planned(table)

    @property
    def matching(self) -> list[str]:
        """The names of the tables in the list."""
        return [row.name.table for row in self.lines("table-list").items if hasattr(row, "name")]

    def roles(self) -> dict[str, str]:
        """The roles of the columns, by name."""
        plan = self.bench.draft.plan
        assert plan is not None
        return {column.name: column.role.value for column in plan.columns}

    async def until_roles(self, **wanted: str) -> None:
        """Wait until columns have these roles."""
        await until(
            self.pilot, lambda: self.bench.draft.plan and wanted.items() <= self.roles().items()
        )


@asynccontextmanager
async def workbench(
    sandbox: Sandbox,
    options: Mapping[str, Any] | None = None,
    *,
    size: tuple[int, int] = USUAL,
    memory: Memory | None = None,
) -> AsyncIterator[Driver]:
    """The app, signed in to the sandbox."""
    app = TransferApp({**place(sandbox), **(options or {})}, memory=memory or Memory(None))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot)
