"""`--demo`: the same run against an embedded warehouse and bucket; only this starts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from core.errors import UsageError
from core.paths import data_dir
from tui.console import Console


@contextmanager
def demo(options: Mapping[str, Any], console: Console) -> Iterator[dict[str, Any]]:
    """Start the sandbox, and stop it at the end.

    Args:
        options: the options of a request.
        console: told where the bucket is.

    Yields:
        The options with the sandbox's connection and bucket in place of real ones.

    Raises:
        UsageError: the extra `demo` is not installed.
    """
    try:
        from core.sandbox import Sandbox
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] in ("core", "tui"):
            raise
        raise UsageError(
            f"--demo needs the package {error.name}, which is not installed.",
            "Install the extra: pip install 'amplify-transfer[demo]'",
        ) from error
    directory = data_dir() / "demo"
    console.note("Starting the embedded warehouse and bucket")
    with Sandbox(data_dir=directory) as box:
        s3 = dict(box.s3)
        bucket = s3.pop("bucket")
        place = {
            "connection": box.snowflake,
            "bucket": options.get("bucket") or bucket,
            "endpoint_url": s3.pop("endpoint_url"),
            "s3_options": s3,
            "aws_profile": None,
        }
        yield {**options, **place}
    console.note(f"The bucket of the demo is kept in {directory}", directory=str(directory))
