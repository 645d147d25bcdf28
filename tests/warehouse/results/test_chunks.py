"""Batches that are fetched by us come out as the connector's own."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from snowflake.connector.connection_config import ConnectionConfig

from core.query import Statement
from core.runtime.cancel import NEVER
from core.warehouse.connect import connect
from core.warehouse.results.chunks import Fetch
from core.warehouse.statement import run

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

# Of values that widen from batch to batch, with NULLs, at the edges of what Arrow's types hold.
COLUMNS = {
    "narrow": "IFF(N % 7 = 0, NULL, N)::NUMBER(38,0)",
    "wide": "(N * 12345678901234567890)::NUMBER(38,0)",
    "fraction": "(N / 4)::NUMBER(12,2)",
    "real": "IFF(N % 5 = 0, NULL, N / 3)::FLOAT",
    "truth": "(N % 3 = 0)",
    "text": "IFF(N % 2 = 0, NULL, 'żółć 🎬' || N)",
    "bytes": "TO_BINARY(LPAD(N::VARCHAR, 8, '0'), 'HEX')",
    "date": "DATEADD(DAY, N, '1600-01-01'::DATE)",
    "time": "TIMEADD(SECOND, N, '00:00:00'::TIME)",
    "seconds": "DATEADD(SECOND, N, '1969-12-31'::TIMESTAMP_NTZ(0))",
    "nanoseconds": "DATEADD(NANOSECOND, N, '2024-02-29'::TIMESTAMP_NTZ(9))",
    "beyond": "DATEADD(DAY, N * 100, '1000-01-01'::TIMESTAMP_NTZ(9))",
    "local": "DATEADD(HOUR, N, '2024-01-01'::TIMESTAMP_NTZ)::TIMESTAMP_LTZ(3)",
    "zoned": "DATEADD(HOUR, N, '2024-01-01 00:00:00 +05:30'::TIMESTAMP_TZ(9))",
    "zoned_short": "DATEADD(HOUR, N, '2024-01-01 00:00:00 -03:00'::TIMESTAMP_TZ(3))",
    "json": "OBJECT_CONSTRUCT('n', N)",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_comes_as_the_connector_hands_it_out(sandbox: Sandbox, name: str) -> None:
    sql = (
        f"SELECT {COLUMNS[name]} AS V FROM "
        "(SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 25000)))"
    )
    with closing(connect(sandbox.snowflake, query_tag="a test", timezone="Asia/Kolkata")) as made:
        result = run(made, Statement(sql), threading.Event())
        batches = result.batches
        (index, *_) = (n for n, url in enumerate(batches.urls) if url)
        fetch = Fetch(made, 30.0, NEVER)
        _, (ours,) = fetch.pieces(batches, index)
        again = made.cursor().query_result(result.query_id).get_result_batches()
        theirs = again[index].to_arrow(number_to_decimal=True)
        fetch._web._config = ConnectionConfig(crl_check_mode="ENABLED")
        _, (fetched_by_it,) = fetch.pieces(batches, index)
    assert ours.num_rows == batches.rows[index] > 0
    assert ours.equals(theirs)
    assert fetched_by_it.equals(theirs)
