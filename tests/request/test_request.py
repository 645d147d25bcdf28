"""The validation of a request and the conversion of its values."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import UsageError
from core.request.request import DEFAULT_MEMORY_LIMIT, Request
from tests.support.sources import request


def test_names_are_given_as_text_or_as_a_sequence() -> None:
    made = request(sum_columns='A, "b,c" ,"say ""hi"""', key_columns=["x", "y"])
    assert made.sum_columns == ("A", "b,c", 'say "hi"')
    assert made.key_columns == ("x", "y")


def test_none_is_an_empty_list_and_not_the_default() -> None:
    assert request(key_columns="none").key_columns == ()
    assert request().key_columns is None
    assert request(key_columns='"none"').key_columns == ("none",)


@pytest.mark.parametrize(
    ("text", "size"),
    [("600MB", 600 * 2**20), ("1.5 GB", 3 * 2**29), ("1GiB", 2**30), (2**30, 2**30)],
)
def test_sizes(text: Any, size: int) -> None:
    assert request(memory_limit=text).memory_limit == size
    assert request().memory_limit == DEFAULT_MEMORY_LIMIT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("90s", 90), ("1.5H", 5400), ("45", 45), ("0", 0), (7, 7), ("24 h", 86_400)],
)
def test_times(text: Any, seconds: int) -> None:
    assert request(max_retry_time=text).max_retry_time == seconds


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": ""}, "table: is empty"),
        ({"format": "xml"}, "format: must be parquet, json, ndjson, csv or xlsx"),
        ({"if_exists": "Skp"}, "must be fail, overwrite or skip; did you mean skip?"),
        ({"gzip": True}, "parquet is compressed already"),
        ({"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus' is not a time zone"),
        ({"timezone": 1}, "timezone: must be text"),
        ({"timezone": "../etc/passwd"}, "timezone: '../etc/passwd' is not a time zone"),
        ({"memory_limit": "lots"}, "memory_limit: 'lots' is not a size"),
        ({"max_retry_time": "soon"}, "max_retry_time: 'soon' is not a time such as 90s"),
        ({"max_retry_time": "25h"}, "max_retry_time"),
        ({"max_retry_time": "9\u017f"}, "is not a time such as 90s"),  # a long s
        ({"max_retry_time": -1}, "max_retry_time"),
        ({"memory_limit": "1MB"}, "memory_limit: must be at least 400MB"),
        ({"memory_limit": "9" * 400 + "GB"}, "is not a size"),
        ({"key_columns": "A\nB"}, "key_columns: not a list of names"),
        ({"drop_columns": "A" * 200_000}, "drop_columns: not a list of names"),
        ({"expected_bucket_owner": "me"}, "expected_bucket_owner: must be the 12 digits"),
        ({"region": "Frankfurt!"}, "region: must be the name of a region such as eu-central-1"),
        ({"role_arn": "deliveries"}, "role_arn: must be the ARN of a role"),
        ({"external_id": "x"}, "external_id: must have two or more letters"),
        ({"external_id": "id"}, "external_id needs role_arn"),
        ({"acl": "public-read"}, "acl: must be bucket-owner-full-control"),
        ({"sse": "kms"}, "sse: must be AES256, aws:kms or aws:kms:dsse"),
        ({"sse": "AES256", "kms_key_id": "k"}, 'kms_key_id needs sse="aws:kms", not AES256'),
        ({"storage_class": "COLD"}, "storage_class: must be STANDARD,"),
        ({"storage_class": "standard-ia"}, "; did you mean STANDARD_IA?"),
        ({"storage_class": "GLACIER", "verify": True}, "in GLACIER cannot be read back"),
        ({"storage_class": "DEEP_ARCHIVE", "manifest": True}, "leave out manifest, or choose"),
        ({"checksums": "none"}, "checksums: must be supported or required-only"),
        ({"tags": "sales"}, "tags: must be pairs such as project=sales,retention=7y"),
        ({"tags": {f"k{n}": "" for n in range(11)}}, "tags: an object has at most 10 tags"),
        ({"tags": {"k": "x" * 257}}, "its value at most 256"),
        ({"tags": "a=b&c"}, "tags: a tag has letters, digits, blanks and"),
        ({"tags": "aws:x=y"}, "its key does not begin with aws:"),
        ({"metadata": "größe=1"}, "metadata: a name has letters"),
        ({"metadata": {"a": "line\nbreak"}}, "a value printable ASCII"),
        ({"metadata": "Amplify-Run-Id=1"}, "names that begin with amplify-"),
        ({"metadata": {"a": "x" * 800}}, "more than 800 bytes"),
        ({"metadata": 3}, "metadata: must be"),
        ({"sse": "aws:kms", "stage": "S", "engine": "unload"}, "a stage has its own encryption"),
        *(
            ({name: text}, f"{name}: {text!r} is not a month such as 2024-01")
            for name in ("since", "until")
            for text in ("2024", "2024-1", "2024-13", "2024-00", "0000-01", "2024-01-31", "٢٠٢٤-01")
        ),
        ({"since": 202401}, "since: must be text"),
        ({"since": ""}, "since: '' is not a month such as 2024-01"),
        ({"since": "2024-03", "until": "2024-02"},
         "since (2024-03) is later than until (2024-02)"),
        ({"last_months": 0}, "last_months: must be at least 1"),
        ({"last_months": "1201"}, "last_months: must be at most 1200"),
        ({"last_months": "two"}, "last_months: must be a number"),
        ({"last_months": 1, "since": "2024-01"}, "last_months and since exclude each other"),
        ({"last_months": 1, "since": "2024-01", "until": "2024-01"},
         "last_months, since and until exclude each other"),
        ({"include_current": True}, "include_current goes with last_months only"),
        ({"include_current": True, "since": "2024-01"}, "include_current goes with last_months"),
        ({"undated": "no"}, "undated: must be drop or keep"),
        ({"split_by": "year"}, "split_by: must be month"),
        ({"split_by": "month", "file_name": "{table}.{ext}"}, "needs a name for each month"),
        ({"split_by": "month", "file_name": "{month}.{ext}", "if_exists": "skip"},
         "by its manifest only: add manifest=True"),
        ({"min_rows": -1}, "min_rows: must be at least 0"),
        ({"max_rows": "many"}, "max_rows: must be a number"),
        ({"min_rows": 3, "max_rows": 2}, "min_rows (3) is above max_rows (2)"),
        *(
            ({"max_change": text}, f"max_change: {text!r} is not a percentage such as 20%")
            for text in ("20", "-1%", "%", "1e3%", "٢٠%", "0.1234567%", "")
        ),
        *(
            ({"require_months": True, **ends}, "require_months needs since and until, or last")
            for ends in ({}, {"since": "2024-01"}, {"until": "2024-01"})
        ),
        ({"colour": "red"}, "colour: there is no such option"),
        ({"connection": 3}, "connection: must be a name or a mapping"),
        ({"connection": {1: "x"}}, "connection: must be a name or a mapping"),
        ({"connection": "https://account"}, "must be the name of a connection, not a URL"),
        *(({"gzip": value}, "gzip: must be true or false") for value in ("maybe", 2, 0.5, None)),
        *(({"last_months": value}, "must be a number") for value in (1.5, "1.5", "", [1])),
        *(({"encrypt_to": value}, "must be a list of names") for value in (3, b"a", {"a": "b"})),
        ({"encrypt_to": ["a", 3]}, "encrypt_to: must be text"),
        ({"tags": {"a": 3}}, "tags: must be text"),
        ({"s3_options": [("region_name", "x")]}, "s3_options: must be a mapping"),
        ({"stream_limit": 3}, "stream_limit: must be text"),
        ({"expected_bucket_owner": "123456789012\n"}, "must be the 12 digits"),
        ({"table": None}, "table: must be text"),
        ({"report": "s3://u:p@h/x"}, "report: holds a user or a password in a URL"),
    ],
)  # fmt: skip
def test_invalid_options_are_usage_errors(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Request.of(**{"table": "T", "bucket": "b", **options})
    assert said in caught.value.message


def test_all_mistakes_are_named_in_the_order_of_the_options() -> None:
    with pytest.raises(UsageError) as caught:
        Request.of(shape="round", format="xml", gzip=3)
    assert [text.partition(":")[0] for text in caught.value.message.split("; ")] == [
        *("table", "bucket", "format", "gzip", "shape"),
    ]


@pytest.mark.parametrize(
    ("given", "value"),
    [*((each, True) for each in (True, 1, "1", "yes", "On", "TRUE")), (0, False), ("off", False)],
)
def test_flags_may_be_words(given: Any, value: bool) -> None:
    assert request(manifest=given).manifest is value


@pytest.mark.parametrize("given", [7, "7", " +7 ", 7.0])
def test_numbers_may_be_text(given: Any) -> None:
    assert request(last_months=given).last_months == 7


def test_a_request_is_a_value() -> None:
    made = request(sum_columns="A", stream_limit="5M", connection="prod")
    assert made == request(sum_columns=["A"], stream_limit="5M", connection="prod")
    assert made != made.replace(destination="partner")
    assert hash(made) == hash(made.replace(verify=False))
    with pytest.raises(AttributeError):
        made.verify = True  # type: ignore[misc]
    data = {"table": made.table, "bucket": made.bucket}
    data |= {"sum_columns": ("A",), "stream_limit": "5M", "connection": "prod"}
    assert made.as_data() == data
    assert Request.of(**made.as_options()) == made


def test_connections_and_keys_are_never_shown() -> None:
    made = request(connection={"password": "hunter2"}, s3_options={"aws_secret_access_key": "s3cr"})
    assert "hunter2" not in repr(made)
    assert "s3cr" not in repr(made)
    with pytest.raises(UsageError) as caught:
        request(connection=["hunter2"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rows", "size"),
    [
        ("50M,5GB", 50 * 10**6, 5 * 2**30),
        ("5gb", None, 5 * 2**30),
        ("1.5G", 1_500_000_000, None),
        ("3kb, 1000", 1_000, 3 * 2**10),
        ("0B", None, 0),
        ("2TB", None, 2 * 2**40),
    ],
)
def test_stream_limits(text: str, rows: int | None, size: int | None) -> None:
    limit = request(stream_limit=text).stream_limit
    assert (limit.rows, limit.bytes) == (rows, size)
    assert request(stream_limit=str(limit)).stream_limit == limit


@pytest.mark.parametrize(
    "text", ["", ",", "lots", "5,6", "1GB,2GB", "-1", "9" * 18 + "TB", "9" * 18 + "G"]
)
def test_invalid_stream_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a number of rows or bytes such as 50M,5GB"):
        request(stream_limit=text)


def test_the_default_stream_limit() -> None:
    assert str(request().stream_limit) == "50M,5GB"


class TestCsv:
    @pytest.mark.parametrize(
        ("given", "delimiter"), [(r"\t", "\t"), ("\t", "\t"), (";", ";"), ("|", "|")]
    )
    def test_delimiters(self, given: str, delimiter: str) -> None:
        assert request(csv_delimiter=given).csv_delimiter == delimiter

    @pytest.mark.parametrize(
        "given",
        [
            *(
                {"csv_delimiter": each}
                for each in ("", ";;", "a", "7", '"', ".", "-", ":", "\n", " ", "é")
            ),
            *(
                {"csv_null": each}
                for each in ("0", "-1.5", "NaN", "true", "2024-01", '"', "a\nb", " a")
            ),
            {"csv_decimal_comma": True},
            {"csv_null": "a;b", "csv_delimiter": ";"},
            {"json_large_numbers": "string"},
        ],
    )
    def test_what_would_be_read_as_something_else(self, given: dict[str, Any]) -> None:
        with pytest.raises(UsageError, match=next(iter(given))):
            request(**given)
