"""`--destinations`: formats the configured destinations as lines of text or as one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.format import terminal

if TYPE_CHECKING:
    from core.facade import NamedDestination


def as_text(destinations: Mapping[str, NamedDestination]) -> list[str]:
    """Return a line for each destination with its URL, and one with its options, if it has some."""
    if not destinations:
        return ["No destination is configured: see amplify.toml in the README."]
    width = max(map(len, destinations))
    lines: list[str] = []
    for name, each in destinations.items():
        lines.append(f"{name:{width}}  {each.url}")
        if each.options:
            lines.append(f"{'':{width}}  {_spell_options(each.options)}")
    return lines


def as_json(destinations: Mapping[str, NamedDestination]) -> list[str]:
    """Return the same as one line of JSON."""
    found: list[dict[str, Any]] = [
        {"name": each.name, "url": each.url, "options": dict(each.options)}
        for each in destinations.values()
    ]
    return [terminal.json_text({"destinations": found})]


def _spell_options(options: Mapping[str, Any]) -> str:
    """Return options as they stand in the file, as in `format = csv  gzip = true`."""
    texts = []
    for name, value in options.items():
        pairs = value if isinstance(value, Mapping) else {}
        text = ",".join(f"{key}={each}" for key, each in pairs.items()) or str(value)
        texts.append(f"{name} = {text.lower() if isinstance(value, bool) else text}")
    return "  ".join(texts)
