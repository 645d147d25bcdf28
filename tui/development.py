"""Keeps Textual's aids for developers from writing down what is typed into the app.

With TEXTUAL_LOG, Textual (8.2, `Logger.__call__`) appends each event to a file that the umask
decides about; with `devtools` in TEXTUAL, it sends them to whoever listens on a port of this
machine. Among the events are keys and pasted text: passwords too.
"""

from __future__ import annotations

import os

from textual import constants


def silence() -> None:
    """Switch both off, for this process and those that it starts; before an app is made."""
    os.environ.pop("TEXTUAL_LOG", None)
    features = os.environ.get("TEXTUAL", "").split(",")
    left = [each for each in features if each.strip().lower() != "devtools"]
    if left != features:
        os.environ["TEXTUAL"] = ",".join(left)
    # The variable was read when Textual was imported; the file's name is read at each line.
    setattr(constants, "LOG_FILE", None)  # noqa: B010  declared as Final
