"""Copies or saves the result of a run, or the run as a command or as Python."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from platformdirs import user_downloads_path
from textual.app import App

from tui.screens.error import copy

if TYPE_CHECKING:
    from core import Request


def copy_result(app: App[Any], result: Mapping[str, Any]) -> None:
    """Copy the result as --batch prints it."""
    copy(app, json.dumps(dict(result)), "The result JSON")


def save_result(app: App[Any], result: Mapping[str, Any]) -> None:
    """Save the result as a file; in a browser that is a download."""
    name = str(result["file_name"]).rpartition("/")[2]
    if not app.is_web:
        with suppress(OSError):  # the app reports the error when it writes the file
            user_downloads_path().mkdir(parents=True, exist_ok=True)
    app.deliver_text(
        io.StringIO(json.dumps(dict(result)) + "\n"),
        save_filename=f"{name}.result.json",
        mime_type="application/json",
    )


def copy_command(app: App[Any], request: Request, *, demo: bool) -> None:
    """Copy a transfer as a command."""
    from core.facade import as_command

    copy(app, as_command(request, demo=demo), "The command")
    _warn_of_hidden(app, request, "The command")


def copy_python(app: App[Any], request: Request) -> None:
    """Copy a transfer as Python."""
    from core.facade import as_python

    copy(app, as_python(request), "The Python code")
    _warn_of_hidden(app, request, "The Python code")


def _warn_of_hidden(app: App[Any], request: Request, what: str) -> None:
    """Warn of copied values that hold invisible characters."""
    from core.facade import escape_hidden, find_hidden_values, join_names

    if values := find_hidden_values(request):
        shown = join_names([escape_hidden(value) for value in values], most=3)
        app.notify(
            f"{what} holds invisible characters, written as escapes: {shown}. "
            "Check it before you run it.",
            severity="warning",
            markup=False,
        )
