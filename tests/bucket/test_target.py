"""What a request delivers to: one key and one bucket, whoever asks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.bucket.target import object_key, object_url, open_bucket
from core.errors import UsageError
from core.planning.names import TableName
from core.planning.window import Window
from core.request.request import Request

NAME = TableName("D", "S", "My table")
MOMENT = datetime(2026, 11, 22, 18, 15, tzinfo=UTC)


def asked(**more: Any) -> Request:
    return Request.of(**{"table": "T", "bucket": "s3://partner-inbox/in/", **more})


def test_the_key_of_a_run() -> None:
    request = asked(format="csv", gzip=True)
    key = object_key(request, NAME, started=MOMENT, run_id="r1")
    assert key == "in/My_table_monthly_20261122T181500Z.csv.gz"
    request = asked(file_name="{database}/{schema}/{date}/{run_id}.{ext}")
    assert object_key(request, NAME, started=MOMENT, run_id="r1") == "in/D/S/2026-11-22/r1.parquet"


def test_before_there_is_a_table_and_a_run_their_words_stand_for_them() -> None:
    request = asked(file_name="{database}.{schema}.{table}.{run_id}.{ext}")
    url = "s3://partner-inbox/in/database.schema.table.{run_id}.parquet"
    assert object_url(request, None) == url


def test_months_are_those_of_the_window() -> None:
    request = asked(file_name="{since}.{until}", since="2024-01", until="2024-03")
    assert object_key(request, NAME) == "in/2024-01.2024-03"
    window = Window(date(2023, 12, 1), date(2023, 12, 1))
    counted = asked(file_name="{month}.{since}", last_months=1)
    assert object_key(counted, NAME, window) == "in/2023-12.2023-12"
    assert object_url(counted, NAME) == "s3://partner-inbox/in/{month}.{since}"


@pytest.mark.parametrize(
    "wrong",
    [{"bucket": "UP"}, {"file_name": "{wrong}"}, {"file_name": "{since}"}],
)
def test_what_is_invalid_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        object_key(asked(**wrong), NAME)


def test_the_bucket_is_that_of_the_request() -> None:
    with open_bucket(asked()) as bucket:
        assert bucket.destination.url() == "s3://partner-inbox/in/"
    with pytest.raises(UsageError, match="not an option of the S3 client"):
        open_bucket(asked(s3_options={"colour": "red"}))
