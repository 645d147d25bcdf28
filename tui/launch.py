"""Starts the app, on a terminal or in a tab of a browser."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.messages import ExitApp

from core.facade import discard_own, forbid_core_dumps
from tui import uncaught
from tui.app import TransferApp
from tui.cli.signals import leaving
from tui.stderr import divert_stderr

if TYPE_CHECKING:
    from textual.driver import Driver


def start(options: Mapping[str, Any], *, demo: bool, driver: type[Driver] | None = None) -> int:
    """Run the app to its end.

    Args:
        options: of the request, as on the command line.
        demo: whether to start the embedded warehouse and bucket.
        driver: of the terminal; Textual's own choice if None.

    Returns:
        The exit code: 0, 1 after a defect of ours, or 128 and the number of a signal.
    """
    forbid_core_dumps()
    # The libraries' own lines would be drawn over the screen, and may carry signed URLs.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    app = TransferApp(options, demo=demo)
    if driver is not None:
        app.driver_class = driver

    def end() -> None:
        app.stop_runs()
        app.post_message(ExitApp())

    with leaving(end, discard_own) as signals:
        try:
            with divert_stderr(app.show_sign_in_address), uncaught.told(uncaught.log):
                app.run()
        except OSError:  # a terminal that is gone takes no last words
            if not signals:
                raise
    return 128 + signals[0] if signals else app.return_code or 0
