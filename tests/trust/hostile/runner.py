"""A process that runs transfers against lying servers, several at a time, and tells how each ends.

It is apart from the tests because the connector decodes natively: a lie might end the process.
stdin: one JSON list of cases, `{"name": ..., "request": {...}}`. stdout: a line for each that
begins and a line for each that ends, then one with the peak of the memory in KB.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core import transfer_data
from core.errors import TransferError
from core.runtime.retry import Retry
from core.warehouse import statement

LOCK = threading.Lock()


def tell(**fields: Any) -> None:
    with LOCK:
        sys.stdout.write(json.dumps(fields) + "\n")
        sys.stdout.flush()


def run(case: dict[str, Any]) -> None:
    tell(begins=case["name"])
    began = time.monotonic()
    try:
        outcome, code, text = str(transfer_data(**case["request"])), 0, ""
    except TransferError as error:
        outcome, code, text = type(error).__name__, error.exit_code, str(error)
    except BaseException as error:
        outcome, code = f"raw {type(error).__name__}", -1
        text = repr(error) + "".join(traceback.format_tb(error.__traceback__)[-3:])
    seconds = round(time.monotonic() - began, 1)
    tell(name=case["name"], outcome=outcome, code=code, text=text, seconds=seconds)


if __name__ == "__main__":
    # The same tries as ever, without their pauses.
    Retry.pause = lambda *_: 0.01  # type: ignore[method-assign]
    statement._UNKNOWN_SECONDS = 2.0  # type: ignore[misc]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, json.loads(sys.stdin.read())))
    # Not getrusage: what it tells begins with the peak of the process that has started this one.
    status = Path("/proc/self/status").read_text()
    tell(peak=int(status.partition("VmHWM:")[2].split()[0]))
