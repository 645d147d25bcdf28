"""Deliveries to S3: destinations, uploads, and the check that what is stored is what was sent.

Importing this package does not import boto3, and its modules only as they are needed (PEP 562):
the name of a destination is parsed where nothing is delivered.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.bucket.bucket import Bucket
    from core.bucket.delivery import Delivery
    from core.bucket.destination import Destination, file_name

__all__ = ["Bucket", "Delivery", "Destination", "file_name"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "destination" if name == "file_name" else name.lower()
    return getattr(import_module(f"{__name__}.{home}"), name)
