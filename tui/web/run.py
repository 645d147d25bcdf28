"""`--web`: checks that its packages are installed, serves the app, and prints its address."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from core import TransferError, UsageError, Warned
from core.facade import forbid_core_dumps
from tui import uncaught
from tui.cli.console import JsonConsole, TextConsole


def run(options: Mapping[str, Any], *, demo: bool, port: int | None, json: bool) -> int:
    """Serve the app to browsers of this machine until a signal comes.

    Args:
        options: the options of the request, by name.
        demo: whether each tab gets an embedded warehouse and bucket.
        port: the port to listen on; a free one if None.
        json: whether stderr is written as JSON lines.

    Returns:
        The exit code: 0, or that of the error's class.
    """
    forbid_core_dumps()
    console = (JsonConsole if json else TextConsole)(sys.stderr, quiet=False)

    def on_ready(url: str) -> None:
        console.note(
            f"Open {url} in a browser on this machine. Press Ctrl-C to stop.",
            "Do not share the address: there is no sign-in, and anyone who opens it acts with "
            "your credentials. For the same reason the server listens on loopback only.",
            url=url,
        )

    try:
        if find_spec("textual_serve") is None or find_spec("aiohttp") is None:
            raise UsageError(
                "--web needs the extra `web`.",
                "Install it with: pip install 'amplify-transfer[web]'",
            )
        from tui.web.server import serve

        def warn(text: str) -> None:
            console.event(Warned(text))

        with uncaught.handle(lambda error: warn(uncaught.describe(error))):
            serve(options, demo=demo, port=port or 0, on_ready=on_ready, warn=warn)
    except TransferError as error:
        console.error(error, of_run=False)
        return error.exit_code
    return 0
