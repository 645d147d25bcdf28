"""`--demo`: starts the embedded warehouse and bucket, on which the same code runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.facade import data_dir, lacks_write_way

INTEGRATION: Final = "SANDBOX_S3"  # the storage integration of the sandbox


@dataclass(frozen=True)
class Place:
    """The services that a run uses.

    Attributes:
        options: the options of its request.
        files: the directory in which `s3://bucket/key` is the file `bucket/key`; None for AWS.
    """

    options: Mapping[str, Any]
    files: Path | None = None


@contextmanager
def demo(options: Mapping[str, Any]) -> Iterator[Place]:
    """Start the sandbox, and stop it at the end; the files of its bucket are kept.

    Args:
        options: the options of a request. A missing bucket becomes the sandbox's, and a missing
            way to write its storage integration where the engine needs one.

    Yields:
        The options with the sandbox's connection and bucket in place of real ones.

    Raises:
        UsageError: the extra `demo` is not installed.
        LocalResourceError: a server did not start.
    """
    from core.sandbox.launcher import Sandbox

    directory = data_dir() / "demo"
    with Sandbox(bucket_dir=directory, stderr=subprocess.DEVNULL) as box:
        s3 = dict(box.s3)
        bucket = s3.pop("bucket")
        own = {
            "connection": box.snowflake,
            "bucket": options.get("bucket") or bucket,
            "endpoint_url": s3.pop("endpoint_url"),
            "s3_options": s3,
            "aws_profile": None,
            "region": None,
            "role_arn": None,
            "external_id": None,
        }
        yield Place({**options, **own, **choose_access(options)}, directory / "bucket")


def choose_access(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the option by which the demo's warehouse writes to the bucket.

    It is empty where the engine does not need one, or `options` hold one.
    """
    return {"storage_integration": INTEGRATION} if lacks_write_way(options) else {}
