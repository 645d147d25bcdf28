"""The functions that the sandbox implements; importing the package registers them."""

from core.sandbox.warehouse.translate.functions import (
    aggregates,
    conditional,
    context,
    numeric,
    semistructured,
    temporal,
    textual,
)

__all__ = [
    "aggregates",
    "conditional",
    "context",
    "numeric",
    "semistructured",
    "temporal",
    "textual",
]
