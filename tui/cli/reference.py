"""The tables of the documentation: the options and the exit codes, in Markdown.

A test compares them with the file that holds them; with UPDATE_GOLDEN=1 it writes them there.
"""

from __future__ import annotations

from core.facade import Option
from tui.cli.help import EXIT_CODES
from tui.cli.options import SECTIONS, spell_options, usage


def options_table() -> str:
    """All options by subject: meaning, default, examples."""
    lines = ["| option | meaning | default | example |", "|---|---|---|---|"]
    for subject, options in SECTIONS.items():
        lines.append(f"| **{subject.capitalize()}** | | | |")
        lines += [_row(name, option) for name, option in options.items()]
    return "\n".join(lines)


def exit_codes_table() -> str:
    """All exit codes and what they mean."""
    lines = ["| exit code | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {text} |" for code, text in EXIT_CODES.items())])


def _row(name: str, option: Option) -> str:
    default = option.default_text
    if option.default is not None and default:
        default = f"`{default}`"  # a value, where the others are words
    examples = ", ".join(f"`{example}`" for example in option.examples)
    cells = [f"`{usage(name, option)}`", spell_options(option.help, quote="`"), default, examples]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
