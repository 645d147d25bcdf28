"""Each mode of the sandbox: the commands of the README deliver, or name what the mode refuses."""

from __future__ import annotations

import inspect
import io
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.config import Config

import core
from core import CheckStatus
from core.request.request import Request
from core.sandbox.bucket.stores import STORES, TAG
from core.sandbox.launcher import Sandbox
from core.sandbox.modes import MODES
from core.transfer import run_transfer
from core.verify.source_totals import Snapshot
from tests.support.deliveries import bucket_client, execute, options
from tests.support.programs.batch_runs import Ended, place, run
from tests.support.services.warehouse_proxy import RESULT, Warehouse

if TYPE_CHECKING:
    from tests.support.services.buckets import Exchange

PLAIN = {"data_dir", "bucket_dir", "port", "s3_port", "services", "proxied", "stderr"}
TABLE = "WALK"
ROWS = 20_000
# One blank row, and 3,000 groups: more than come with the answer to a statement.
FILL = (
    f"CREATE OR REPLACE TABLE {TABLE} AS SELECT"
    " DATEADD(DAY, MOD(N, 60), DATE_FROM_PARTS(2024, 1, 1)) AS D, 'k' || MOD(N, 3000) AS K,"
    " (N / 100)::NUMBER(12, 2) AS AMT"
    f" FROM (SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => {ROWS})))"
    " UNION ALL SELECT NULL, '  ', NULL"
)
# What a mode refuses: the words by which the error names it, and the options of its advice.
REFUSED = {
    "store backblaze-b2": ("refuses the checksums of AWS", ("--checksums", "required-only")),
}
# What `--check` finds in a mode, by its words.
NAMED = {
    "store backblaze-b2": "refuses the checksums of AWS",
    "store no-conditions": "an object that exists is not replaced",
    "store wrong-crc32": "writing an object in parts",
}


def expected() -> dict[tuple[date, str], Decimal]:
    """The sums of the rows of `FILL`, by month and key."""
    sums: dict[tuple[date, str], Decimal] = {}
    for n in range(ROWS):
        day = date(2024, 1, 1) + timedelta(days=n % 60)
        group = day.replace(day=1), f"k{n % 3000}"
        sums[group] = sums.get(group, Decimal(0)) + Decimal(n) / 100
    return sums


@dataclass(frozen=True)
class Place:
    """A sandbox in one mode, and a bucket that has the mode's tag.

    Attributes:
        mode: its name.
        box: the sandbox.
        bucket: the bucket.
        env: the variables of a run there, which trusts the storage host, if there is one.
    """

    mode: str
    box: Sandbox
    bucket: str
    env: dict[str, str]

    def transfer(self, *more: str) -> Ended:
        return run("--batch", "--table", TABLE, "--date-column", "D", *more, env=self.env)

    def read(self, ended: Ended) -> dict[tuple[date, str], Decimal]:
        s3 = {name: value for name, value in self.box.s3.items() if name != "bucket"}
        plain = Config(response_checksum_validation="when_required")  # as B2 demands
        client = boto3.client("s3", config=plain, **s3)
        body = client.get_object(Bucket=self.bucket, Key=ended.result["file_name"])
        rows = pq.read_table(io.BytesIO(body["Body"].read())).to_pylist()
        assert len(rows) == ended.result["row_count"]
        return {(row["D"], row["K"]): row["AMT"] for row in rows}


def prepare(name: str, box: Sandbox, directory: Path) -> Place:
    """Fill a sandbox that runs in a mode; the directories of its runs are below `directory`."""
    execute(box, FILL)
    bucket, store = box.s3["bucket"], MODES[name].store
    if store is not None:
        bucket = f"mode-{uuid.uuid4().hex}"
        client = bucket_client(box)
        client.create_bucket(Bucket=bucket)
        client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": TAG, "Value": store}]})
    env = place(box, bucket) | {
        f"AMPLIFY_{each}_DIR": str(directory / each.lower())
        for each in ("STATE", "DATA", "CONFIG", "SPILL", "LOG")
    }
    if box.authority is not None:
        env["SSL_CERT_FILE"] = str(box.authority)
    return Place(name, box, bucket, env)


@pytest.fixture(scope="module", params=sorted(MODES))
def at(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Each mode; those of stores differ in the bucket alone, so they share a sandbox."""
    directory, given = tmp_path_factory.mktemp("runs"), MODES[request.param].options
    with Sandbox(**given) if given else nullcontext(sandbox) as box:
        yield prepare(request.param, box, directory)
        execute(box, f"DROP TABLE {TABLE}")


def test_every_difference_is_a_mode() -> None:
    """An option of the sandbox that changes its answers, and a store, have a mode each."""
    options_ = set(inspect.signature(Sandbox).parameters) - PLAIN
    assert {name for mode in MODES.values() for name in mode.options} == options_
    assert {mode.store for mode in MODES.values() if mode.store} == set(STORES)


def test_a_dry_run(at: Place) -> None:
    shown = run("--dry-run", "--table", TABLE, "--bucket", at.bucket, env=at.env)
    assert shown.code == 0, shown.err
    assert "3,000" in shown.out
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "more", [("--engine", "stream", "--verify"), ("--engine", "pushdown")], ids=" ".join
)
def test_a_transfer(at: Place, more: tuple[str, ...]) -> None:
    ended = at.transfer(*more)
    assert "Traceback" not in ended.err
    if at.mode in REFUSED:
        words, advice = REFUSED[at.mode]
        assert (ended.code, ended.out) == (6, "")
        assert words in ended.err
        assert " ".join(advice) in ended.err
        ended = at.transfer(*more, *advice)
    assert ended.code == 0, ended.err
    assert at.read(ended) == expected()
    assert ("Verified" in ended.err) is ("--verify" in more)


def test_a_check(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes, or names what differs."""
    if at.box.authority is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(at.box.authority))
    result = core.check(table=TABLE, bucket=at.bucket, probe_write=True, **options(at.box))
    differing = [each for each in result.findings if each.status is CheckStatus.DIFFERS]
    if at.mode in NAMED:
        assert any(NAMED[at.mode] in f"{each.subject} {each.detail}" for each in differing)
    else:
        assert differing == []


def test_another_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is downloaded is refused by name if its host is not trusted as the sign-in trusts."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with Sandbox(storage_host=True) as box:
        at = prepare("storage host", box, tmp_path)
        authority = at.env.pop("SSL_CERT_FILE")
        for engine in ("stream", "pushdown"):
            ended = at.transfer("--engine", engine)
            assert (ended.code, ended.out) == (5, "")
            assert "from which Snowflake's results are downloaded is not trusted" in ended.err
            assert "SSL_CERT_FILE" in ended.err
        with pytest.raises(core.TemporaryError, match="results are downloaded is not trusted"):
            core.preview_rows(TABLE, at.bucket, **options(at.box))
        found = core.check(**options(at.box)).findings
        assert any("results are downloaded is not trusted" in each.detail for each in found)
        given = options(at.box)
        given["connection"] |= {"custom_root_store_path": authority}
        assert core.preview_rows(TABLE, at.bucket, **given).rows
        result = core.transfer_data(TABLE, at.bucket, date_column="D", **given)
    assert result["row_count"] == 3_001 - 1


@pytest.mark.parametrize("mode", ["statement end", None])
def test_a_change_while_the_table_is_read(own_directories: Path, mode: str | None) -> None:
    """The verification compares with the state that was read, whatever AT(STATEMENT) includes."""
    more = f"INSERT INTO {TABLE} VALUES ('2024-01-04', 'k4', 5.00)"
    given = MODES[mode].options if mode else {}
    with Sandbox(proxied=True, **given) as box:
        execute(box, FILL)

        def change(exchange: Exchange) -> None:
            execute(box, more)
            exchange.pass_on()

        with Warehouse(box) as warehouse:
            warehouse.on(f'{RESULT}.*"month"', change)
            port = urlsplit(warehouse.url).port
            request = Request.of(
                table=TABLE,
                bucket=box.s3["bucket"],
                date_column="D",
                engine="stream",
                verify=True,
                **options(box) | {"connection": box.snowflake | {"port": port}},
            )
            outcome = run_transfer(request)
        assert execute(box, f"SELECT COUNT(*) FROM {TABLE}") == [(ROWS + 2,)]
    assert outcome.comparison is not None
    assert outcome.comparison.agrees is True, str(outcome.comparison)
    expected_state = Snapshot.BEFORE if mode else Snapshot.READ
    assert outcome.comparison.snapshot is expected_state
