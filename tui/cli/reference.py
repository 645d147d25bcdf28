"""Generates the tables of options and exit codes in the documentation, in Markdown.

A test compares them with the documentation; with UPDATE_GOLDEN=1 it updates the documentation.
"""

from __future__ import annotations

from core.facade import Option
from tui.cli.help import EXIT_CODES
from tui.cli.options import SECTIONS, spell_options, usage


def options_table() -> str:
    """Return the table of all options by subject: meaning, default, examples."""
    lines = ["| option | meaning | default | example |", "|---|---|---|---|"]
    for subject, options in SECTIONS.items():
        lines.append(f"| **{subject.capitalize()}** | | | |")
        lines += [_row(name, option) for name, option in options.items()]
    return "\n".join(lines)


def exit_codes_table() -> str:
    """Return the table of all exit codes with their meanings."""
    lines = ["| exit code | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {text} |" for code, text in EXIT_CODES.items())])


def _row(name: str, option: Option) -> str:
    default = option.default_text
    if option.default is not None and default:
        default = f"`{default}`"  # a value; other defaults are descriptions
    examples = ", ".join(f"`{example}`" for example in option.examples)
    cells = [f"`{usage(name, option)}`", spell_options(option.help, quote="`"), default, examples]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
