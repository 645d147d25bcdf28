"""How a transfer runs: its checks, its engine, its limits, and who is notified."""

from __future__ import annotations

from typing import Final

from core.request.options.option import Option
from core.request.options.values import TEXT, EngineName, NotifyOn, Targets

CHECKS: Final = {
    "min_rows": Option(
        help="Deliver nothing if there would be fewer rows.",
        type=int | None,
        absent="not checked",
        placeholder="NUMBER",
        examples=("1", "1000"),
    ),
    "max_rows": Option(
        help="Deliver nothing if there would be more rows.",
        type=int | None,
        absent="not checked",
        placeholder="NUMBER",
        examples=("1000000",),
    ),
    "max_change": Option(
        help="Deliver nothing if the number of rows differs by more from that of the last delivery "
        "of the table to this destination, by the history of this machine or else by a manifest at "
        "the destination. If no delivery is "
        "known, a warning says so.",
        type=TEXT,
        absent="not checked",
        placeholder="PERCENT",
        examples=("20%", "0.5%"),
    ),
    "require_months": Option(
        help="Deliver nothing if one of the months that are read has no rows. The first and the "
        "last month must be given.",
        type=bool,
        default=False,
    ),
}

ENGINE: Final = {
    "engine": Option(
        help="Where the rows are aggregated. `stream` aggregates them on this machine, `pushdown` "
        "in Snowflake; with `unload`, Snowflake also writes the object. `auto` selects `stream` "
        "or `pushdown` by the size of the table.",
        type=EngineName,
        default="auto",
    ),
    "stream_limit": Option(
        help="The largest table for which `auto` selects `stream`: rows, stored bytes, or both.",
        type=str,
        default="50M,5GB",
        placeholder="ROWS,BYTES",
        examples=("10M,1GB", "2GB"),
    ),
    "storage_integration": Option(
        help="The storage integration through which Snowflake writes if `engine` is `unload`.",
        type=TEXT,
        placeholder="NAME",
        examples=("PARTNER_S3",),
    ),
    "stage": Option(
        help="The external stage, at or above the destination, through which Snowflake writes "
        "instead of a storage integration.",
        type=TEXT,
        placeholder="@STAGE[/PATH]",
        examples=("@SALES.PUBLIC.PARTNER/from-us",),
    ),
    "unload_credentials": Option(
        help="Give Snowflake the AWS credentials of this run instead of a storage integration. "
        "Snowflake keeps them in its query history.",
        type=bool,
        default=False,
    ),
    "max_file_size": Option(
        help="The largest file that Snowflake writes. A larger result becomes several files under "
        "one prefix.",
        type=int | str,
        default="5GB",
        placeholder="SIZE",
        examples=("1GB",),
        library="A number counts bytes.",
    ),
}

RUN: Final = {
    "verify": Option(
        help="After the delivery, compare its row counts and totals with Snowflake and with the "
        "delivered file.",
        type=bool,
        default=False,
    ),
    "report": Option(
        help="The local file to which the outcome is written as JSON.",
        type=TEXT,
        placeholder="FILE",
        examples=("report.json",),
    ),
    "memory_limit": Option(
        help="The most memory that the process may use.",
        type=int | str,
        default="600MB",
        placeholder="SIZE",
        examples=("1GB",),
        library="A number counts bytes.",
    ),
    "max_retry_time": Option(
        help="How long a request that fails temporarily is retried after its first failure. 0 "
        "turns retries off.",
        type=int | str,
        default="10m",
        placeholder="TIME",
        examples=("90s", "1h", "0"),
        library="A number counts seconds.",
    ),
}

NOTIFY: Final = {
    "notify": Option(
        help="Whom to notify of the end of the run: the URL of a webhook, which gets the result as "
        "JSON; `slack:URL` and `teams:URL`, which get a text; `exec:COMMAND`, which gets the JSON "
        "on its standard input; another URL, for Apprise, which is an extra. `env:VARIABLE` takes "
        "the URL from the environment. URLs are secrets: they are not shown or stored.",
        type=Targets,
        default=(),
        placeholder="TARGET,...",
        examples=("env:SLACK_WEBHOOK", "exec:/usr/local/bin/announce"),
    ),
    "notify_on": Option(
        help="Which ends of a run to notify of: `always` all, `success` a delivery but no run that "
        "left everything as it is, `failure` any error, `check_failed` only a check of rows, "
        "totals or months that failed.",
        type=NotifyOn,
        default="always",
    ),
}
