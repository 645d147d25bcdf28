"""Columns get other names in the file, and changes of the plan are undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input, Static

from tests.tui.app_driver import workbench
from tests.tui.app_hosts import shown, until

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


async def test_a_column_is_renamed_in_its_row_and_every_change_undone(sandbox: Sandbox) -> None:
    async with workbench(sandbox, {"table": "ORDERS_100K"}) as drive:
        await drive.planned("ORDERS_100K")
        bench = drive.bench
        field = bench.query_one("#column-name", Input)
        note = bench.query_one("#column-note", Static)

        def names() -> dict[str, str]:
            plan = bench.draft.plan
            return {c.name: c.renamed for c in plan.columns if c.renamed} if plan else {}

        await drive.press("2", "home", "d")
        await drive.until_roles(O_ORDERKEY="drop")
        await drive.press("n")  # what is dropped has no name in the file
        assert not field.has_focus

        await drive.press(*["down"] * 3, "n")
        assert field.has_focus
        assert field.value == "O_TOTALPRICE"
        field.value = ""
        await drive.press(*"O_CLERK", "enter")  # another column has it
        assert "would both be called O_CLERK" in str(note.content)
        assert field.has_focus
        field.value = ""
        await drive.press(*"total 1", "enter")
        await until(drive.pilot, lambda: names() == {"O_TOTALPRICE": "total 1"})
        assert "O_TOTALPRICE → total 1" in shown(drive.app)
        assert "delivered as total 1" in str(note.content)
        assert bench.draft.request.rename == {"O_TOTALPRICE": "total 1"}

        await drive.press("n", *"0", "escape")  # a change that is not applied
        assert not field.has_class("-open")
        await drive.press("k")
        await drive.until_roles(O_TOTALPRICE="key")
        await drive.press("ctrl+z")
        await drive.until_roles(O_TOTALPRICE="sum")
        assert names() == {"O_TOTALPRICE": "total 1"}
        await drive.press("ctrl+z")
        await until(drive.pilot, lambda: bench.draft.plan and not bench.planning and not names())
        assert drive.roles()["O_ORDERKEY"] == "drop"
        await drive.press("ctrl+z", "ctrl+z")  # more than there are
        await drive.until_roles(O_ORDERKEY="sum")
        assert bench.draft.request.rename is None
