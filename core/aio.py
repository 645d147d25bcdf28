"""The library's calls for asyncio: the same functions as coroutines, which do not block the loop.

Each call runs in a thread of its own. If its task is cancelled, the transfer is cancelled too: the
query and the upload are aborted, and the cancellation is raised once they are. A delivery that was
already complete then stays, without a result.

Example:
    >>> import asyncio
    >>> from core import aio
    >>> asyncio.run(aio.transfer_data("ORDERS_100K", "partner-inbox", connection="prod"))
    {'file_name': 'ORDERS_100K_monthly_20261123T101500Z.parquet', 'row_count': 99998, ...}
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from core.api import transfer_data as _transfer_data
from core.checking.check import check as _check
from core.errors import UsageError
from core.jobs.run import run_job as _run_job
from core.previews import plan as _plan
from core.previews import preview_rows as _preview_rows
from core.previews import tables as _tables
from core.remedy import Advice, Remedy
from core.request.options import OPTIONS
from core.request.request import SMALLEST_MEMORY_LIMIT
from core.request.sizes import MEBIBYTE, parse_size
from core.runtime.cancel import NEVER, LinkedCancel
from core.transfer import plan_transfer as _plan_transfer
from core.transfer import run_transfer as _run_transfer

Given = ParamSpec("Given")
Result = TypeVar("Result")


def _as_coroutine(call: Callable[Given, Result]) -> Callable[Given, Coroutine[Any, Any, Result]]:
    """Return a call of the library, which takes `cancel`, as a coroutine function."""

    @functools.wraps(call)
    async def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        given: Any = kwargs.pop("cancel", None)
        cancel = LinkedCancel(NEVER if given is None else given)
        kwargs["cancel"] = cancel
        return await _run_in_thread(functools.partial(call, *args, **kwargs), cancel)

    return called


async def _run_in_thread(work: Callable[[], Result], cancel: LinkedCancel) -> Result:
    """Call `work` in a thread; on a cancellation, set `cancel` and wait until it has ended.

    The threads of `asyncio.to_thread` are few, and others of the program need them.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        end: Callable[[], None]
        try:
            end = functools.partial(_settle, future.set_result, work())
        except BaseException as error:
            end = functools.partial(_settle, future.set_exception, error)
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(end)

    def _settle(settle: Callable[[Any], None], value: object) -> None:
        if not future.done():
            settle(value)

    threading.Thread(target=run, name="transfer", daemon=True).start()
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        cancel.set()
        with suppress(BaseException):  # of the call: it was cancelled; a second one ends the wait
            await asyncio.wait([future])
        if future.done() and not future.cancelled():
            future.exception()  # it is not reported as never retrieved
        raise


transfer_data = _as_coroutine(_transfer_data)
run_transfer = _as_coroutine(_run_transfer)
plan_transfer = _as_coroutine(_plan_transfer)
check = _as_coroutine(_check)
plan = _as_coroutine(_plan)
preview_rows = _as_coroutine(_preview_rows)
tables = _as_coroutine(_tables)
run_job = _as_coroutine(_run_job)


class Transfers:
    """Runs transfers of one process within one memory limit, some at once; the others wait.

    Args:
        memory_limit: the memory of all of them together, as the option of a transfer.
        at_once: how many run at once. Each has an equal share of the memory.

    Raises:
        UsageError: a share is smaller than the least memory limit of a transfer, 400 MB.

    Example:
        >>> transfers = aio.Transfers(memory_limit="2GB", at_once=4)
        >>> async def deliver(table: str) -> dict[str, Any]:  # of a web service
        ...     return await transfers.transfer_data(table, "partner-inbox")
    """

    def __init__(
        self, *, memory_limit: int | str = str(OPTIONS["memory_limit"].default), at_once: int = 1
    ) -> None:
        try:
            self.share: int = int(parse_size(memory_limit)) // at_once
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise UsageError("The memory limit or the number at once is invalid.") from error
        if at_once < 1 or self.share < SMALLEST_MEMORY_LIMIT:
            enough = at_once * SMALLEST_MEMORY_LIMIT // MEBIBYTE
            raise UsageError(
                f"{at_once} transfers at once need {enough} MB of memory.",
                Advice("Raise the limit: ", Remedy("memory_limit", f"{enough}MB"), "."),
            )
        self._free = asyncio.Semaphore(at_once)
        self.transfer_data = self._limit(transfer_data)

    def _limit(
        self, call: Callable[Given, Awaitable[Result]]
    ) -> Callable[Given, Coroutine[Any, Any, Result]]:
        @functools.wraps(call)
        async def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            async with self._free:
                kwargs["memory_limit"] = self.share
                return await call(*args, **kwargs)

        return called
