"""The access with which Snowflake writes: a storage integration, a stage, or this run's keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.bucket import Destination
from core.errors import UsageError
from core.planning.names import TableName, parse_table
from core.query.unload import Keys, Location, describe_stage
from core.remedy import Advice, Remedy
from core.request.request import Request
from core.warehouse.catalog import full_name
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import Cancel, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

CREDENTIALS_SHOWN = Advice(
    "This run's AWS credentials go to Snowflake, whose query history keeps them. "
    "An integration needs none: ",
    Remedy("storage_integration"),
    ".",
)
# The schemes of buckets in AWS's usual regions, in GovCloud and in China (docs.snowflake.com,
# "CREATE STAGE").
_SCHEMES = ("s3://", "s3gov://", "s3china://")
# The possessive quantifier keeps a quoted name together: else each "" could also end one name and
# begin another, and matching would take exponential time.
_STAGE = re.compile(r'@?((?:"(?:[^"]|"")++"|[^"/])+)(?:/(.*))?', re.DOTALL)


@dataclass(frozen=True)
class Access:
    """The access with which Snowflake writes below a destination.

    Attributes:
        destination: the bucket and the prefix.
        integration: a storage integration, in its stored case.
        stage: an external stage.
        stage_url: the URL of that stage, with the scheme `s3`; ends in `/`.
        keys: AWS keys.
        kms_key_id: the KMS key to encrypt with.
        sse: the encryption, `AES256` or `aws:kms`.
    """

    destination: Destination
    integration: str | None = None
    stage: TableName | None = None
    stage_url: str = ""
    keys: Keys | None = None
    kms_key_id: str | None = None
    sse: str | None = None

    def at(self, key: str) -> Location:
        """Return the location of an object, or of many if the key ends in `/`."""
        url = self.destination.url(key)
        stage = (self.stage, url.removeprefix(self.stage_url)) if self.stage else None
        return Location(url, stage, self.integration, self.keys, self.kms_key_id, self.sse)


def find_access(
    connection: SnowflakeConnection,
    request: Request,
    destination: Destination,
    keys: Callable[[], Keys],
    cancel: Cancel,
) -> Access:
    """Return the access that a request gives Snowflake.

    Args:
        connection: an open session.
        request: the request of the run.
        destination: the bucket and the prefix.
        keys: looks up this run's AWS keys; called only if the request sends them to Snowflake.
        cancel: stops the statement that describes the stage.

    Raises:
        UsageError: the stage does not contain the destination, or has no URL.
        TransferError: the stage cannot be described, or there are no keys to send.
    """
    if request.stage:
        name, url = _find_stage(connection, request.stage, destination, cancel)
        return Access(destination, stage=name, stage_url=url)
    kms_key_id, sse = request.kms_key_id, request.sse
    if request.unload_credentials:
        return Access(destination, keys=keys(), kms_key_id=kms_key_id, sse=sse)
    integration = _parse_integration(request.storage_integration)
    return Access(destination, integration, kms_key_id=kms_key_id, sse=sse)


def _parse_integration(text: str | None) -> str:
    parts = parse_table(text or "")
    if len(parts) != 1:
        raise UsageError(
            f"{text!r} is not the name of an integration.", "Such a name has one part."
        )
    return parts[0]


def _find_stage(
    connection: SnowflakeConnection, text: str, destination: Destination, cancel: Cancel
) -> tuple[TableName, str]:
    """Return the stage and its URL, which must be a parent of the destination."""
    reference, path = _split_stage(text)
    name = full_name(connection, parse_table(reference), cancel)
    url = _read_stage_url(connection, name, cancel)
    below = f"{url}{path.strip('/')}/" if path else url
    if not f"{destination.url().rstrip('/')}/".startswith(below):
        raise UsageError(
            f"{destination.url()} is not below stage {name}, which is at {below}.",
            Advice(
                "Name a stage above the destination: ",
                Remedy("stage"),
                "; or a destination below the stage: ",
                Remedy("bucket"),
                ".",
            ),
        )
    return name, url


def _split_stage(text: str) -> tuple[str, str]:
    match = _STAGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a stage.", "Write @DATABASE.SCHEMA.STAGE/path or STAGE.")
    return match[1], match[2] or ""


def _read_stage_url(connection: SnowflakeConnection, name: TableName, cancel: Cancel) -> str:
    rows = read_rows(run(connection, describe_stage(name), cancel), "property")
    value = next((row.get("property_value") for row in rows if row["property"] == "URL"), "")
    url = _parse_stage_url(value) if isinstance(value, str) else ""
    if not url.startswith(_SCHEMES):
        raise UsageError(f"Stage {name} is not in S3.", "Name an external stage of the bucket.")
    return f"s3://{url.partition('://')[2].rstrip('/')}/"


def _parse_stage_url(value: str) -> str:
    """Return the URL of a stage, which Snowflake reports as a JSON list of one URL."""
    try:
        (url,) = json.loads(value) if value.startswith("[") else [value]
    except (ValueError, RecursionError):  # not JSON, or not exactly one
        return ""
    return str(url)
