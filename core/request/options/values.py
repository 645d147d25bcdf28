"""The types of the values that options have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

ColumnNames = Sequence[str] | str
EngineName = Literal["auto", "stream", "pushdown", "unload"]
FileFormat = Literal["parquet", "json", "ndjson", "csv", "xlsx"]
IfExists = Literal["fail", "overwrite", "skip"]
OnBadDate = Literal["fail", "null"]
Acl = Literal["bucket-owner-full-control"]
Encryption = Literal["AES256", "aws:kms", "aws:kms:dsse"]
Checksums = Literal["supported", "required-only"]
Pairs = Mapping[str, str] | str
SplitBy = Literal["month"]
Undated = Literal["drop", "keep"]
Targets = Sequence[str] | str
NotifyOn = Literal["always", "success", "failure", "check_failed"]
TimestampUnit = Literal["us", "ns"]
LargeNumbers = Literal["number", "text"]
TEXT: Final = str | None
