"""Wait until an app has done what it has to do, by looking at its widgets.

Textual's pilot takes an app for done when its process has used little processor time for 20 ms. So
where other processes have the processors, it goes on too early, and where threads of this process
work, it waits up to two seconds for each key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from textual import app as app_module
from textual import pilot as pilot_module
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

_QUIET_TURNS = 3  # of the event loop, in which nothing has work left
_TURN = 0.001  # seconds
_PATIENCE = 30.0  # seconds: what rests at all has rested by then, however busy the machine is


@contextmanager
def settled_waits() -> Iterator[None]:
    """Have pilots wait until their app is settled, where they would wait for an idle process."""
    running: list[App[Any]] = []
    original = App.run_test

    @asynccontextmanager
    async def run_test(self: App[Any], **options: Any) -> AsyncIterator[Pilot[Any]]:
        running.append(self)
        try:
            async with original(self, **options) as pilot:
                yield pilot
        finally:
            running.remove(self)

    async def settle_all(*_: float) -> None:
        for app in running:
            await settle(app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(App, "run_test", run_test)
        patch.setattr(app_module, "wait_for_idle", settle_all)
        patch.setattr(pilot_module, "wait_for_idle", settle_all)
        yield


async def settle(app: App[Any]) -> None:
    """Wait until no widget of an app has a message, a callback or a refresh before it."""
    deadline = time.monotonic() + _PATIENCE
    while app.is_running and not app._exit and app._exception is None:
        quiet = 0
        while quiet < _QUIET_TURNS and time.monotonic() < deadline:
            busy = _has_work(app)
            await asyncio.sleep(_TURN if busy else 0)
            quiet = 0 if busy else quiet + 1
        await Pilot(app)._wait_for_screen()  # for what each widget is at
        if not _has_work(app) or time.monotonic() >= deadline:
            return


def _has_work(app: App[Any]) -> bool:
    if not app.is_running or not app._screen_stack:
        return False
    nodes: list[MessagePump] = [app, *app.screen.walk_children(with_self=True)]
    return any(map(_is_busy, nodes))


def _is_busy(node: MessagePump) -> bool:
    if not node._message_queue.empty() or node._pending_message or node._next_callbacks:
        return True
    if isinstance(node, Screen) and (node._callbacks or node._dirty_widgets):
        return True
    needs = ("_layout_required", "_repaint_required", "_recompose_required", "_scroll_required")
    return isinstance(node, Widget) and any(getattr(node, need) for need in needs)
