"""A bucket for one run of `--batch`, and the environment that leads to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.support.programs.batch_runs import place

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture
def bucket(sandbox: Sandbox) -> Iterator[Any]:
    """A bucket of the test's own."""
    options = {key: value for key, value in sandbox.s3.items() if key != "bucket"}
    s3 = boto3.resource("s3", **options)
    own = s3.Bucket(f"batch-{os.urandom(6).hex()}")
    own.create()
    yield own
    own.objects.delete()
    own.delete()


@pytest.fixture
def env(sandbox: Sandbox, bucket: Any, tmp_path: Path) -> dict[str, str]:
    return {**place(sandbox, bucket.name), "AMPLIFY_SPILL_DIR": str(tmp_path / "spill")}


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment that knows no warehouse and no bucket."""
    return {"HOME": str(tmp_path), "AMPLIFY_DATA_DIR": str(tmp_path / "data")}
