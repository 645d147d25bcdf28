"""Transfers from an account whose session parameters all differ from Snowflake's defaults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.query import Statement
from core.sandbox.modes import ODD_PARAMETERS
from core.warehouse.connect import connect
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import run
from tests.support.deliveries import download, execute, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

NEVER = threading.Event()
TABLE = (
    'CREATE OR REPLACE TABLE ODD (D VARCHAR, "mixed" VARCHAR, T TIME(6), B BINARY, V VARIANT,'
    " DAY DATE, NTZ TIMESTAMP_NTZ(6), LTZ TIMESTAMP_LTZ(6), TZ TIMESTAMP_TZ(6), N NUMBER(12,2))"
)
ROWS = (
    "INSERT INTO ODD SELECT D, \"mixed\", T::TIME, TO_BINARY(B, 'HEX'), PARSE_JSON(V), DAY::DATE,"
    " M::TIMESTAMP_NTZ, M::TIMESTAMP_LTZ, M::TIMESTAMP_TZ, N FROM VALUES"
    " ('31/01/68', 'a', '01:02:03.000004', '00FF', '{\"a\": [1, null]}', '2024-02-29',"
    "  '2024-01-31 23:59:59.999999 -08:00', 1.25),"
    " ('01/02/41', 'A', '23:59:59', NULL, NULL, '1969-12-31', '1969-12-31 00:00:00 +05:30', 2),"
    " ('01/02/41', 'A', '23:59:59', NULL, NULL, '1969-12-31', '1969-12-31 00:00:00 +05:30', -4),"
    " ('15/03/70', NULL, NULL, NULL, NULL, NULL, NULL, 8)"
    ' AS S (D, "mixed", T, B, V, DAY, M, N)'
)


@pytest.fixture(scope="module")
def odd(own_directories: Path) -> Iterator[Sandbox]:
    from core.sandbox.launcher import Sandbox

    with Sandbox(parameters=ODD_PARAMETERS) as box:
        fill(box)
        yield box


def fill(box: Sandbox) -> None:
    with closing(connect(box.snowflake, query_tag="a test", timezone="UTC")) as session:
        for sql in (TABLE, ROWS):
            run(session, Statement(sql), NEVER)


def test_the_account_is_odd(odd: Sandbox) -> None:
    (row,) = execute(odd, """SELECT DATE_FROM_PARTS(2024, 2, 1)::VARCHAR AS "a" """)
    assert row == ("01/02/24",)
    assert len(execute(odd, "SELECT N FROM ODD")) == 2
    (row,) = execute(odd, "SELECT TO_DATE('01/02/41', 'MM/DD/YY')::VARCHAR")
    assert row == ("02/01/41",)


@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_the_delivery_is_the_same(odd: Sandbox, sandbox: Sandbox, engine: str) -> None:
    fill(sandbox)
    files = []
    for box in (sandbox, odd):
        more: dict[str, Any] = {"storage_integration": box.unload["storage_integration"]}
        result = transfer(
            box,
            "ODD",
            engine=engine,
            format="ndjson",
            date_column="D",
            date_format="%d/%m/%y",
            timezone="UTC",
            verify=engine == "stream",
            **(more if engine == "unload" else {}),
        )
        assert result["row_count"] == 3
        files.append(download(box, result))
    assert files[0] == files[1]
    assert b'"D":"2041-02-01","mixed":"A"' in files[1]
    assert b'"T":"23:59:59.000000"' in files[1]


def test_a_renewed_session_has_the_parameters_too(odd: Sandbox) -> None:
    with closing(connect(odd.snowflake, query_tag="a test")) as session:
        session.cursor().execute("ALTER SESSION SET DATE_OUTPUT_FORMAT = 'YYYY'")
        session.renew(str(session.session_id))  # type: ignore[attr-defined]
        sql = """SELECT "mixed" AS "m", TO_DATE('01/02/41', 'MM/DD/YY')::VARCHAR AS "d" FROM ODD"""
        rows = read_rows(run(session, Statement(sql), NEVER))
    assert [each["d"] for each in rows] == ["2041-01-02"] * 4
