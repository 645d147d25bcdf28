"""Remedies as options of the command line."""

from __future__ import annotations

import shlex

from core import Remedy
from core.facade import spell_out


def as_option(remedy: Remedy) -> str:
    """`--if-exists overwrite`; a value is quoted where a shell needs it."""
    name = f"--{remedy.option.replace('_', '-')}"
    if not isinstance(remedy.value, str):
        return name
    return f"{name} {shlex.quote(remedy.value)}"


def with_options(text: str) -> str:
    """`text` with its remedies as options."""
    return spell_out(text, as_option)
