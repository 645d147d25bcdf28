"""`python -m core.sandbox`: run the sandbox until Ctrl-C or SIGTERM.

Prints one JSON line when ready: `snowflake` works as `connect(**it)`, `s3` are a boto3 client's
arguments and the bucket, `unload` the integration and the stage for COPY INTO that bucket.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from core.errors import TransferError
from core.runtime.characters import escape_hidden
from core.sandbox.launcher import Sandbox

WATCH_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Run the launcher; return the process exit code (0 after Ctrl-C or SIGTERM)."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with Sandbox(
            options.data_dir, options.chunk_rows, port=options.port, s3_port=options.s3_port
        ) as sandbox:
            ready = {"snowflake": sandbox.snowflake, "s3": sandbox.s3, "unload": sandbox.unload}
            print(json.dumps(ready), flush=True)  # noqa: T201 - the one line on stdout
            while sandbox.alive():
                time.sleep(WATCH_SECONDS)
    except (KeyboardInterrupt, SystemExit):
        return 0
    except TransferError as error:
        print(escape_hidden(str(error)), file=sys.stderr)  # noqa: T201
        return error.exit_code
    print("A server of the sandbox has ended unexpectedly.", file=sys.stderr)  # noqa: T201
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core.sandbox",
        description="An embedded Snowflake warehouse and S3 bucket with sample tables.",
    )
    parser.add_argument("--port", type=int, default=0, help="of the warehouse (default: any)")
    parser.add_argument("--s3-port", type=int, default=0, help="of the bucket (default: any)")
    parser.add_argument("--data-dir", type=Path, help="keep the data here (default: temporary)")
    parser.add_argument("--chunk-rows", type=int, help="most rows of a result chunk")
    return parser


def _leave(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
