"""Nothing outside the data directory is read or written, whatever a key or a name is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from core.errors import LocalResourceError
from core.sandbox.launcher import Sandbox
from tests.support.services.buckets import running_server
from tests.trust.attacks.sandbox.raw_http import (
    admin,
    s3_port,
    send,
    signed,
)

NOBODY = 65534  # the user that owns nothing


class TestDirectory:
    """Nothing outside the data directory is read or written, whatever a key or a name is."""

    @contextmanager
    def unharmed(self, outside: Path) -> Iterator[None]:
        (outside / "partner-inbox").mkdir(parents=True)
        (outside / "precious.txt").write_text("precious")
        before = {str(path) for path in outside.rglob("*")}
        yield
        assert {str(path) for path in outside.rglob("*")} == before
        assert (outside / "precious.txt").read_text() == "precious"

    @pytest.mark.parametrize(
        "name",
        ["..", "...", "..%2f..%2foutside", "%2e%2e", "a%2f..%2f..%2foutside", "%00abc", "A_b"],
    )
    def test_names_of_buckets(self, box: Sandbox, name: str) -> None:
        for method, target in (
            ("PUT", f"/{name}"),
            ("PUT", f"/{name}/k"),
            ("POST", f"/{name}?delete"),
        ):
            body = b"<Delete><Object><Key>k</Key></Object></Delete>" if method == "POST" else b""
            headers = signed(box.s3, method, target, body)
            answer = send(s3_port(box), method, target, headers, body)
            assert answer.status in (400, 403), answer

    def test_links_that_were_planted(self, tmp_path: Path) -> None:
        root, outside = tmp_path / "root", tmp_path / "outside"
        with self.unharmed(outside):
            (root / "partner-inbox").mkdir(parents=True)
            (root / "planted").symlink_to(outside)
            (root / "partner-inbox/link").symlink_to(outside)
            (root / "partner-inbox/file").symlink_to(outside / "precious.txt")
            with running_server(root) as s3:
                bucket = s3.pop("bucket")
                client: Any = boto3.client("s3", **s3)
                names = [each["Name"] for each in client.list_buckets()["Buckets"]]
                assert names == [bucket]
                assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
                client.create_bucket(Bucket="planted")
                for where, key in (
                    ("planted", "precious.txt"),
                    ("planted", "new"),
                    (bucket, "link/precious.txt"),
                    (bucket, "file"),
                    (bucket, "../../outside/precious.txt"),
                    (bucket, "/etc/new"),
                ):
                    client.put_object(Bucket=where, Key=key, Body=b"other")
                gone = {"Objects": [{"Key": "precious.txt"}, {"Key": "new"}]}
                client.delete_objects(Bucket="planted", Delete=gone)
                client.delete_object(Bucket=bucket, Key="file")

    def test_a_copy_comes_from_this_server_only(self, box: Sandbox) -> None:
        client = admin(box)
        for source in ("evil.example/partner-inbox/k", "//evil.example/k", "../../etc/passwd"):
            with pytest.raises(ClientError):
                client.copy_object(Bucket="partner-inbox", Key="copy", CopySource=source)

    @pytest.mark.parametrize(
        ("where", "owner", "mode", "why"),
        [
            ("data", NOBODY, 0o755, "belongs to"),
            ("data", 0, 0o777, "has the mode 0777"),
            ("data", 0, 0o775, "has the mode 0775"),
            ("data/bucket", NOBODY, 0o755, "belongs to"),
            ("data/warehouse", 0, 0o777, "has the mode 0777"),
        ],
    )
    def test_a_directory_that_others_can_change_is_refused(
        self, tmp_path: Path, where: str, owner: int, mode: int, why: str
    ) -> None:
        (tmp_path / where).mkdir(parents=True)
        (tmp_path / where).chmod(mode)
        os.chown(tmp_path / where, owner, NOBODY)
        with (
            pytest.raises(LocalResourceError, match=f"did not start: {tmp_path / where} {why}"),
            Sandbox(tmp_path / "data"),
        ):
            pass

    def test_a_link_that_was_planted_where_all_can_write_is_refused(self, shared: Path) -> None:
        """There the sandbox uses a directory that carries the user's id."""
        planted = shared / f"amplify-transfer-{os.geteuid()}"
        with self.unharmed(shared.parent / "outside"):
            planted.symlink_to(shared.parent / "outside")
            with (
                pytest.raises(LocalResourceError, match=f"did not start: {planted} is a link"),
                Sandbox(shared),
            ):
                pass
