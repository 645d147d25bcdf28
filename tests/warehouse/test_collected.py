"""What is left of a session ends by itself, and the collector chooses where.

Before Python 3.12 that may be inside ContextVar.set, which reads freed memory if another variable
is set meanwhile (CPython issue 148891): the process dies.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, Any

from core.warehouse.connect import connect
from tests.support.programs.batch_runs import SECONDS

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


def variables_set_by(work: Callable[[], object]) -> set[str]:
    """The context variables that `work` sets in this thread."""
    names = set()

    def watch(frame: FrameType, event: str, called: Any) -> None:
        variable = getattr(called, "__self__", None)
        if event == "c_call" and isinstance(variable, ContextVar) and called.__name__ != "get":
            names.add(variable.name)

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return names


def test_a_session_that_is_collected_sets_no_context_variable(sandbox: Sandbox) -> None:
    before = set(threading.enumerate())
    session = connect(sandbox.snowflake, query_tag="a test")
    left = weakref.ref(session)
    assert variables_set_by(session.close)  # or the connector sets none at all any more

    def collect() -> None:
        nonlocal session
        del session
        gc.collect()

    # Those of the gate, one of which forwards the sign-out; others may serve other sessions.
    for thread in set(threading.enumerate()) - before:
        if "process_request_thread" in thread.name:
            thread.join(SECONDS)
    gc.collect()
    assert variables_set_by(collect) == set()
    assert left() is None
