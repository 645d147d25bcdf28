"""What the statements of a transfer with a window read of a table, as the warehouse counts it.

The table is stored in the order of its dates, as one that is loaded day by day.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from core.preview.browser import Explorer
from tests.support.deliveries import connect, delivered, execute, transfer
from tests.support.services.warehouse_proxy import Warehouse
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
MONTHS, DAYS = 40, 28
ROWS = 40 * MONTHS * DAYS
WIDE = ", ".join(f"NULL::VARIANT AS V{n}" for n in range(150))  # a partition has 1,743 rows
PER_MONTH = ROWS // MONTHS
# A month of 1,120 rows lies in one partition or in two.
MOST = 2
DATES: dict[str, tuple[str, dict[str, Any]]] = {
    "D": ("DATE", {}),
    "NTZ": ("TIMESTAMP_NTZ(9)", {}),
    "LTZ": ("TIMESTAMP_LTZ(3)", {"timezone": "Asia/Kolkata"}),
    "TZ": ("TIMESTAMP_TZ(6)", {}),
    "YMD": ("NUMBER(8,0)", {"date_format": "%Y%m%d"}),
    "YM": ("NUMBER(6,0)", {"date_format": "%Y%m"}),
    "EPOCH": ("NUMBER(38,0)", {"date_format": "epoch_ms"}),
    "SECONDS": ("FLOAT", {"date_format": "epoch_s"}),
}
ENGINES: dict[str, dict[str, str]] = {
    "stream": {},
    "pushdown": {},
    "unload": {"storage_integration": "SANDBOX_S3"},
}
USUAL = ("YMD", "pushdown")
# Of partitions of usual size, which are larger than those of the sandbox.
SAMPLED = 4


@pytest.fixture(scope="module")
def stored(sandbox: Sandbox) -> str:
    day = (
        f"DATEADD('DAY', N % {DAYS}, DATEADD('MONTH', FLOOR(N / {PER_MONTH}), '2021-01-01'::DATE))"
    )
    execute(
        sandbox,
        "CREATE OR REPLACE TABLE STORED_BY_DATE AS SELECT DAY AS D, DAY::TIMESTAMP_NTZ(9) AS NTZ,"
        " (DAY::VARCHAR || ' 12:00 +00:00')::TIMESTAMP_TZ(6)::TIMESTAMP_LTZ(3) AS LTZ,"
        " (DAY::VARCHAR || ' 00:30 +05:45')::TIMESTAMP_TZ(6) AS TZ,"
        " TO_CHAR(DAY, 'YYYYMMDD')::NUMBER(8,0) AS YMD, TO_CHAR(DAY, 'YYYYMM')::NUMBER(6,0) AS YM,"
        " (DATE_PART(EPOCH_SECOND, DAY) * 1000)::NUMBER(38,0) AS EPOCH,"
        f" DATE_PART(EPOCH_SECOND, DAY)::FLOAT AS SECONDS, N, {WIDE}"
        f" FROM (SELECT SEQ4() AS N, {day} AS DAY FROM TABLE(GENERATOR(ROWCOUNT => {ROWS})))",
    )
    return "STORED_BY_DATE"


@pytest.fixture
def warehouse(sandbox: Sandbox) -> Iterator[Warehouse]:
    with Warehouse(sandbox) as made:
        yield made


@pytest.fixture
def connection(sandbox: Sandbox, warehouse: Warehouse) -> dict[str, Any]:
    """A connection through the proxy, which knows the statements."""
    return {**sandbox.snowflake, "port": int(warehouse.url.rpartition(":")[2])}


def find_scans(box: Sandbox, warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """The partitions that each statement has read of its table, and all of them."""
    found: dict[str, tuple[int, int]] = {}
    with connect(box) as session:
        for statement, sql in warehouse.started.items():
            rows = session.cursor().execute(
                f"SELECT OPERATOR_STATISTICS FROM TABLE(GET_QUERY_OPERATOR_STATS('{statement}'))"
                " WHERE OPERATOR_TYPE = 'TableScan'"
            )
            pruning = [json.loads(row[0])["pruning"] for row in rows]
            scanned, total = (
                sum(each[name] for each in pruning)
                for name in ("partitions_scanned", "partitions_total")
            )
            found[sql] = scanned, total
    return found


def check_scans(scans: dict[str, tuple[int, int]], table: str) -> list[str]:
    """The statements that read the table; all but the sample have read the window's partitions."""
    about = {sql: each for sql, each in scans.items() if table in sql and each[1]}
    for sql, (scanned, total) in about.items():
        most = SAMPLED if "SAMPLE SYSTEM" in sql else MOST
        assert 1 <= scanned <= most, sql
        assert total >= 25
    return [sql for sql in about if "SAMPLE SYSTEM" not in sql]


@pytest.mark.parametrize(
    ("column", "engine"),
    [
        pytest.param(column, engine, marks=() if (column, engine) == USUAL else pytest.mark.lengthy)
        for column in DATES
        for engine in ENGINES
    ],
)
def test_a_transfer_reads_the_partitions_of_its_months(
    sandbox: Sandbox, stored: str, warehouse: Warehouse, connection: dict[str, Any],
    column: str, engine: str,
) -> None:  # fmt: skip
    _, how = DATES[column]
    month = {"since": "2022-05", "until": "2022-05"}
    own = {"connection": connection, "date_column": column, "key_columns": "none",
           "sum_columns": "N", "verify": True}  # fmt: skip
    result = transfer(sandbox, stored, engine=engine, **month, **how, **own, **ENGINES[engine])
    first = 16 * PER_MONTH
    assert delivered(sandbox, result)["N"].to_pylist() == [sum(range(first, first + PER_MONTH))]
    statements = check_scans(find_scans(sandbox, warehouse), stored)
    assert len(statements) >= 2, "the rows or groups, and what they are compared with"


@pytest.mark.lengthy
@pytest.mark.parametrize("column", DATES)
def test_a_preview_of_a_month_reads_its_partitions(
    sandbox: Sandbox, stored: str, warehouse: Warehouse, connection: dict[str, Any], column: str
) -> None:
    """All rows of the month take the place of a sample, in which it would hardly occur."""
    _, how = DATES[column]
    with Explorer.open(connection) as explorer:
        look = explorer.look(stored, NEVER)
        asked = request(since="2022-05", until="2022-05", date_column=column,
                        key_columns="none", sum_columns="N", **how)  # fmt: skip
        plan = explorer.plan(look, asked)
        for exact in (False, True):
            months = explorer.preview(plan, NEVER, exact=exact)
            assert not months.sampled
            assert (months.rows_seen, months.total_rows) == (PER_MONTH, PER_MONTH)
            assert [str(each.month) for each in months.months] == ["2022-05-01"]
        assert len(explorer.first_rows(plan, NEVER, rows=5).rows) == 1
    assert len(check_scans(find_scans(sandbox, warehouse), stored)) == 3


@pytest.mark.large
@pytest.mark.parametrize("engine", ENGINES)
def test_a_month_of_27_million_ratings(
    sandbox: Sandbox, warehouse: Warehouse, connection: dict[str, Any], engine: str
) -> None:
    ratings = "MOVIE_RATINGS_27M"
    day = "TO_TIMESTAMP_NTZ(TIMESTAMP)::DATE"
    ((rows, total),) = execute(
        sandbox,
        f"SELECT COUNT(*), SUM(RATING) FROM {ratings}"
        f" WHERE {day} BETWEEN '2010-06-01'::DATE AND '2010-06-30'::DATE",
    )
    assert rows > 50_000
    own = {"connection": connection, "since": "2010-06", "until": "2010-06", "verify": True}
    result = transfer(sandbox, ratings, engine=engine, **own, **ENGINES[engine])
    assert delivered(sandbox, result)["RATING"].to_pylist() == [total]
    assert len(check_scans(find_scans(sandbox, warehouse), ratings)) >= 2
