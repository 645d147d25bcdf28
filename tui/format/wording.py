"""What core says of options, in the words of the app.

Core names an option as the command line does, `--date-format`, or as a keyword of the library; the
app has a key for it, or a field.
"""

from __future__ import annotations

import re
from typing import Final

# The longer ones first: whole sentences read better than an option replaced in them.
_WORDS: Final = (
    ("--drop-identifiers leaves them out", "i leaves them out (u takes that back)"),
    ("--date-column chooses", "m on another column chooses it"),
    ("Leave the column out with --drop-columns", "Leave the column out with d"),
    ("Leave it out with --drop-columns", "Leave the column out with d"),
    (
        "Give another --date-format, or --on-bad-date null to put them in the NULL month",
        "Give another format of the dates with f, or have them put in the NULL month there",
    ),
    ('Allow it to be replaced: if_exists="overwrite"', "Allow it to be replaced: If exists"),
    ('Allow it: if_exists="overwrite"', "Allow it to be replaced: If exists"),
    ("Say which with date_format=", "Say which with f: "),
    ("Say what they count with date_format=", "Say what they count with f: "),
    (
        "It needs --storage-integration, --stage or --unload-credentials",
        "It needs a way to write: see Writes by",
    ),
    ("--storage-integration", "an integration"),
    ("--stage", "a stage"),
    ("--unload-credentials", "own keys"),
    ("--engine", "engine"),
    ("--format", "Format"),
    ("--warehouse", "another connection (F2)"),
    ("--role", "another connection (F2)"),
    ("--connection", "F2"),
    ("--date-column", "m on the column"),
    ("--date-format", "f"),
    ("--sum-columns", "s on the column"),
    ("--key-columns", "k on the column"),
    ("--drop-columns", "d on the column"),
    ("--drop-identifiers", "i"),
    ("--file-name", "Name"),
    ("--if-exists", "If exists"),
    ("--bucket", "To"),
    ("--stream-limit", "the limit of"),
)
_OPTION: Final = re.compile(
    "|".join(
        rf"(?<![\w-]){re.escape(said)}(?![\w-])"
        if said[-1] != "=" and said[-1] != '"'
        else re.escape(said)
        for said, _ in _WORDS
    )
)
_BY_OPTION: Final = dict(_WORDS)


def in_app(text: str) -> str:
    """`text` with the app's keys and fields in place of options; others stay as they are."""
    return _OPTION.sub(lambda found: _BY_OPTION[found[0]], text)
