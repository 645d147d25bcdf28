"""Deliveries that are encrypted to OpenPGP keys, as the receiver opens them with GnuPG."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from core import IntegrityError, Outcome, Request, UsageError, plan_transfer, run_transfer
from core.engines import ENGINES
from core.events import Phase, Progress
from core.remedy import Remedy, remedies
from core.verify.comparison import Copy
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import make_table, options, rows_of
from tests.support.gnupg import LONG_AGO, GnuPG, receiver
from tests.support.services.buckets import Inbox
from tui.cli import dry_run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox


@pytest.fixture(scope="module")
def gnupg() -> Iterator[GnuPG]:
    with receiver() as made:
        made.make_key("Partner <data@partner.example>", "cv25519", "never")
        made.make_key("Expired <e@example.com>", "cv25519", "1y", when=[LONG_AGO], end="1y")
        yield made


@pytest.fixture(scope="module")
def example(sandbox: Sandbox) -> str:
    return make_table(sandbox, *EXAMPLE)


@pytest.fixture
def key(gnupg: GnuPG, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The partner's key, for runs with a history of their own."""
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(tmp_path / "state"))
    return gnupg.export(tmp_path / "partner.asc", "Partner")


def asked(box: Sandbox, inbox: Inbox, table: str, **more: Any) -> Request:
    where = {"table": table, "bucket": f"s3://{inbox.name}/in/"}
    return Request.of(**options(box, **where, **more))


def deliver(box: Sandbox, inbox: Inbox, table: str, **more: Any) -> Outcome:
    found = run_transfer(asked(box, inbox, table, **more))
    assert isinstance(found, Outcome)
    return found


def read_rows(gnupg: GnuPG, data: bytes) -> list[tuple[Any, ...]]:
    return rows_of(pq.read_table(io.BytesIO(gnupg.decrypt(data))))


def test_only_the_receiver_can_read_it(
    sandbox: Sandbox, theirs: Inbox, example: str, gnupg: GnuPG, key: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    given = {"encrypt_to": key, "verify": True, "manifest": True, "report": str(report)}
    found = deliver(sandbox, theirs, example, **given)
    manifest = f"{found.file_name}.manifest.json"
    assert found.file_name.endswith(".parquet.gpg")
    assert theirs.keys() == [found.file_name, manifest]
    data = theirs.read(found.file_name)
    assert b"PAR1" not in data
    assert len(read_rows(gnupg, data)) == found.row_count == 5
    (file,) = json.loads(theirs.read(manifest))["files"]
    assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    head = theirs.client.head_object(Bucket=theirs.name, Key=found.file_name)
    assert head["ContentType"] == "application/pgp-encrypted"
    assert found.comparison is not None
    assert found.comparison.agrees
    assert found.comparison.copy is Copy.ENCRYPTED
    made = json.loads(report.read_text())
    fingerprint = gnupg.fingerprint("Partner")
    assert made["recipients"] == [
        {"fingerprint": fingerprint, "name": "Partner <data@partner.example>"}
    ]
    assert made["request"]["encrypt_to"] == [key]


def test_each_month_is_encrypted(
    sandbox: Sandbox, theirs: Inbox, example: str, gnupg: GnuPG, key: str
) -> None:
    name = "{month}/{table}.{ext}"
    way = {"split_by": "month", "file_name": name, "encrypt_to": key, "engine": "pushdown"}
    found = deliver(sandbox, theirs, example, verify=True, **way)
    assert theirs.keys() == [
        f"in/{month}/{example}.parquet.gpg" for month in ("2024-01", "2024-02", "undated")
    ]
    rows = [len(read_rows(gnupg, theirs.read(each))) for each in theirs.keys()]  # noqa: SIM118
    assert rows == [3, 1, 1]
    assert found.comparison is not None
    assert found.comparison.agrees
    assert found.comparison.copy is Copy.ENCRYPTED


def test_an_object_that_was_replaced_is_noticed(
    sandbox: Sandbox, theirs: Inbox, example: str, key: str
) -> None:
    request = asked(sandbox, theirs, example, encrypt_to=key, verify=True, file_name="one.{ext}")

    def replace(event: Any) -> None:
        if isinstance(event, Progress) and event.phase is Phase.VERIFY and theirs.keys():
            size = len(theirs.read("in/one.parquet.gpg"))
            theirs.client.put_object(
                Bucket=theirs.name, Key="in/one.parquet.gpg", Body=b"\0" * size
            )

    with pytest.raises(IntegrityError, match=r"in/one\.parquet\.gpg"):
        run_transfer(request, on_event=replace)


def test_the_plan_names_the_keys(
    sandbox: Sandbox, theirs: Inbox, example: str, gnupg: GnuPG, key: str
) -> None:
    preview = plan_transfer(asked(sandbox, theirs, example, encrypt_to=key))
    fingerprint = gnupg.fingerprint("Partner")
    assert preview.url.endswith(".parquet.gpg")
    text = "\n".join(dry_run.as_text(preview))
    assert f"Encrypted to Partner <data@partner.example> ({fingerprint})" in text
    assert dry_run.as_data(preview)["recipients"][0]["fingerprint"] == fingerprint
    assert "decrypt it, and load what comes out" in preview.create_table("spark")


def test_an_expired_key_is_refused_before_the_sign_in(
    sandbox: Sandbox, theirs: Inbox, example: str, gnupg: GnuPG, tmp_path: Path
) -> None:
    path = gnupg.export(tmp_path / "old.asc", "Expired")
    request = asked(sandbox, theirs, example, encrypt_to=path)
    events: list[Any] = []
    with pytest.raises(UsageError, match=r"Expired <e@example.com> .* expired on 2020-12-31"):
        run_transfer(request, on_event=events.append)
    assert events == []
    with pytest.raises(UsageError, match="expired on"):
        plan_transfer(request)


def test_unload_names_the_engines_that_can_encrypt(
    sandbox: Sandbox, theirs: Inbox, example: str, key: str
) -> None:
    request = asked(
        sandbox, theirs, example, encrypt_to=key, engine="unload", unload_credentials=True
    )
    with pytest.raises(UsageError) as caught:
        run_transfer(request)
    assert remedies(caught.value.message) == (Remedy("encrypt_to"),)
    assert Remedy("engine", "stream") in caught.value.remedies
    assert theirs.keys() == []


def test_the_library_is_missed_before_the_run(
    sandbox: Sandbox, theirs: Inbox, example: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(sandbox, theirs, example, encrypt_to=key)
    plan = plan_transfer(request).plan
    monkeypatch.setattr("core.output.recipients.find_spec", lambda name: None)
    for name in ("stream", "pushdown"):
        obstacle = ENGINES[name].obstacle(request, plan)
        assert obstacle is not None
        assert "amplify-transfer[pgp]" in obstacle.hint


@pytest.mark.parametrize("name", ["orders.csv", "orders.{timestamp}.csv"])
def test_a_name_must_show_the_encryption(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Request.of(table="T", bucket="b", encrypt_to="k.asc", file_name=name)
    assert Remedy("file_name", "orders.{ext}") in caught.value.remedies
    Request.of(table="T", bucket="b", encrypt_to="k.asc", file_name="orders.csv.pgp")
