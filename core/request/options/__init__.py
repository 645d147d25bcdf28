"""The options of a transfer: each declared once, with type, default, help and examples.

Each module here has the tables of one subject. Their keys are the names of `Request`'s fields and
of `transfer_data`'s keywords. The defaults and descriptions of `Request`, the command line with its
environment variables and help, and the options table of the README are derived from the tables;
tests compare the signature and the docstring of `transfer_data` with them. To add an option, add an
entry to a table, an annotation in `Request`, a keyword of `transfer_data`, and the code that uses
it.

A help text consists of whole sentences. It writes the names of other options, and values, in
backticks, which each front end replaces by its own spelling. These modules are imported when
the command line's help is printed, so they import only the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.request.options.columns import COLUMNS, MONTHS
from core.request.options.destination import DESTINATION
from core.request.options.option import Option as Option
from core.request.options.output import OUTPUT
from core.request.options.run import CHECKS, ENGINE, NOTIFY, RUN
from core.request.options.source import SOURCE

GROUPS: Final[Mapping[str, Mapping[str, Option]]] = MappingProxyType(
    {
        "source": SOURCE,
        "columns": COLUMNS,
        "months": MONTHS,
        "output": OUTPUT,
        "destination": DESTINATION,
        "checks": CHECKS,
        "engine": ENGINE,
        "run": RUN,
        "notification": NOTIFY,
    }
)
"""The options by subject, in the order in which they are listed."""

# How the services are reached: of the place where a transfer runs, rather than of the transfer.
PLACE: Final = (
    *("connection", "warehouse", "role", "aws_profile", "endpoint_url", "s3_options"),
    *("memory_limit", "max_retry_time"),
)
OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {name: option for group in GROUPS.values() for name, option in group.items()}
)
"""All options by name."""
