"""Remedies as fields and keys of the app.

A key is named only where it works: the keys of the columns in the pane Columns, F2 in the
workbench. Elsewhere (in dialogs, and after a run) the remedy is the field by its label.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from core import Remedy
from core.facade import Spell, spell_out
from tui.cli.remedies import as_option


class _Place(NamedTuple):
    """Where the app offers an option: the field's label, and the key in the pane Columns."""

    label: str
    key: str = ""


_CONNECTION: Final = _Place("another connection", "F2")
PLACES: Final = {
    "connection": _CONNECTION,
    "warehouse": _CONNECTION,
    "role": _CONNECTION,
    "date_column": _Place("role month in Columns", "m on a column"),
    "sum_columns": _Place("role sum in Columns", "s on a column"),
    "key_columns": _Place("role key in Columns", "k on a column"),
    "drop_columns": _Place("role drop in Columns", "d on a column"),
    "drop_identifiers": _Place("role drop in Columns", "i (u restores them)"),
    "rename": _Place("Name of a column in Columns", "n on a column"),
    "date_format": _Place("Dates in Columns", "f"),
    "on_bad_date": _Place("Dates that do not fit (Dates in Columns)", "f, Dates that do not fit"),
    "since": _Place("First month (Window in Columns)", "w, First month"),
    "until": _Place("Last month (Window in Columns)", "w, Last month"),
    "last_months": _Place("Last months (Window in Columns)", "w, Last months"),
    "include_current": _Place("Current month (Window in Columns)", "w, Current month"),
    "undated": _Place("Without a date (Window in Columns)", "w, Without a date"),
    "bucket": _Place("To"),
    "file_name": _Place("Name"),
    "format": _Place("Format"),
    "gzip": _Place("Compress"),
    "if_exists": _Place("If exists"),
    "verify": _Place("Verify"),
    "split_by": _Place("Files (More in Destination)", "ctrl+o, Files"),
    "restate_months": _Place("Restate months (More in Destination)", "ctrl+o, Restate months"),
    "encrypt_to": _Place("Encrypt to (More in Destination)", "ctrl+o, Encrypt to"),
    "manifest": _Place("Manifest (More in Destination)", "ctrl+o, Manifest"),
    "success_file": _Place("_SUCCESS (More in Destination)", "ctrl+o, _SUCCESS"),
    "min_rows": _Place("Rows at least (More in Destination)", "ctrl+o, Rows at least"),
    "max_rows": _Place("Rows at most (More in Destination)", "ctrl+o, Rows at most"),
    "max_change": _Place("Change at most (More in Destination)", "ctrl+o, Change at most"),
    "require_months": _Place("Every month (More in Destination)", "ctrl+o, Every month"),
    "engine": _Place("Engine"),
    "storage_integration": _Place("Writes by: integration"),
    "stage": _Place("Writes by: stage"),
    "unload_credentials": _Place("Writes by: own keys"),
}
_OF_COLUMNS: Final = ("date_column", "sum_columns", "key_columns", "drop_columns")
_SHOWN: Final = {
    ("key_columns", "none"): "no column",
    ("on_bad_date", "null"): "NULL month",
    ("undated", "keep"): "month NULL",
    ("split_by", "month"): "one a month",
}  # values that the app words otherwise


def in_app(text: str) -> str:
    """Spell out the remedies in `text` as labels of fields."""
    return spell_out(text, _make_speller(keys=False))


def in_dialog(text: str) -> str:
    """Spell out the remedies in `text` for a dialog with their fields: as bare labels."""
    return spell_out(text, _make_speller(keys=False, bare=True))


def in_columns(text: str) -> str:
    """Spell out the remedies in `text` for the pane Columns: as keys where there are any."""
    return spell_out(text, _make_speller(keys=True))


def _make_speller(*, keys: bool, bare: bool = False) -> Spell:
    """Return a function that names the field of several values once: `Engine: stream or unload`."""
    field = ""

    def spell(remedy: Remedy) -> str:
        nonlocal field
        text = _spell(remedy, keys=keys, bare=bare)
        before, (field, colon, value) = field, text.partition(": ")
        return value if colon and field == before else text

    return spell


def _spell(remedy: Remedy, *, keys: bool, bare: bool) -> str:
    place = PLACES.get(remedy.option)
    if place is None:  # the app takes it from the command line
        return f"a start with {as_option(remedy)}"
    label = place.label.partition(" (")[0] if bare else place.label
    where = place.key if keys and place.key else label
    if not isinstance(remedy.value, str):
        return where
    value = _SHOWN.get((remedy.option, remedy.value), remedy.value)
    if remedy.option not in _OF_COLUMNS:
        return f"{where}: {value}"
    return where.replace("a column", value) if "a column" in where else f"{where} for {value}"
