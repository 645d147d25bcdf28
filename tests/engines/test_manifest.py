"""Manifests: what they say of a delivery, and what happens if one cannot be written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import (
    CheckFailedError,
    DestinationError,
    DestinationExistsError,
    IntegrityError,
    Outcome,
    Request,
    Skipped,
    UsageError,
    Warned,
    plan_transfer,
    run_transfer,
)
from core.bucket import Bucket, Delivery, Destination
from core.bucket.objects import remove_delivered
from core.records.manifest import WrittenManifest
from core.remedy import Remedy, remedies
from core.runtime.cancel import NEVER
from tests.support.deliveries import options
from tests.support.services.buckets import Inbox
from tui.cli import dry_run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

UNLOAD: dict[str, Any] = {"engine": "unload", "unload_credentials": True}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of its own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))


def asked(box: Sandbox, inbox: Inbox, table: str, **more: Any) -> Request:
    given = {"table": table, "bucket": f"s3://{inbox.name}/in/", "manifest": True, **more}
    return Request.of(**options(box, **given))


def deliver(box: Sandbox, inbox: Inbox, table: str, **more: Any) -> Outcome:
    found = run_transfer(asked(box, inbox, table, **more))
    assert isinstance(found, Outcome)
    return found


def read(inbox: Inbox, key: str) -> dict[str, Any]:
    return dict(json.loads(inbox.read(key)))


def deny(inbox: Inbox, *actions: str, of: str = "*") -> None:
    """Forbid actions in the bucket to everyone."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": f"arn:aws:s3:::{inbox.name}/{of}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inbox.client.put_bucket_policy(Bucket=inbox.name, Policy=policy)


@pytest.mark.parametrize("way", [{"engine": "stream", "format": "csv", "gzip": True}, UNLOAD])
def test_it_describes_the_delivery(
    sandbox: Sandbox, theirs: Inbox, plain: str, way: dict[str, Any]
) -> None:
    found = deliver(sandbox, theirs, plain, since="2024-01", until="2024-01", verify=True, **way)
    key = f"{found.file_name}.manifest.json"
    assert theirs.keys() == [found.file_name, key]
    made = read(theirs, key)
    data = theirs.read(found.file_name)
    assert made["file_name"] == found.file_name
    assert made["row_count"] == found.row_count
    assert made["source"] == str(found.plan.source.name)
    assert made["window"] == {"since": "2024-01", "until": "2024-01", "undated": "drop"}
    assert (made["format"], made["gzip"]) == (way.get("format", "parquet"), "gzip" in way)
    assert made["columns"] == [column.as_dict() for column in found.schema]
    (file,) = made["files"]
    etag = found.objects[0].etag or None
    assert file == {
        "key": found.file_name, "row_count": found.row_count, "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(), "etag": etag,
    }  # fmt: skip


@pytest.mark.adversity
def test_it_lists_the_parts_that_snowflake_wrote(
    sandbox: Sandbox, theirs: Inbox, orders: str
) -> None:
    found = deliver(sandbox, theirs, orders, **UNLOAD, max_file_size="1MB")
    assert len(found.objects) > 1
    assert found.manifest is not None
    files = read(theirs, found.manifest.key)["files"]
    assert sum(file["row_count"] for file in files) == found.row_count
    for file in files:
        data = theirs.read(file["key"])
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert theirs.keys() == sorted([*(file["key"] for file in files), found.manifest.key])


def test_an_existing_manifest_ends_the_run_before_the_read(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    theirs.client.put_object(Bucket=theirs.name, Key="in/x.parquet.manifest.json", Body=b"{}")
    with pytest.raises(DestinationExistsError, match=r"x\.parquet\.manifest\.json exists"):
        deliver(sandbox, theirs, plain, file_name="x.{ext}")
    assert theirs.keys() == ["in/x.parquet.manifest.json"]
    deliver(sandbox, theirs, plain, file_name="x.{ext}", if_exists="overwrite")
    assert read(theirs, "in/x.parquet.manifest.json")["version"] == 1


def test_a_former_manifest_does_not_describe_new_files(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    again = {"file_name": "x.{ext}", "success_file": True, "if_exists": "overwrite"}
    names = ["in/_SUCCESS", "in/x.parquet", "in/x.parquet.manifest.json"]
    deliver(sandbox, theirs, plain, **again)
    before = theirs.read(names[1])
    with pytest.raises(CheckFailedError):  # nothing is removed before the rows are checked
        deliver(sandbox, theirs, plain, **again, min_rows=1000)
    assert theirs.keys() == names
    deny(theirs, "s3:PutObject", of="*.parquet")
    with pytest.raises(DestinationError) as caught:
        deliver(sandbox, theirs, plain, **again)
    assert (
        f"s3://{theirs.name}/{names[2]} and s3://{theirs.name}/{names[0]} was" in caught.value.hint
    )
    assert "of the earlier delivery were to be replaced" in caught.value.hint
    assert theirs.keys() == names[1:2]
    assert theirs.read(names[1]) == before


def test_a_manifest_that_may_not_be_removed_is_a_warning(
    sandbox: Sandbox, inbox: Inbox, plain: str
) -> None:
    again = {"file_name": "x.{ext}", "if_exists": "overwrite"}
    deliver(sandbox, inbox, plain, **again, s3_options=inbox.options)
    key = "in/x.parquet.manifest.json"
    before = read(inbox, key)
    user = inbox.user("s3:PutObject", "s3:GetObject", "s3:ListBucket")
    events: list[Any] = []
    run_transfer(asked(sandbox, inbox, plain, **again, s3_options=user), on_event=events.append)
    assert (
        f"s3://{inbox.name}/{key} may not be removed (s3:DeleteObject): until the delivery is"
        " complete, it describes the files of the earlier one."
    ) in [str(each.message) for each in events if isinstance(each, Warned)]
    assert read(inbox, key)["run_id"] != before["run_id"]


@pytest.mark.parametrize(
    ("way", "keys"),
    [
        ({"engine": "stream", "manifest": False}, ["in/a/_SUCCESS", "in/a/x.parquet"]),
        (
            {"engine": "pushdown", "split_by": "month", "file_name": "a/{month}.{ext}"},
            [
                "in/a/2024-01.parquet",
                "in/a/2024-02.parquet",
                "in/a/_SUCCESS",
                "in/a/_{table}.manifest.json",
                "in/a/undated.parquet",
            ],
        ),
        (
            {**UNLOAD, "manifest": True},
            ["in/a/_SUCCESS", "in/a/x.parquet", "in/a/x.parquet.manifest.json"],
        ),
    ],
)
def test_an_empty_object_marks_the_delivery(
    sandbox: Sandbox, theirs: Inbox, plain: str, way: dict[str, Any], keys: list[str]
) -> None:
    given = {"file_name": "a/x.{ext}", "success_file": True, **way}
    preview = plan_transfer(asked(sandbox, theirs, plain, **given))
    url = f"s3://{theirs.name}/in/a/_SUCCESS"
    assert f"Marked by    {url}" in dry_run.as_text(preview)
    assert dry_run.as_data(preview)["success_file"] == url
    deliver(sandbox, theirs, plain, **given)
    assert theirs.keys() == sorted(each.replace("{table}", plain) for each in keys)
    assert theirs.read("in/a/_SUCCESS") == b""
    with pytest.raises(DestinationExistsError):
        deliver(sandbox, theirs, plain, **given)


def test_a_delivery_without_its_mark_is_not_skipped(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    given = {"file_name": "a/x.{ext}", "success_file": True, "manifest": False}
    again = asked(sandbox, theirs, plain, **given, if_exists="skip")
    deliver(sandbox, theirs, plain, **given)
    assert isinstance(run_transfer(again), Skipped)
    theirs.client.delete_object(Bucket=theirs.name, Key="in/a/_SUCCESS")
    with pytest.raises(DestinationExistsError, match=r"in/a/x\.parquet exists already, without"):
        run_transfer(again)


@pytest.mark.adversity
@pytest.mark.parametrize("way", [{"engine": "stream"}, UNLOAD])
def test_without_its_manifest_a_delivery_is_removed(
    sandbox: Sandbox, theirs: Inbox, plain: str, way: dict[str, Any]
) -> None:
    deny(theirs, "s3:PutObject", of="*.manifest.json")
    with pytest.raises(DestinationError, match="may not write") as caught:
        deliver(sandbox, theirs, plain, **way)
    assert caught.value.delivered is False
    assert theirs.keys() == []


def test_whether_objects_were_removed_is_known(inbox: Inbox) -> None:
    inbox.client.put_object(Bucket=inbox.name, Key="in/x", Body=b"12")
    for user, left in ((inbox.user("s3:PutObject"), True), (inbox.options, False)):
        with Bucket(Destination(inbox.name), client_options=user) as bucket:
            assert remove_delivered(bucket, ["in/x"], hurried=False) is not left
        assert bool(inbox.keys()) is left


def test_by_its_manifest_a_delivery_of_snowflake_is_skipped(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    again = {"if_exists": "skip", "file_name": "{table}.{ext}", **UNLOAD}
    with pytest.raises(UsageError, match="Snowflake writes no metadata") as caught:
        deliver(sandbox, theirs, plain, **{**again, "manifest": False})
    assert remedies(caught.value.hint) == (Remedy("manifest", True),)
    first = deliver(sandbox, theirs, plain, **again)
    found = run_transfer(asked(sandbox, theirs, plain, **again))
    assert isinstance(found, Skipped)
    assert (found.file_name, found.row_count) == (first.file_name, first.row_count)
    assert (found.url, found.size) == (first.url, first.size)
    assert first.manifest is not None
    theirs.client.delete_object(Bucket=theirs.name, Key=first.manifest.key)
    with pytest.raises(DestinationExistsError, match="without a manifest that can be read"):
        run_transfer(asked(sandbox, theirs, plain, **again))


def test_the_last_delivery_is_known_by_its_manifest(
    sandbox: Sandbox, theirs: Inbox, plain: str
) -> None:
    deliver(sandbox, theirs, plain, file_name="old/{run_id}.{ext}")
    theirs.client.put_object(Bucket=theirs.name, Key="in/a.manifest.json", Body=b"[")
    with pytest.raises(CheckFailedError, match=r"1 rows, 66\.67% less than the 3 of the last"):
        deliver(sandbox, theirs, plain, since="2024-02", max_change="10%")


def test_verification_reads_it_back(inbox: Inbox) -> None:
    def put(key: str, data: bytes) -> None:
        inbox.client.put_object(Bucket=inbox.name, Key=key, Body=data)

    def check(**more: Any) -> bool:
        with Bucket(Destination(inbox.name), **{"client_options": inbox.options, **more}) as bucket:
            return manifest.check(bucket, NEVER)

    checksum = hashlib.sha256(b"12").hexdigest()
    file = Delivery(inbox.name, "x", 2, "", "", 1, sha256=checksum)
    manifest = WrittenManifest("x.manifest.json", b"{}", (file,))
    put("x", b"12")
    put("x.manifest.json", b"{}")
    assert check()
    assert not check(client_options=inbox.user("s3:PutObject"))
    put("x", b"13")
    with pytest.raises(IntegrityError, match="another SHA-256"):
        check()
    refused = b"<Error><Code>AccessDenied</Code></Error>"
    inbox.proxy.on(r"GET .*/x($|[ ?])", lambda exchange: exchange.answer(403, {}, refused))
    assert not check()
    put("x.manifest.json", b"[]")
    with pytest.raises(IntegrityError, match="other bytes"):
        check()


def test_the_dry_run_names_it(sandbox: Sandbox, theirs: Inbox, plain: str) -> None:
    preview = plan_transfer(asked(sandbox, theirs, plain, file_name="x.{ext}"))
    line = f"Manifest     s3://{theirs.name}/in/x.parquet.manifest.json"
    assert line in dry_run.as_text(preview)
