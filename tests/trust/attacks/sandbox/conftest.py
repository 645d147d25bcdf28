"""The sandbox as `--demo` starts it, which nothing that these tests do may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox.launcher import Sandbox
from tests.trust.attacks.sandbox.raw_http import CONTENT, KEPT, admin


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def box(own_directories: Path, data: Path) -> Iterator[Sandbox]:
    """The sandbox as `--demo` starts it, with one object in its bucket."""
    with Sandbox(data) as made:
        admin(made).put_object(Bucket=made.s3["bucket"], Key=KEPT, Body=CONTENT)
        yield made


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The file that code which an attacker has had executed makes."""
    return tmp_path / "executed"


@pytest.fixture(autouse=True)
def unchanged(box: Sandbox, data: Path) -> Iterator[None]:
    """Whatever a test does, the buckets and the directory are afterwards as before."""
    before = state(box, data)
    yield
    assert state(box, data) == before


def state(box: Sandbox, data: Path) -> dict[str, Any]:
    client, bucket = admin(box), box.s3["bucket"]
    return {
        "buckets": [each["Name"] for each in client.list_buckets()["Buckets"]],
        "objects": client.list_objects_v2(Bucket=bucket).get("Contents"),
        "uploads": client.list_multipart_uploads(Bucket=bucket).get("Uploads"),
        "files": {
            str(path): path.read_bytes()
            for path in sorted((data / "bucket").rglob("*"))
            if path.is_file()
        },
    }
