"""Whatever is planted in the answers of Snowflake, S3 or the account, a check names it."""

from __future__ import annotations

import base64
import dataclasses
import io
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import core
from core import CancelledError, CheckStatus, Finding, Request
from core.bucket.target import open_bucket
from core.checking.bucket import BucketChecks
from core.checking.case import Case
from core.checking.cases import CHECK_ZONE, list_cases
from core.checking.finding import find_worst
from core.checking.snowflake import Warehouse
from core.checking.table import check_table
from core.checking.walk import Walk
from core.runtime.cancel import NEVER
from core.runtime.retry import QUICK
from tests.support.deliveries import execute, make_table, options
from tests.support.services.buckets import Exchange, Inbox, reply
from tests.support.services.warehouse_proxy import (
    ALWAYS,
    RESULT,
    first_rows,
    refuse,
    tell,
)
from tests.support.services.warehouse_proxy import Warehouse as Proxied

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Checks = Callable[[Warehouse], object]


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[Proxied]:
    with Proxied(sandbox) as made:
        assert isinstance(made, Proxied)
        yield made


def walk_warehouse(
    box: Sandbox, checks: Checks, *, proxy: Proxied | None = None, **more: Any
) -> list[Finding]:
    """Make some of the checks of Snowflake; return what they find after the sign-in."""
    given = options(box)["connection"] | more
    if proxy is not None:
        given |= {"port": int(proxy.url.rpartition(":")[2])}
    walk = Walk(lambda _: None, NEVER)
    request = Request.of(table="T", bucket="no-bucket", connection=given)
    with Warehouse.open(walk, request, QUICK) as warehouse:
        if warehouse is not None:
            checks(warehouse)
    return walk.findings[1:] if warehouse is not None else walk.findings


def pick(subject: str) -> list[Case]:
    """The cases whose subject holds a text."""
    return [case for case in list_cases(CHECK_ZONE) if subject in case.subject]


def cases(subject: str) -> Checks:
    picked = pick(subject)
    assert picked
    return lambda warehouse: warehouse.check_cases(picked)


def change_column(name: str, value: object) -> Callable[[pa.Table], pa.Table]:
    """Give every row another value of a column."""

    def change(table: pa.Table) -> pa.Table:
        at = table.column_names.index(name)
        field = table.schema.field(at)
        column = pa.array([value] * table.num_rows, field.type)
        return table.set_column(at, field, column)

    return change


def test_a_wrong_sum_is_named_with_both_values(sandbox: Sandbox, proxy: Proxied) -> None:
    proxy.on(f"{RESULT}.*GROUPING", first_rows(change_column("sum_1", 7)), ALWAYS)
    (finding,) = walk_warehouse(sandbox, cases("GROUPING SETS"), proxy=proxy)
    assert finding.status is CheckStatus.DIFFERS
    assert finding.detail == "Column sum_1 holds 7 instead of 31."
    assert "engines that group in Snowflake" in finding.advice
    assert finding.exit_code == 8


def test_months_in_another_time_zone_are_named(sandbox: Sandbox) -> None:
    """As if the session's TIMEZONE had no effect."""
    other = [case for case in list_cases("America/Los_Angeles") if "LTZ" in case.subject]
    (finding,) = walk_warehouse(sandbox, lambda warehouse: warehouse.check_cases(other))
    assert (finding.status, finding.exit_code) == (CheckStatus.DIFFERS, 8)
    assert "TIMEZONE has no effect" in finding.advice


def test_another_error_of_an_overflow_is_named_with_its_number(
    sandbox: Sandbox, proxy: Proxied
) -> None:
    proxy.on(RESULT, refuse(100132, "22000"), ALWAYS)
    (finding,) = walk_warehouse(sandbox, cases("the error of a sum"), proxy=proxy)
    assert (finding.status, finding.exit_code) == (CheckStatus.DIFFERS, 8)
    assert "It ends in another error" in finding.detail
    assert "100132" in finding.detail


def test_an_overflow_without_an_error_is_named(sandbox: Sandbox) -> None:
    (case,) = pick("the error of a sum")
    (fits,) = pick("a sum of 38 digits")
    silent = dataclasses.replace(case, statement=fits.statement)
    (finding,) = walk_warehouse(sandbox, lambda warehouse: warehouse.check_cases([silent]))
    assert finding.detail == "It ends in no error."


def test_a_missing_column_of_a_description_is_named(sandbox: Sandbox, proxy: Proxied) -> None:
    def drop(told: dict[str, Any]) -> None:
        at = next(n for n, each in enumerate(told["rowtype"]) if each["name"] == "null?")
        told["rowtype"].pop(at)
        if told.get("rowset"):
            told["rowset"] = [[*row[:at], *row[at + 1 :]] for row in told["rowset"]]
        if told.get("rowsetBase64"):
            first_rows_without(told, at)

    proxy.on(f"{RESULT}.*DESCRIBE", tell(drop), ALWAYS)
    findings = walk_warehouse(sandbox, lambda each: each.check_listings(), proxy=proxy)
    wrong = [each for each in findings if each.status is CheckStatus.DIFFERS]
    assert [each.subject for each in wrong] == ["DESCRIBE TABLE"]
    assert wrong[0].detail == "The answer lacks null?."


def first_rows_without(told: dict[str, Any], at: int) -> None:
    table = pa.ipc.open_stream(base64.b64decode(told["rowsetBase64"])).read_all()
    sink = io.BytesIO()
    left = table.remove_column(at)
    with pa.ipc.new_stream(sink, left.schema) as writer:
        writer.write_table(left)
    told["rowsetBase64"] = base64.b64encode(sink.getvalue()).decode()


def test_no_warehouse_is_named(sandbox: Sandbox, proxy: Proxied) -> None:
    def none(table: pa.Table) -> pa.Table:
        at = table.column_names.index("warehouse")
        field = table.schema.field(at)
        return table.set_column(at, field.with_nullable(True), pa.nulls(1, field.type))

    proxy.on(f"{RESULT}.*CURRENT_WAREHOUSE", first_rows(none), ALWAYS)
    findings = walk_warehouse(sandbox, lambda each: each.check_all(CHECK_ZONE), proxy=proxy)
    (finding,) = findings
    assert (finding.detail, finding.exit_code) == ("The session has no warehouse.", 2)
    assert finding.advice == "Name one: warehouse."


def test_what_fails_for_one_reason_is_said_once(sandbox: Sandbox, proxy: Proxied) -> None:
    proxy.on(f"{RESULT}.*VALUES", refuse(606, "57P03"), ALWAYS)
    first, rest = walk_warehouse(sandbox, cases("month"), proxy=proxy)
    assert (first.status, first.exit_code) == (CheckStatus.DIFFERS, 2)
    assert rest.status is CheckStatus.UNCHECKED
    assert "would fail for the same reason" in rest.detail


def test_a_wrong_password_ends_the_checks_of_snowflake(sandbox: Sandbox) -> None:
    shown: list[Finding] = []
    given = options(sandbox)
    wrong = {**given, "connection": {**sandbox.snowflake, "password": "another"}}
    result = core.check(on_finding=shown.append, **wrong)
    assert [(each.subject, each.exit_code) for each in shown] == [
        ("sign-in", 3),
        ("SQL, results, table", 0),
        ("bucket", 0),
    ]
    assert result.exit_code == 3


def test_a_missing_privilege_on_the_table_is_named(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "D DATE, N NUMBER(9,2)", "('2024-01-31', 1)")
    grants = ("USAGE ON DATABASE DEMO", "USAGE ON SCHEMA DEMO.PUBLIC")
    execute(
        sandbox,
        "CREATE ROLE IF NOT EXISTS CHECKER",
        *(f"GRANT {grant} TO ROLE CHECKER" for grant in grants),
        f"GRANT REFERENCES ON TABLE {table} TO ROLE CHECKER",
    )
    request = Request.of(table=table, bucket="no-bucket", connection=sandbox.snowflake)

    def check(warehouse: Warehouse) -> None:
        check_table(warehouse, request)

    columns, sample = walk_warehouse(sandbox, check, role="CHECKER")
    assert (columns.status, sample.status) == (CheckStatus.OK, CheckStatus.DIFFERS)
    assert sample.exit_code == 3
    assert "lacks the privileges" in sample.detail
    execute(sandbox, f"DROP TABLE {table}")


def test_a_table_without_a_date_is_named(sandbox: Sandbox) -> None:
    table = make_table(sandbox, "N NUMBER(9,2)", "(1)")
    request = Request.of(table=table, bucket="no-bucket", connection=sandbox.snowflake)
    findings = walk_warehouse(sandbox, lambda warehouse: check_table(warehouse, request))
    assert [each.exit_code for each in findings] == [0, 0, 4]
    execute(sandbox, f"DROP TABLE {table}")


# ------------------------------------------------------------------------------------- the bucket


def walk_bucket(inbox: Inbox, *, probe: bool = True, **more: Any) -> dict[str, Finding]:
    """Check a bucket; return the findings by subject."""
    given = {"s3_options": inbox.options} | more
    request = Request.of(table="T", bucket=f"s3://{inbox.name}/in/", **given)
    walk = Walk(lambda _: None, NEVER)
    with open_bucket(request) as bucket:
        BucketChecks(walk, bucket, request).check_all(probe_write=probe)
    return {each.subject: each for each in walk.findings}


def test_a_plain_bucket_is_fine_and_left_empty(inbox: Inbox) -> None:
    findings = walk_bucket(inbox)
    assert [each for each in findings.values() if each.status is not CheckStatus.OK] == []
    assert inbox.keys() == inbox.unfinished() == []


def test_nothing_is_written_unless_a_probe_is_asked_for(inbox: Inbox) -> None:
    findings = walk_bucket(inbox, probe=False)
    assert inbox.proxy.seen("PUT|POST|DELETE") == 0
    (skipped,) = (each for each in findings.values() if each.status is not CheckStatus.OK)
    assert skipped.detail == "Only a probe object shows this; none was asked for."


def test_a_store_without_if_none_match_is_named(inbox: Inbox) -> None:
    def replace(exchange: Exchange) -> None:
        stored = inbox.keys()
        for key in stored:
            inbox.client.delete_object(Bucket=inbox.name, Key=key)
        exchange.pass_on()

    inbox.proxy.on("PUT", replace, ALWAYS)
    finding = walk_bucket(inbox)["an object that exists is not replaced"]
    assert (finding.status, finding.exit_code) == (CheckStatus.DIFFERS, 6)
    assert "ignores If-None-Match" in finding.detail
    assert inbox.keys() == []


def test_a_store_that_takes_damaged_bytes_is_named(inbox: Inbox) -> None:
    def store(exchange: Exchange) -> None:
        key = exchange.path.partition("?")[0].removeprefix(f"/{inbox.name}/")
        stored = inbox.client.put_object(Bucket=inbox.name, Key=key, Body=exchange.body)
        exchange.answer(200, {"ETag": stored["ETag"]}, b"")

    inbox.proxy.on("PUT", store, ALWAYS, skip=2)
    finding = walk_bucket(inbox)["checksums: damaged bytes are refused"]
    assert (finding.status, finding.exit_code) == (CheckStatus.DIFFERS, 6)
    assert inbox.keys() == []


def test_a_store_that_accepts_any_owner_is_named_where_one_is_expected(inbox: Inbox) -> None:
    listing = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
    inbox.proxy.on("list-type=2", lambda each: each.answer(200, {}, listing), ALWAYS)
    findings = walk_bucket(inbox, probe=False, expected_bucket_owner="123456789012").values()
    (finding,) = [each for each in findings if each.status is CheckStatus.DIFFERS]
    assert finding.exit_code == 6
    assert "does not check who owns a bucket" in finding.detail
    assert walk_bucket(inbox, probe=False)["owner"].status is CheckStatus.OK


def test_credentials_that_may_only_write_are_enough(inbox: Inbox) -> None:
    findings = walk_bucket(inbox, s3_options=inbox.user("s3:PutObject", "s3:DeleteObject"))
    assert {each.status for each in findings.values()} == {CheckStatus.OK, CheckStatus.UNCHECKED}
    assert findings["writing an object"].status is CheckStatus.OK
    assert findings["reading an object back"].status is CheckStatus.UNCHECKED
    assert inbox.keys() == []


def test_a_probe_that_cannot_be_removed_is_named(inbox: Inbox) -> None:
    inbox.proxy.on("DELETE", reply(403, "AccessDenied"), ALWAYS)
    finding = walk_bucket(inbox)["removing what was written"]
    assert finding.exit_code == 6
    left = inbox.keys()
    assert all(f"s3://{inbox.name}/{key}" in finding.detail for key in left)
    assert len(left) == 2


def test_a_check_that_is_stopped_removes_its_probe(inbox: Inbox) -> None:
    request = Request.of(table="T", bucket=f"s3://{inbox.name}", s3_options=inbox.options)
    cancel = threading.Event()
    shown: list[str] = []

    def stop(finding: Finding) -> None:
        shown.append(finding.subject)
        if finding.subject == "writing an object":
            assert len(inbox.keys()) == 1
            cancel.set()

    with open_bucket(request) as bucket, pytest.raises(CancelledError):
        BucketChecks(Walk(stop, cancel), bucket, request).check_all(probe_write=True)
    assert shown[-1] == "removing what was written"
    assert inbox.keys() == inbox.unfinished() == []


def test_a_bucket_that_does_not_exist_ends_its_checks(inbox: Inbox) -> None:
    inbox.client.delete_bucket(Bucket=inbox.name)
    (finding,) = walk_bucket(inbox).values()
    assert (finding.exit_code, finding.status) == (6, CheckStatus.DIFFERS)
    inbox.client.create_bucket(Bucket=inbox.name)


def test_the_worst_decides_the_exit_code() -> None:
    assert find_worst([]) == find_worst([0, 0]) == 0
    assert find_worst([5, 6, 0]) == 6
    assert find_worst([6, 3, 4]) == 3
    assert find_worst([3, 8]) == 8
