"""The rules of S3 for the storage class, the tags and the metadata of an object.

Sources: docs.aws.amazon.com, "Categorizing your objects using tags" and "Working with object
metadata".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from core.remedy import Advice, Remedy, join_remedies

if TYPE_CHECKING:
    from core.request.request import Request

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
StorageClass = Literal[
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
]
ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # whose objects must be restored
MOST_TAGS: Final = 10
RESERVED: Final = "amplify-"  # how the names of a run's own metadata begin
_TAG: Final = re.compile(r"[\w\s+\-=.:/@]*")
_MOST_KEY, _MOST_VALUE = 128, 256  # characters of a tag
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")  # of a header of HTTP
_PRINTABLE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?|")  # without blanks at its ends
# S3 takes 2 KB of metadata; a run's own, with the name of its source, needs up to 1.2 KB.
_MOST_METADATA: Final = 800


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise `ValueError` if S3 would refuse the tags."""
    if len(tags) > MOST_TAGS:
        raise ValueError(f"an object has at most {MOST_TAGS} tags")
    for key, value in tags.items():
        if not 0 < len(key) <= _MOST_KEY or len(value) > _MOST_VALUE:
            raise ValueError(
                f"a tag's key has 1 to {_MOST_KEY} characters, its value at most {_MOST_VALUE}"
            )
        if not (_TAG.fullmatch(key) and _TAG.fullmatch(value)) or key.lower().startswith("aws:"):
            raise ValueError(
                "a tag has letters, digits, blanks and + - = . _ : / @, and its key does not begin "
                "with aws:"
            )


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raise `ValueError` if the metadata cannot be sent, or is a run's own."""
    for name, value in metadata.items():
        if not _NAME.fullmatch(name) or not _PRINTABLE.fullmatch(value):
            raise ValueError(
                "a name has letters, digits, dots, hyphens and underscores; a value printable ASCII"
            )
        if name.lower().startswith(RESERVED):
            raise ValueError(f"names that begin with {RESERVED} are those of a run itself")
    if sum(len(name) + len(value) for name, value in metadata.items()) > _MOST_METADATA:
        raise ValueError(f"names and values have more than {_MOST_METADATA} bytes together")


def check_object(request: Request) -> None:
    """Check that the options of the object and of its bucket fit together.

    Raises:
        ValueError: they do not; the message names them.
    """
    if request.kms_key_id and request.sse == "AES256":
        raise ValueError(
            Advice(Remedy("kms_key_id"), " needs ", Remedy("sse", "aws:kms"), ", not AES256")
        )
    if request.external_id and not request.role_arn:
        raise ValueError(Advice(Remedy("external_id"), " needs ", Remedy("role_arn")))
    reading = [Remedy(name) for name in ("verify", "manifest") if getattr(request, name)]
    if reading and request.storage_class in ARCHIVES:
        raise ValueError(
            Advice(
                f"an object in {request.storage_class} cannot be read back: leave out ",
                join_remedies(reading, "and"),
                ", or choose another ",
                Remedy("storage_class"),
            )
        )
