"""`--check`: prints what a check of the account finds, as lines of text or as one line of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tui.cli.remedies import with_options
from tui.format import terminal
from tui.format.findings import PARTS, summarise

if TYPE_CHECKING:
    from core import CheckResult, Finding

_INDENT: Final = " " * 21


class Printer:
    """Formats findings as lines, with a heading for each part of the way."""

    def __init__(self) -> None:
        self._part = ""

    def as_text(self, finding: Finding) -> list[str]:
        """Return the lines of one finding; they are not escaped."""
        heading = [PARTS[finding.part]] if finding.part != self._part else []
        self._part = finding.part
        seconds = f"{finding.seconds:6.1f} s" if finding.seconds else ""
        status = finding.status.value if not finding.exit_code else finding.status.value.upper()
        detail = f": {with_options(finding.detail)}" if finding.detail else ""
        line = f"{status:<11} {seconds:>8} {finding.subject}{detail}"
        advice = [_INDENT + with_options(finding.advice)] if finding.advice else []
        return [*heading, line, *advice]


def end_as_text(result: CheckResult, record: str | None) -> list[str]:
    """Return the last lines: the counts, and where the answers were recorded."""
    recorded = f"The answers are recorded in {record}: no names, values or secrets."
    return ["", summarise(result), *([recorded] if record else [])]


def end_as_json(result: CheckResult) -> list[str]:
    """Return the whole result as one line of JSON."""
    findings: list[dict[str, Any]] = [
        {
            **finding.as_dict(),
            "detail": with_options(finding.detail),
            "advice": with_options(finding.advice),
        }
        for finding in result.findings
    ]
    return [
        terminal.json_text(
            {
                "ok": result.ok,
                "exit_code": result.exit_code,
                "seconds": round(result.seconds, 1),
                "findings": findings,
            }
        )
    ]
