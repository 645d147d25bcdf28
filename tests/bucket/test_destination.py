from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bucket import Destination, file_name
from core.errors import UsageError

ACCESS_POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/partner"
VALUES = {
    "table": "ORDERS_100K",
    "schema": "PUBLIC",
    "database": "DEMO",
    "timestamp": datetime(2026, 11, 22, 18, 15, 0, tzinfo=UTC),
    "run_id": "r1",
    "ext": "csv.gz",
}


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("partner-inbox", "partner-inbox", ""),
        ("s3://partner-inbox", "partner-inbox", ""),
        ("s3://partner-inbox/", "partner-inbox", ""),
        ("s3://partner-inbox/in/2026/", "partner-inbox", "in/2026/"),
        ("s3://partner-inbox/in", "partner-inbox", "in/"),
        ("S3://my.bucket", "my.bucket", ""),
        ("name-s3alias", "name-s3alias", ""),
        (ACCESS_POINT, ACCESS_POINT, ""),
        (f"{ACCESS_POINT}/in/", ACCESS_POINT, "in/"),
        (f"s3://{ACCESS_POINT}/in", ACCESS_POINT, "in/"),
    ],
)
def test_destination(text: str, bucket: str, prefix: str) -> None:
    assert Destination.parse(text) == Destination(bucket, prefix)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "My-Bucket",
        "my_bucket",
        "b" * 64,
        "192.168.0.1",
        "a..b",
        "-ab",
        "xn--bucket",
        "name--x-s3",
        "bucket/prefix",
        "https://bucket.s3.amazonaws.com",
        "s3://",
        "s3:///key",
        "s3://bucket//x",
        "s3://bucket/../x/",
        "s3://bucket/a\nb/",
        "bucket\n",
        "arn:aws:s3:::bucket",
        "arn:aws:s3::123456789012:accesspoint/m.mrap",
    ],
)
def test_destination_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Destination.parse(text)


def test_key_and_url() -> None:
    destination = Destination.parse("s3://partner-inbox/in/")
    key = destination.key("2026/x.parquet")
    assert key == "in/2026/x.parquet"
    assert destination.url(key) == "s3://partner-inbox/in/2026/x.parquet"
    assert len(destination.key("ü" * 510)) == 513


@pytest.mark.parametrize("name", ["", "/x", "x/", "a//b", "../x", "a/../b", ".", "a\0b", "ü" * 511])
def test_key_refused(name: str) -> None:
    with pytest.raises(UsageError):
        Destination.parse("s3://partner-inbox/in/").key(name)


@pytest.mark.parametrize("code", [0x1F, 0x7F, 0x9F, 0xD800, 0xDFFF])
def test_characters_that_no_key_may_have(code: int) -> None:
    with pytest.raises(UsageError, match="control characters"):
        Destination.parse("s3://partner-inbox").key(f"a{chr(code)}b")


@pytest.mark.parametrize("code", [0x20, 0x7E, 0xA0, 0xD7FF, 0xE000])
def test_their_neighbours_are_kept(code: int) -> None:
    assert Destination.parse("s3://partner-inbox").key(f"a{chr(code)}b") == f"a{chr(code)}b"


def test_a_key_has_1024_bytes_at_most() -> None:
    destination = Destination.parse("s3://partner-inbox/in/")
    assert len(destination.key("x" * 1021)) == 1024
    with pytest.raises(UsageError, match="1024"):
        destination.key("x" * 1022)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (None, "ORDERS_100K_monthly_20261122T181500Z.csv.gz"),
        ("{database}/{schema}/{date}/{run_id}.{ext}", "DEMO/PUBLIC/2026-11-22/r1.csv.gz"),
        ("fixed.csv", "fixed.csv"),
        ("{{x}}", "{x}"),
    ],
)
def test_file_name(template: str | None, name: str) -> None:
    assert file_name(template, **VALUES) == name


MONTHS = {"since": "2024-01", "until": "2024-03"}


def test_a_file_name_with_months() -> None:
    name = file_name("{since}_{until}.{ext}", **VALUES, months=MONTHS)
    assert name == "2024-01_2024-03.csv.gz"
    assert file_name("{month}", **VALUES, months={"month": "2024-01"}) == "2024-01"


@pytest.mark.parametrize(
    ("template", "why"),
    [("{since}", "no first one"), ("{until}", "no last one"), ("{month}", "not exactly one")],
)
def test_a_file_name_with_a_month_that_is_missing(template: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        file_name(template, **VALUES)
    assert "last_months" in caught.value.hint
    with pytest.raises(UsageError, match="unknown field"):
        file_name("{year}", **VALUES, months=MONTHS)


@pytest.mark.parametrize(
    "template", ["{nope}", "{}", "{0}", "{table", "table}", "{table!r}", "{table:>9}", "{table.x}"]
)
def test_file_name_refused(template: str) -> None:
    with pytest.raises(UsageError, match=r"\{timestamp\}"):
        file_name(template, **VALUES)


@given(st.text(), st.text())
def test_a_hostile_table_stays_in_the_prefix(table: str, schema: str) -> None:
    name = file_name("{schema}/{table}", **{**VALUES, "table": table, "schema": schema})
    key = Destination.parse("s3://partner-inbox/in/")
    if len(name) < 1000:
        assert key.key(name).startswith("in/")
    assert name.count("/") == 1
    assert ".." not in name.split("/")


def test_an_unsafe_table_name() -> None:
    values = {**VALUES, "table": "../my täble"}
    assert file_name("{table}.{ext}", **values) == ".._my_t_ble.csv.gz"
