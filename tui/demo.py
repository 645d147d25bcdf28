"""`--demo`: the same run against an embedded warehouse and bucket; only this starts them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.facade import data_dir, lacks_write_way

INTEGRATION: Final = "SANDBOX_S3"  # the sandbox's own


@dataclass(frozen=True)
class Place:
    """Where a run goes.

    Attributes:
        options: the options of its request.
        files: the directory in which `s3://bucket/key` is the file `bucket/key`, if there is one.
    """

    options: Mapping[str, Any]
    files: Path | None = None


@contextmanager
def demo(options: Mapping[str, Any]) -> Iterator[Place]:
    """Start the sandbox, and stop it at the end; its bucket's files stay.

    Args:
        options: the options of a request; without a bucket, the sandbox's own is taken, and so is
            its storage integration where one is needed.

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
        }
        yield Place({**options, **own, **choose_access(options)}, directory / "bucket")


def choose_access(options: Mapping[str, Any]) -> dict[str, str]:
    """The option by which the demo's warehouse writes, where it is to and no way was given."""
    return {"storage_integration": INTEGRATION} if lacks_write_way(options) else {}
