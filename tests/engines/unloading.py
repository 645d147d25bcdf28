"""Transfers by engine `unload`, against the sandbox."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from core.events import Event
from core.outcome import Outcome
from core.request.request import Request
from core.transfer import run_transfer
from tests.support.deliveries import options, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

WAY = {"engine": "unload", "storage_integration": "SANDBOX_S3"}


def unloaded(box: Sandbox, table: str, **more: Any) -> dict[str, Any]:
    return transfer(box, table, **WAY, **more)


def outcome(box: Sandbox, table: str, events: list[Event] | None = None, **more: Any) -> Outcome:
    """Run an unload to a folder of its own."""
    request = asked(box, table, **more)
    return run_transfer(request, on_event=None if events is None else events.append)


def asked(box: Sandbox, table: str, **more: Any) -> Request:
    bucket = f"s3://{box.s3['bucket']}/{uuid.uuid4().hex}/"
    ways = {"storage_integration", "stage", "unload_credentials"} & more.keys()
    way = {"engine": "unload"} if ways else WAY
    return Request.of(**{"table": table, "bucket": bucket, **options(box), **way, **more})


def strange_to(box: Sandbox) -> dict[str, Any]:
    """The options of a machine without AWS credentials."""
    return {"s3_options": {"endpoint_url": box.s3["endpoint_url"], "region_name": "us-east-1"}}
