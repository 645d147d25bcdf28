"""Starts the app, on a terminal or in a tab of a browser."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.messages import ExitApp

from core.facade import discard_own, forbid_core_dumps, limit_malloc_arenas
from tui import uncaught
from tui.app import TransferApp
from tui.cli.signals import leaving
from tui.stderr import divert_stderr

if TYPE_CHECKING:
    from textual.driver import Driver


def start(
    options: Mapping[str, Any],
    *,
    demo: bool,
    driver: type[Driver] | None = None,
    table: str = "",
) -> int:
    """Run the app to its end.

    Args:
        options: the options of the request, by name.
        demo: whether to start the embedded warehouse and bucket.
        driver: the driver of the terminal; chosen by Textual if None.
        table: the table to open first, rather than that of the last start.

    Returns:
        The exit code: 0, 1 after an unexpected error, or 128 plus the number of a signal.
    """
    forbid_core_dumps()
    limit_malloc_arenas()
    # Messages of libraries would be drawn over the screen, and may hold signed URLs.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    app = TransferApp(options, demo=demo, table=table)
    if driver is not None:
        app.driver_class = driver

    def end() -> None:
        app.stop_runs()
        app.post_message(ExitApp())

    with leaving(end, discard_own) as signals:
        try:
            with divert_stderr(app.show_sign_in_address), uncaught.handle(uncaught.log):
                app.run()
        except OSError:  # the terminal is closed, so Textual cannot restore it
            if not signals:
                raise
    return 128 + signals[0] if signals else app.return_code or 0
