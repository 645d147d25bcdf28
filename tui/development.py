"""Keeps Textual's developer tools from recording what is typed into the app.

With TEXTUAL_LOG, Textual (8.2, `Logger.__call__`) appends each event to a file whose permissions
the umask decides; with `devtools` in TEXTUAL, it sends them to any process that listens on a port
of this machine. The events hold keys and pasted text, so passwords too.
"""

from __future__ import annotations

import os

from textual import constants


def silence() -> None:
    """Disable both, in this process and those that it starts; call it before making an app."""
    os.environ.pop("TEXTUAL_LOG", None)
    features = os.environ.get("TEXTUAL", "").split(",")
    left = [each for each in features if each.strip().lower() != "devtools"]
    if left != features:
        os.environ["TEXTUAL"] = ",".join(left)
    # The variable was read when Textual was imported; the file's name is read at each line.
    setattr(constants, "LOG_FILE", None)  # noqa: B010  declared as Final
