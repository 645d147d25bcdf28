"""Takes the pictures of the README: the real app on the demo, driven by keys.

    python screenshots/make.py [--to DIRECTORY] [--table TABLE]

Each picture waits until the screen shows what it is to show, so a change that breaks the journey
breaks this script. It uses directories of its own and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from core.errors import TransferError
from core.records.history import run_recorded
from core.request.request import Request
from tui.app import TransferApp
from tui.widgets.lines import Lines
from tui.workbench.screen import Workbench
from tui.workbench.tables.catalog import Leaf

SALES = "SHOP_SALES"  # has seasons, growth and a name that sorts last
LARGE = "MOVIE_RATINGS_27M"  # made on first use, which takes half a minute
WIDE, NARROW = (132, 40), (80, 24)
PATIENCE = 300  # seconds for any one wait
CONNECTIONS = """\
[production]
account = "ACME-ANALYTICS"
user = "TRANSFER_SVC"
authenticator = "SNOWFLAKE_JWT"
private_key_file = "~/.snowflake/transfer_key.p8"

[staging]
account = "ACME-STAGING"
user = "DANA"
authenticator = "externalbrowser"
"""
DESTINATIONS = """\
[destinations.partner]
bucket = "partner-inbox"
prefix = "from-us/"
acl = "bucket-owner-full-control"
"""
JOBS = """\
[defaults]
to = "partner"
last_months = 1
file_name = "{table}_{month}.{ext}"

[[transfers]]
name = "sales"
table = "DEMO.PUBLIC.SHOP_SALES"
min_rows = 30          # 40 groups a month

# A month at a time, with what came late.
[[transfers]]
name = "orders"
table = "DEMO.PUBLIC.ORDERS_100K"
key_columns = ["O_ORDERSTATUS", "O_ORDERPRIORITY"]
split_by = "month"
restate_months = 3
file_name = "{table}/{month}_{timestamp}.{ext}"

[[transfers]]
name = "places"
table = "DEMO.PUBLIC.LOCATIONS_595"
date_column = "DOB"
schema = "frozen"
format = "csv"
"""


class Camera:
    """Drives the app, and takes pictures of it.

    Args:
        pilot: of the running app.
        directory: where the pictures go.
    """

    def __init__(self, pilot: Pilot[Any], directory: Path) -> None:
        self._pilot = pilot
        self._directory = directory

    @property
    def app(self) -> Any:
        """The app."""
        return self._pilot.app

    def shown(self) -> str:
        """The text on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, met: Callable[[], object]) -> None:
        """Wait for something."""
        async with asyncio.timeout(PATIENCE):
            while not met():
                await asyncio.sleep(0.05)

    async def see(self, *texts: str) -> None:
        """Wait until the screen shows all of `texts`."""
        try:
            await self.until(lambda: all(text in self.shown() for text in texts))
        except TimeoutError:
            raise SystemExit(f"never seen: {texts}; the screen is\n{self.shown()}") from None

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self._pilot.press(*keys)

    async def take(self, name: str) -> None:
        """Take a picture, once the screen has settled."""
        await self._pilot.pause()
        self._save(name)

    def take_at_once(self, name: str) -> None:
        """Take a picture of something that moves."""
        self._save(name)

    def _save(self, name: str) -> None:
        picture = self.app.export_screenshot(title="amplify-transfer", simplify=True)
        lines = (line.rstrip() for line in picture.splitlines())
        (self._directory / f"{name}.svg").write_text("\n".join(lines) + "\n", "utf-8")


async def journey(table: str, directory: Path) -> None:
    """From the connections to the history, with a picture of every stop."""
    async with TransferApp().run_test(size=WIDE, notifications=True) as pilot:
        camera = Camera(pilot, directory)
        await camera.see("production", "TRANSFER_SVC")
        await camera.take("connect")

        await camera.press("d")
        await camera.see("ORDERS_100K", table)
        bench = next(s for s in camera.app.screen_stack if isinstance(s, Workbench))
        await asyncio.to_thread(earlier_runs, bench.draft.request)
        await pick(camera, "ORDERS_100K")
        await pick(camera, SALES)
        await show_all_tables(camera, bench)
        await camera.press("3")
        await camera.see("EXACT", "2,400 rows")
        await camera.take("workbench")

        await pilot.resize_terminal(*NARROW)
        await camera.take("narrow")
        await pilot.resize_terminal(*WIDE)

        await camera.press("1", "end", "right")
        await camera.until(lambda: shows_columns(bench))
        await camera.press("2", "end", "up", "n")
        bench.query_one("#column-name", Input).value = "Revenue in EUR"
        await camera.press("enter")
        await camera.until(lambda: is_renamed(bench))
        await camera.take("tree")

        await pick(camera, table)
        await show_all_tables(camera, bench)
        await camera.press("2", "i")
        await camera.until(lambda: without_identifiers(bench))
        await camera.press("3", "e")
        await camera.see("EXACT")
        await camera.press("f5")
        await camera.see("Send this?", table, "the first rows")
        await camera.take("look")
        flagged = bench.draft.plan is not None and bench.draft.plan.grain is not None
        await camera.press("a" if flagged else "enter")
        await camera.see("▸ Read and sum", "━")
        if table == LARGE:
            await camera.until(lambda: any(f" {n}%" in camera.shown() for n in range(40, 90)))
        camera.take_at_once("run")
        await camera.see("Delivered", "row_count", "row counts and totals match")
        await camera.take("result")
        await camera.press("v")
        await camera.see("First rows of the file")
        await camera.take("rows")
        await camera.press("escape")
        await camera.press("escape")

        await camera.until(lambda: camera.app.screen is bench)
        await camera.press("f9")
        await camera.see("History", "✓ delivered")
        await camera.take("history")
        await camera.press("escape")
        await camera.press("f3")
        await camera.see("3 transfers", "min_rows")
        await camera.press("down")
        await camera.see("restate_months")
        await camera.take("jobs")
        await camera.press("escape")
        await camera.press("f1")
        await camera.see("─ Help ─", "Close  esc")
        await camera.take("help")


def earlier_runs(request: Request) -> None:
    """Do what the history is to tell of."""
    runs: tuple[dict[str, Any], ...] = (
        {"table": "LOCATIONS_595", "date_column": "DOB", "format": "csv", "gzip": True},
        {"table": "ORDERS_1889"},
        {"table": "ORDERS_100K", "bucket": "partner-outbox"},
        {"table": "ORDERS_100K", "key_columns": ("O_ORDERSTATUS", "O_ORDERPRIORITY")},
    )
    for changes in runs:
        with suppress(TransferError):
            run_recorded(request.replace(**changes), by="batch", demo=True)


def without_identifiers(bench: Workbench) -> bool:
    """Whether the identifiers are dropped, and the months are shown without them."""
    plan = bench.draft.plan
    dropped = plan is not None and not any(column.identifier for column in plan.sums)
    return dropped and bench.preview.shown == plan


def shows_columns(bench: Workbench) -> bool:
    """Whether a table of the tree is open, with its columns."""
    rows = bench.query_one("#table-list", Lines).items
    return any(isinstance(row, Leaf) and row.column for row in rows)


def is_renamed(bench: Workbench) -> bool:
    """Whether a column has another name, and the months are shown with it."""
    plan = bench.draft.plan
    return plan is not None and bench.preview.shown == plan and any(c.renamed for c in plan.columns)


async def show_all_tables(camera: Camera, bench: Workbench) -> None:
    """Clear the filter."""
    bench.query_one("#filter", Input).value = ""
    await camera.see("LOCATIONS_595")


async def pick(camera: Camera, table: str) -> None:
    """Filter for a table and open it."""
    await camera.press("slash")
    camera.app.screen.query_one("#filter", Input).value = table
    await camera.see(f"▸ {table}")
    await camera.press("enter")
    await camera.see(f"▸  {table}")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--to", type=Path, default=Path(__file__).parent)
    parser.add_argument("--table", default=LARGE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pictures-") as own:
        for name in ("STATE", "DATA", "CONFIG", "SPILL", "LOG"):
            os.environ[f"AMPLIFY_{name}_DIR"] = str(Path(own, name.lower()))
        for name, text in (
            (".snowflake/connections.toml", CONNECTIONS),
            ("config/amplify.toml", DESTINATIONS),
            ("config/jobs.toml", JOBS),
        ):
            file = Path(own, name)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            file.write_text(text)
            file.chmod(0o600)
        os.environ["HOME"] = own
        os.environ.pop("SNOWFLAKE_HOME", None)
        os.environ["SNOWFLAKE_DEFAULT_CONNECTION_NAME"] = "production"
        arguments.to.mkdir(parents=True, exist_ok=True)
        asyncio.run(journey(arguments.table, arguments.to))


if __name__ == "__main__":
    main()
