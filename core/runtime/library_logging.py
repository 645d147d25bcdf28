"""Prevent libraries from logging secrets: botocore's DEBUG lines contain session tokens, those
of urllib3 and Apprise the paths of webhooks.

If a program sets its root logger to DEBUG, the libraries' loggers stay at INFO, unless the program
has set their levels explicitly.
"""

from __future__ import annotations

import logging
from typing import Final

_TALKATIVE: Final = (
    *("apprise", "boto3", "botocore", "s3transfer", "urllib3"),
    "snowflake.connector",
)


def hush() -> None:
    """Set the libraries' loggers to INFO, if they have no level and inherit a lower one."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET and logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
