"""Remedies as options of the command line."""

from __future__ import annotations

import shlex

from core import Remedy
from core.facade import spell_out


def as_option(remedy: Remedy) -> str:
    """Format a remedy as `--if-exists overwrite`; the value is quoted where a shell needs it."""
    name = f"--{remedy.option.replace('_', '-')}"
    if not isinstance(remedy.value, str):
        return name
    return f"{name} {shlex.quote(remedy.value)}"


def with_options(text: str) -> str:
    """Spell out the remedies in `text` as options."""
    return spell_out(text, as_option)
