"""Starts the app on a terminal."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

from tui.app import TransferApp


def start(options: Mapping[str, Any], *, demo: bool) -> int:
    """Run the app to its end.

    Args:
        options: of the request, as on the command line.
        demo: whether to start the embedded warehouse and bucket.

    Returns:
        The exit code: 0, or 1 after a defect of ours.
    """
    # The libraries' own lines would be drawn over the screen, and may carry signed URLs.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    app = TransferApp(options, demo=demo)
    app.run()
    return app.return_code or 0
