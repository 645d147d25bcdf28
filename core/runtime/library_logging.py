"""Keeps the libraries from logging what they must not: botocore's DEBUG lines hold session tokens.

A program that sets its root logger to DEBUG means its own lines. So the libraries' loggers then
stay at INFO, unless the program has set their levels itself.
"""

from __future__ import annotations

import logging
from typing import Final

_TALKATIVE: Final = ("boto3", "botocore", "s3transfer", "urllib3", "snowflake.connector")


def hush() -> None:
    """Raise the level of the loggers that would tell more than INFO by default."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET and logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
