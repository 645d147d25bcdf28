"""The whole journey through the sandbox: what arrives in the bucket is what the rule says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from core import IntegrityError, Planned, Progress, transfer_data
from core.aggregation import aggregator
from core.aggregation.aggregator import Aggregator
from core.aggregation.partial_sums import PartialSums
from core.aggregation.spill import Spill
from core.events import Event, Phase
from tests.support.contract_example import EXAMPLE
from tests.support.deliveries import (
    bucket_client,
    delivered,
    download,
    execute,
    make_table,
    objects,
    options,
    oracle,
    raw_rows,
    rows_of,
    transfer,
)

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

JAN, FEB = date(2024, 1, 1), date(2024, 2, 1)


@pytest.fixture(scope="module")
def example(sandbox: Sandbox) -> str:
    """The table of the contract's example."""
    return make_table(sandbox, *EXAMPLE)


def test_the_contracts_example(sandbox: Sandbox, example: str) -> None:
    table = delivered(sandbox, transfer(sandbox, example))
    assert table.schema == pa.schema(
        [
            ("D", pa.date32()),
            ("REGION", pa.string()),
            ("NOTE", pa.string()),
            ("QTY", pa.decimal128(38, 0)),
            ("AMT", pa.decimal128(38, 2)),
            ("F", pa.float64()),
        ]
    )
    assert rows_of(table) == [
        (JAN, "EU", "a", Decimal(4), None, None),
        (JAN, "eu", "a", Decimal(3), Decimal("0.30"), 0.75),
        (JAN, "eu", None, Decimal(16), Decimal("0.05"), 0.0),
        (FEB, "eu", "a", None, Decimal("0.30"), None),
        (None, "us", None, Decimal(8), Decimal("1.00"), 1.0),
    ]


def test_the_contracts_example_without_keys(sandbox: Sandbox, example: str) -> None:
    table = delivered(sandbox, transfer(sandbox, example, key_columns="none"))
    assert rows_of(table) == [
        (JAN, Decimal(23), Decimal("0.35"), 0.75),
        (FEB, None, Decimal("0.30"), None),
        (None, Decimal(8), Decimal("1.00"), 1.0),
    ]


def test_json_lines(sandbox: Sandbox, example: str) -> None:
    text = download(sandbox, transfer(sandbox, example, format="ndjson")).decode()
    assert text.splitlines()[1] == (
        '{"D":"2024-01-01","REGION":"eu","NOTE":"a","QTY":3,"AMT":0.30,"F":0.75}'
    )
    assert len(text.splitlines()) == 5
    array = json.loads(download(sandbox, transfer(sandbox, example, format="json")))
    assert array == [json.loads(line) for line in text.splitlines()]


def test_csv(sandbox: Sandbox, example: str) -> None:
    result = transfer(sandbox, example, format="csv", key_columns="REGION")
    rows = list(csv.reader(io.StringIO(download(sandbox, result).decode(), newline="")))
    assert rows[0] == ["D", "REGION", "QTY", "AMT", "F"]
    assert rows[-1] == ["", "us", "8", "1.00", "1.0"]


def test_the_result_is_exactly_the_three_fields(sandbox: Sandbox, example: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    bucket = f"s3://{sandbox.s3['bucket']}/in/box"
    result = transfer_data(example.lower(), bucket, **options(sandbox))
    assert list(result) == ["file_name", "row_count", "timestamp"]
    assert re.fullmatch(rf"in/box/{example}_monthly_\d{{8}}T\d{{6}}Z\.parquet", result["file_name"])
    assert result["row_count"] == 5
    moment = datetime.strptime(result["timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before <= moment <= datetime.now(UTC)
    head = bucket_client(sandbox).head_object(Bucket=sandbox.s3["bucket"], Key=result["file_name"])
    assert head["ContentType"] == "application/vnd.apache.parquet"
    assert head["Metadata"]["amplify-row-count"] == "5"


LOCATIONS = """
    SELECT CAST(date_trunc('month', {dob}) AS DATE) AS m, sum(AREA_KM2)
    FROM rows WHERE NOT ({blank}) GROUP BY ALL ORDER BY m NULLS LAST
"""


def test_locations(sandbox: Sandbox) -> None:
    rows = raw_rows(sandbox, "LOCATIONS_595")
    blank = " AND ".join(
        rf'''regexp_full_match(coalesce("{name}"::VARCHAR, ''), '\s*')'''
        for name in rows.column_names
    )
    dob = r"strptime(nullif(regexp_replace(DOB, '\s', '', 'g'), ''), '%m/%d/%Y')"
    sql = LOCATIONS.format(blank=blank, dob=dob)
    result = transfer(
        sandbox, "LOCATIONS_595", sum_columns="AREA_KM2", date_column="DOB", key_columns="none"
    )
    got = delivered(sandbox, result)
    assert got.column_names == sorted(["AREA_KM2", "DOB"], key=rows.column_names.index)
    assert rows_of(got.select(["DOB", "AREA_KM2"])) == oracle(sql, rows=rows)


def test_orders(sandbox: Sandbox) -> None:
    rows = raw_rows(sandbox, "ORDERS_100K")
    keys = "O_ORDERSTATUS, O_ORDERPRIORITY, O_CLERK, O_COMMENT"
    expected = oracle(
        f"""
        SELECT sum(O_ORDERKEY)::DECIMAL(38,0), sum(O_CUSTKEY)::DECIMAL(38,0), O_ORDERSTATUS,
               sum(O_TOTALPRICE)::DECIMAL(38,2), date_trunc('month', O_ORDERDATE)::DATE AS m,
               O_ORDERPRIORITY, O_CLERK, sum(O_SHIPPRIORITY)::DECIMAL(38,0), O_COMMENT
        FROM rows
        WHERE NOT (O_ORDERKEY IS NULL AND O_CUSTKEY IS NULL AND O_TOTALPRICE IS NULL
                   AND O_ORDERDATE IS NULL AND O_SHIPPRIORITY IS NULL
                   AND trim(coalesce(O_ORDERSTATUS, '')) = ''
                   AND trim(coalesce(O_ORDERPRIORITY, '')) = ''
                   AND trim(coalesce(O_CLERK, '')) = '' AND trim(coalesce(O_COMMENT, '')) = '')
        GROUP BY m, {keys}
        ORDER BY m NULLS LAST, O_ORDERSTATUS NULLS LAST, O_ORDERPRIORITY NULLS LAST,
                 O_CLERK NULLS LAST, O_COMMENT NULLS LAST
        """,
        rows=rows,
    )
    assert rows_of(delivered(sandbox, transfer(sandbox, "ORDERS_100K"))) == expected


@pytest.mark.large
def test_movie_ratings(sandbox: Sandbox) -> None:
    """27,753,444 rows; the sums are those of an aggregation that the warehouse makes itself."""
    expected = execute(
        sandbox,
        """SELECT SUM(USERID), SUM(MOVIEID), SUM(RATING),
                  DATE_TRUNC('MONTH', DATEADD('SECOND', TIMESTAMP, '1970-01-01'::TIMESTAMP_NTZ)
                  )::DATE AS M
           FROM MOVIE_RATINGS_27M GROUP BY M ORDER BY M NULLS LAST""",
    )
    table = delivered(sandbox, transfer(sandbox, "MOVIE_RATINGS_27M"))
    assert table.column_names == ["USERID", "MOVIEID", "RATING", "TIMESTAMP"]
    assert [tuple(map(str, row)) for row in rows_of(table)] == [
        tuple(map(str, row)) for row in expected
    ]


def test_every_type_and_hard_names(sandbox: Sandbox) -> None:
    """The fourth sample table; its blank rows have a blank text or a JSON null here and there."""
    rows = raw_rows(sandbox, '"Mixed Case"')
    assert delivered(sandbox, transfer(sandbox, '"Mixed Case"')).num_rows == 57
    expected = oracle(
        """
        SELECT sum("Id")::DECIMAL(38,0), sum("price.net")::DECIMAL(38,4),
               date_trunc('month', COLUMNS('say .*'))::DATE AS m, sum("SELECT")::DECIMAL(38,0)
        FROM rows WHERE "Id" IS NOT NULL GROUP BY m ORDER BY m NULLS LAST
        """,
        rows=rows,
    )
    result = transfer(
        sandbox,
        '"Mixed Case"',
        date_column='say "when"',
        sum_columns=["Id", "price.net", "SELECT"],
        key_columns="none",
    )
    assert rows_of(delivered(sandbox, result)) == expected


def test_the_same_input_gives_the_same_bytes(sandbox: Sandbox) -> None:
    first, second = (download(sandbox, transfer(sandbox, "ORDERS_100K")) for _ in range(2))
    assert first == second


def test_transfers_run_side_by_side(sandbox: Sandbox, example: str) -> None:
    tables = [example, "LOCATIONS_595", "ORDERS_100K", example]
    alone = [download(sandbox, transfer(sandbox, table)) for table in tables]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda table: download(sandbox, transfer(sandbox, table)), tables)
    assert list(together) == alone


def test_progress_tells_every_phase_and_the_totals(sandbox: Sandbox) -> None:
    events: list[Event] = []
    transfer(sandbox, "ORDERS_100K", on_progress=events.append, verify=True)
    told = [event for event in events if isinstance(event, Progress)]
    assert list(dict.fromkeys(event.phase for event in told)) == list(Phase)
    read = [event for event in told if event.phase is Phase.READ]
    assert {event.total_rows for event in read} == {100_000}
    assert [e.rows for e in read] == sorted(e.rows for e in read)
    assert read[-1].rows == 100_000
    assert read[-1].bytes <= (read[-1].total_bytes or 0)
    assert any(isinstance(event, Planned) for event in events)
    for phase in (Phase.UPLOAD, Phase.VERIFY):
        last = [event for event in told if event.phase is phase][-1]
        assert last.bytes == last.total_bytes


def test_an_empty_table_is_a_file_without_rows(sandbox: Sandbox) -> None:
    name = make_table(sandbox, "D DATE, K VARCHAR, N NUMBER(12,2)")
    events: list[Any] = []
    table = delivered(sandbox, transfer(sandbox, name, on_progress=events.append))
    assert table.num_rows == 0
    assert table.column_names == ["D", "K", "N"]
    assert any("no rows" in getattr(event, "message", "") for event in events)


def test_a_table_of_blank_rows_is_a_file_without_rows(sandbox: Sandbox) -> None:
    name = make_table(sandbox, "D DATE, K VARCHAR", "(NULL, '\t\u3000 ')", "(NULL, NULL)")
    assert transfer(sandbox, name)["row_count"] == 0


def test_blankness_counts_dropped_columns_too(sandbox: Sandbox) -> None:
    name = make_table(
        sandbox, "D DATE, K VARCHAR, N NUMBER(3,0)", "(NULL, 'x', NULL)", "(NULL, '', NULL)"
    )
    table = delivered(sandbox, transfer(sandbox, name, key_columns="none"))
    assert rows_of(table) == [(None, None)]


def lose(*_: object) -> None:
    """Do nothing."""


def twice(call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        call(*arguments)
        return call(*arguments)

    return run


PLANTED: dict[str, tuple[type, str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "a batch is lost": (Aggregator, "add", lambda _: lose),
    "a batch comes twice": (Aggregator, "add", twice),
    "a run is lost": (Spill, "append", lambda _: lose),
    "a run is written twice": (Spill, "append", twice),
    "a month is lost": (Spill, "keys", lambda keys: lambda spill: keys(spill)[1:]),
    "a month is read twice": (Spill, "take", lambda take: lambda *key: 2 * take(*key)),
    "rows of a range are lost": (PartialSums, "divide", lambda _: lambda *_: iter(())),
    "a panic ends the groups": (PartialSums, "add_sorted", lambda _: lambda _, part, *__: part[:0]),
}


@pytest.mark.parametrize("what", PLANTED)
def test_lost_and_repeated_rows_are_not_delivered(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Without sums, no total shows them; the number of rows does. All go by disk here."""
    owner, name, spoil = PLANTED[what]
    table = make_table(sandbox, "D DATE, K TEXT", "('2024-01-01', 'a')", "('2024-02-01', 'b')")
    monkeypatch.setattr(aggregator, "_SHARES", 1 << 60)
    assert transfer(sandbox, table)["row_count"] == 2
    before = objects(sandbox)
    monkeypatch.setattr(owner, name, spoil(getattr(owner, name)))
    with pytest.raises(IntegrityError, match="rows are in the groups instead of 2"):
        transfer(sandbox, table)
    assert objects(sandbox) == before
