"""The colours of the app: ice for what comes from Snowflake, ember for what goes to the bucket.

Tables, keys, and the focus have the colour of ice; the month, the destination, and what sends have
that of embers. Sums are green, and everything else is grey, so that a colour always has a meaning.
No meaning is in a colour alone: roles have signs, and states have words.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

_SHARED: Final = {
    "block-cursor-text-style": "none",
    "button-focus-text-style": "bold",
}

DARK: Final = Theme(
    name="amplify-dark",
    dark=True,
    primary="#62c4ee",
    secondary="#3d7fa8",
    accent="#ff9d5c",
    success="#6fdca4",
    warning="#f4cf62",
    error="#ff6b7f",
    foreground="#dfe5ec",
    background="#0f141a",
    surface="#161d26",
    panel="#1f2933",
    variables={
        **_SHARED,
        "text-muted": "#93a1b0",
        "foreground-muted": "#93a1b0",
        "text-primary": "#82d2f5",
        "text-accent": "#ffb27e",
        "text-success": "#86e5b4",
        "text-warning": "#f6d983",
        "text-error": "#ff8c9b",
        "primary-muted": "#17384c",
        "accent-muted": "#56371f",
        "success-muted": "#1d4a38",
        "border": "#62c4ee",
        "input-selection-background": "#17384c",
        "footer-key-foreground": "#ffb27e",
        "footer-background": "#161d26",
        "block-cursor-background": "#17384c",
        "block-cursor-foreground": "#dfe5ec",
        "block-cursor-blurred-background": "#1f2933",
    },
)

LIGHT: Final = Theme(
    name="amplify-light",
    dark=False,
    primary="#0a6f9e",
    secondary="#4f8fb0",
    accent="#b4490a",
    success="#0d7a4d",
    warning="#8a6200",
    error="#b3243a",
    foreground="#1d2733",
    background="#eef1f4",
    surface="#fbfcfd",
    panel="#e0e6ec",
    variables={
        **_SHARED,
        "text-muted": "#556372",
        "foreground-muted": "#556372",
        "text-primary": "#08597f",
        "text-accent": "#933a06",
        "text-success": "#0a623d",
        "text-warning": "#6d4d00",
        "text-error": "#981d31",
        "primary-muted": "#cbe4f1",
        "accent-muted": "#fbdcc5",
        "success-muted": "#c8ebda",
        "border": "#0a6f9e",
        "input-selection-background": "#cbe4f1",
        "footer-key-foreground": "#933a06",
        "footer-background": "#e0e6ec",
        "block-cursor-background": "#cbe4f1",
        "block-cursor-foreground": "#1d2733",
        "block-cursor-blurred-background": "#dce4eb",
    },
)

THEMES: Final = (DARK, LIGHT)
