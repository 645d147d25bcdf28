"""`--man`: prints the manual page, in the macros of man(7), from the options and exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from core.facade import Option
from tui.cli.help import EXAMPLES, EXIT_CODES, VARIABLES
from tui.cli.options import OWN, SECTIONS, spell_options, usage, variable

_NAME: Final = "amplify-transfer"
_SUMMARY: Final = "move a Snowflake table to an S3 bucket, aggregated by month"
_ABOUT: Final = (
    "Without options the program opens its app. With --batch it reads one table or view, removes "
    "its blank rows, truncates the date column to its month, sums the numeric columns of each "
    "group, and delivers one verified file; it prints the name of the file, the number of its rows "
    "and the time as one line of JSON on standard output, and all else on standard error.",
    f"{VARIABLES} An option of the command line wins over its variable.",
)
_FILES: Final = {
    "~/.config/amplify-transfer/amplify.toml": "The destinations with names (AMPLIFY_CONFIG_DIR).",
    "~/.snowflake/connections.toml": "The connections to Snowflake (SNOWFLAKE_HOME).",
    "~/.local/state/amplify-transfer/history.db": "The history (AMPLIFY_STATE_DIR).",
}
_WITHOUT_VARIABLE: Final = ("version", "completion", "man")


def page() -> Iterator[str]:
    """Yield the lines of the page."""
    yield f'.TH {_NAME.upper()} 1 "" "{_NAME} {version(_NAME)}" "User Commands"'
    yield from (".SH NAME", rf"{_roff(_NAME)} \- {_SUMMARY}")
    yield from (".SH SYNOPSIS", rf"\fB{_roff(_NAME)}\fR [\fIOPTION\fR]...")
    yield from (".SH DESCRIPTION", _roff(_ABOUT[0]), ".PP", _roff(_ABOUT[1]))
    yield ".SH OPTIONS"
    for subject, options in SECTIONS.items():
        yield f".SS {subject.capitalize()}"
        for name, option in options.items():
            yield from _describe(name, option)
        if options is OWN:
            yield from (".TP", r"\fB\-h\fR, \fB\-\-help\fR", "Print the options and exit.")
    yield ".SH EXIT STATUS"
    for code, text in EXIT_CODES.items():
        yield from (".TP", rf"\fB{code}\fR", _roff(text))
    yield ".SH FILES"
    for path, text in _FILES.items():
        yield from (".TP", rf"\fI{_roff(path)}\fR", _roff(text))
    yield ".SH EXAMPLES"
    for purpose, command in EXAMPLES.items():
        yield from (".PP", _roff(purpose), ".PP", ".nf", ".RS")
        yield from map(_roff, command.splitlines())
        yield from (".RE", ".fi")


def _describe(name: str, option: Option) -> Iterator[str]:
    head, _, form = usage(name, option).partition(" ")
    if head.endswith(","):  # another name of the option follows
        also, _, form = form.partition(" ")
        head = f"{head} {also}"
    yield ".TP"
    yield rf"\fB{_roff(head)}\fR" + (rf" \fI{_roff(form)}\fR" if form else "")
    yield _roff(spell_options(option.help))
    if option.default_text:
        yield _roff(f"Default: {spell_options(option.default_text)}.")
    if option.examples:
        yield _roff(f"For example: {'  '.join(option.examples)}")
    if name not in _WITHOUT_VARIABLE:
        yield _roff(f"Variable: {variable(name)}.")


def _roff(text: str) -> str:
    r"""Return a text as one line of roff: `\`, `-` and what would be a request are escaped.

    A plain `-` is a hyphen, which cannot be copied into a command line (man(7)).
    """
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    escaped = re.sub(r"['^~`]", lambda match: _GLYPHS[match[0]], escaped)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


_GLYPHS: Final = {"'": r"\(aq", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga"}
