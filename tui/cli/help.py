"""`--help`: prints the options by subject, examples, and the exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import click

from core.facade import Option
from tui.cli.options import OWN, SECTIONS, spell_options, usage

_OPTION_CELLS: Final = 26  # width of the column of options; a longer option gets a separate line
_CODE_CELLS: Final = 13

EXAMPLES: Final[Mapping[str, str]] = {
    "Open the app:": "amplify-transfer",
    "Show what would be delivered from a sample table, and by what SQL:": (
        "amplify-transfer --dry-run --demo --table ORDERS_100K"
    ),
    "Deliver a table, with the totals of one column per month:": (
        "amplify-transfer --batch --connection prod \\\n"
        "    --table SALES.PUBLIC.ORDERS --bucket s3://partner-inbox/from-us/ \\\n"
        "    --sum-columns AMOUNT --key-columns none --format csv"
    ),
}
"""Commands for a POSIX shell, by what they do."""

EXIT_CODES: Final[Mapping[str, str]] = {
    "0": "Success: the file is delivered.",
    "1": "An unexpected error. Please report it.",
    "2": "An option, a name or the configuration is invalid.",
    "3": "Snowflake refuses the sign-in, AWS refuses a secret for it, or the role lacks a "
    "privilege.",
    "4": "The table does not exist or is not visible, or its columns or values do not allow the "
    "transfer.",
    "5": "A temporary failure. Run it again.",
    "6": "The bucket does not exist, or refuses the request.",
    "7": "The object exists already.",
    "8": "Row counts, totals or checksums differ.",
    "9": "This machine lacks disk space, memory or a directory that can be written.",
    "10": "The rows or months to deliver are not as an option demands.",
    "129, 130, 143": "Stopped by a closed terminal (SIGHUP), Ctrl-C or SIGTERM.",
}

VARIABLES: Final = (
    "Every option but --help, --version, --completion and --man is also an environment variable: "
    "AMPLIFY_ and its name, such as AMPLIFY_DATE_COLUMN."
)


class Command(click.Command):
    """A command whose help lists the options by subject, examples, and exit codes."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        for subject, options in SECTIONS.items():
            rows = [(usage(name, option), _text(option)) for name, option in options.items()]
            if options is OWN:
                rows.append(("-h, --help", "Print this text and exit."))
            _write_section(formatter, subject.capitalize(), rows, _OPTION_CELLS)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the variables, the examples and the exit codes."""
        formatter.write_paragraph()
        formatter.write_text(VARIABLES)
        with formatter.section("Examples"):
            for purpose, command in EXAMPLES.items():
                formatter.write_text(purpose)
                for line in command.splitlines():  # not wrapped, so that it can be copied
                    formatter.write(f"    {line}\n")
        _write_section(formatter, "Exit codes", list(EXIT_CODES.items()), _CODE_CELLS)


def _write_section(
    formatter: click.HelpFormatter, title: str, rows: list[tuple[str, str]], cells: int
) -> None:
    with formatter.section(title):
        formatter.write_dl([(f"{term:{cells}}", text) for term, text in rows], col_max=cells)


def _text(option: Option) -> str:
    notes = [
        f"{label}: {text}"
        for label, text in (
            ("default", spell_options(option.default_text)),
            ("examples" if len(option.examples) > 1 else "example", "  ".join(option.examples)),
        )
        if text
    ]
    return spell_options(option.help) + (f" [{'; '.join(notes)}]" if notes else "")
