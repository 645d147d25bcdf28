"""Map the error texts of an unload to error classes, messages and hints.

They are distinguished by text because number 91003 stands for all failures of S3 and 2003 for all
missing objects; the numbers of the others are not documented.
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import DestinationError, DestinationExistsError, TemporaryError, UsageError
from core.remedy import Advice, Remedy
from core.runtime.aws.errors import CREDENTIALS, TEMPORARY
from core.warehouse.error_codes import AGAIN, Meaning

_STORE: Final = r"(?s)(stage area|remote file).*"
_INTEGRATION: Final = Advice(
    "Check ", Remedy("storage_integration"), ", and that the role has USAGE on it."
)
_STORE_KEYS: Final = "Check the integration's or the stage's AWS role, or the AWS credentials."


def _match_store(*words: str) -> str:
    """Return the pattern of a bucket failure whose text contains one of `words`."""
    return f"{_STORE}({'|'.join(words)})"


BY_TEXT: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (
            "already existing at the unload destination",
            Meaning(
                DestinationExistsError,
                "The destination already contains files.",
                Advice("Allow one to be replaced: ", Remedy("if_exists", "overwrite"), "."),
            ),
        ),
        (
            "not allowed by integration",
            Meaning(
                UsageError,
                "The storage integration does not allow the destination.",
                "Add it to the integration's STORAGE_ALLOWED_LOCATIONS, or name another one.",
            ),
        ),
        (
            r"\bIntegration '[^']*' does not exist",
            Meaning(
                UsageError,
                "The storage integration {name} does not exist, or the role may not use it.",
                _INTEGRATION,
            ),
        ),
        (
            r"\bIntegration '[^']*' is not enabled",
            Meaning(UsageError, "The storage integration {name} is disabled.", _INTEGRATION),
        ),
        (
            r"\bStage '[^']*' does not exist",
            Meaning(
                UsageError,
                "The stage {name} does not exist, or the role may not use it.",
                Advice("Check ", Remedy("stage"), ", and that the role has USAGE on it."),
            ),
        ),
        (
            r"PREVENT_UNLOAD_TO_INLINE_URL|unload.*\binline\b",
            Meaning(
                UsageError,
                "The account forbids unloading to a URL.",
                Advice("Name an external stage of the bucket: ", Remedy("stage"), "."),
            ),
        ),
        (
            "stages? with direct credentials.*forbidden",
            Meaning(
                UsageError,
                "The account forbids passing AWS credentials to Snowflake.",
                Advice(
                    "Name an integration: ",
                    Remedy("storage_integration"),
                    ", or an external stage of the bucket: ",
                    Remedy("stage"),
                    ".",
                ),
            ),
        ),
        (
            "max(imum)? file size.* exceeded",
            Meaning(
                UsageError,
                "The result does not fit into one file of the requested maximum size.",
                Advice(
                    "Set a smaller maximum size, so that several files are written: ",
                    Remedy("max_file_size"),
                    ".",
                ),
            ),
        ),
        (
            _match_store("NoSuchBucket", "bucket does not exist"),
            Meaning(
                DestinationError,
                "Snowflake reports that the bucket does not exist.",
                "Check the bucket's name and its region.",
            ),
        ),
        (
            _match_store("AccessKeyId", "Access Key Id", *CREDENTIALS),
            Meaning(
                DestinationError,
                "AWS refuses the credentials that Snowflake writes with.",
                _STORE_KEYS,
            ),
        ),
        (
            _match_store("Throttl", *sorted(TEMPORARY)),
            Meaning(TemporaryError, "The bucket temporarily refused what Snowflake wrote.", AGAIN),
        ),
        (
            _match_store("AccessDenied", "AllAccessDisabled", "access denied", "KMS"),
            Meaning(
                DestinationError,
                "Snowflake may not write to the bucket.",
                "It needs s3:PutObject, s3:GetObject, s3:ListBucket and s3:DeleteObject there; "
                "with a KMS key also kms:GenerateDataKey and kms:Decrypt.",
            ),
        ),
        (
            _STORE,
            Meaning(DestinationError, "Snowflake cannot write to the bucket.", _STORE_KEYS),
        ),
    )
)
# Error numbers for which the text is compared as well.
WORDED: Final = frozenset({1030, 2003, 3115, 3127, 91003, 100145})
