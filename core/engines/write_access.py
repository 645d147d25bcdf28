"""By what right Snowflake writes to the destination: an integration, a stage, or our keys."""

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
from core.warehouse.read_result import read_rows
from core.warehouse.statement import Cancel, run

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

CREDENTIALS_SHOWN = Advice(
    "This run's AWS credentials go to Snowflake, whose query history keeps them. "
    "An integration needs none: ",
    Remedy("storage_integration"),
    ".",
)
# What is quoted is taken whole: else each "" could also be the end of one name and begin another's.
_STAGE = re.compile(r'@?((?:"(?:[^"]|"")++"|[^"/])+)(?:/(.*))?', re.DOTALL)


@dataclass(frozen=True)
class Access:
    """The right to write below a destination.

    Attributes:
        destination: the bucket and the prefix.
        integration: a storage integration, in its stored case.
        stage: an external stage.
        stage_url: where that stage is, with a `/` at its end.
        keys: AWS keys.
        kms_key_id: the KMS key to encrypt with.
    """

    destination: Destination
    integration: str | None = None
    stage: TableName | None = None
    stage_url: str = ""
    keys: Keys | None = None
    kms_key_id: str | None = None

    def at(self, key: str) -> Location:
        """The location of an object, or of many if the key ends in `/`."""
        url = self.destination.url(key)
        stage = (self.stage, url.removeprefix(self.stage_url)) if self.stage else None
        return Location(url, stage, self.integration, self.keys, self.kms_key_id)


def access_of(
    connection: SnowflakeConnection,
    request: Request,
    destination: Destination,
    keys: Callable[[], Keys],
    cancel: Cancel,
) -> Access:
    """The access that a request gives Snowflake.

    Args:
        connection: an open session.
        request: what was asked for.
        destination: the bucket and the prefix.
        keys: looks up this run's AWS keys; called where they are to be handed over.
        cancel: stops the look at the stage.

    Raises:
        UsageError: the stage is not above the destination, or has no URL.
        TransferError: the stage cannot be described, or there are no keys to hand over.
    """
    if request.stage:
        name, url = _stage(connection, request.stage, destination, cancel)
        return Access(destination, stage=name, stage_url=url)
    if request.unload_credentials:
        return Access(destination, keys=keys(), kms_key_id=request.kms_key_id)
    integration = _integration(request.storage_integration)
    return Access(destination, integration, kms_key_id=request.kms_key_id)


def _integration(text: str | None) -> str:
    parts = parse_table(text or "")
    if len(parts) != 1:
        raise UsageError(f"{text!r} is not the name of an integration.", "It has one part.")
    return parts[0]


def _stage(
    connection: SnowflakeConnection, text: str, destination: Destination, cancel: Cancel
) -> tuple[TableName, str]:
    """The stage, and its URL, which the destination must lie below."""
    reference, path = _parts(text)
    name = full_name(connection, parse_table(reference), cancel)
    url = _url(connection, name, cancel)
    below = f"{url}{path.strip('/')}/" if path else url
    if not f"{destination.url().rstrip('/')}/".startswith(below):
        raise UsageError(
            f"{destination.url()} does not lie below stage {name}, which is at {below}.",
            Advice(
                "Name a stage above the destination: ",
                Remedy("stage"),
                "; or a destination below the stage: ",
                Remedy("bucket"),
                ".",
            ),
        )
    return name, url


def _parts(text: str) -> tuple[str, str]:
    match = _STAGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a stage.", "Write @DATABASE.SCHEMA.STAGE/path or STAGE.")
    return match[1], match[2] or ""


def _url(connection: SnowflakeConnection, name: TableName, cancel: Cancel) -> str:
    rows = read_rows(run(connection, describe_stage(name), cancel), "property")
    value = next((row.get("property_value") for row in rows if row["property"] == "URL"), "")
    url = _listed(value) if isinstance(value, str) else ""
    if not url.startswith("s3://"):
        raise UsageError(f"Stage {name} is not in S3.", "Name an external stage of the bucket.")
    return url.rstrip("/") + "/"


def _listed(value: str) -> str:
    """The URL of a stage: Snowflake tells it as a JSON list of one."""
    try:
        (url,) = json.loads(value) if value.startswith("[") else [value]
    except (ValueError, RecursionError):  # no JSON, or not one
        return ""
    return str(url)
