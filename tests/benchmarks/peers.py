"""Other tools that move a table from Snowflake to S3, measured beside the product.

They are those of the extra `bench`; a row of one that is not installed says so. Each gets the same
task: the sums of a table by month and keys, as one parquet file in the bucket. None of them has a
plan, checks of its result, or a delivery that is complete or absent.
"""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from typing import Any

from core.sandbox.launcher import Sandbox
from tests.benchmarks.measure import measure, show
from tests.support.deliveries import execute

TABLE = "DEMO.PUBLIC.PEERS_200K"
_ROWS = f"""
    CREATE OR REPLACE TABLE {TABLE} AS
    SELECT DATEADD(DAY, MOD(H, 730), '2023-01-01'::DATE) AS SOLD_ON,
           'region ' || MOD(H, 12) AS REGION, 'product ' || MOD(H, 50) AS PRODUCT,
           MOD(H, 100000)::NUMBER(9,0) AS UNITS, (MOD(H, 10000000) / 100)::NUMBER(12,2) AS AMOUNT
    FROM (SELECT ABS(MOD(HASH(SEQ8()), 1000000007)) AS H
          FROM TABLE(GENERATOR(ROWCOUNT => 200000)))
"""
# The cases, with a package that each needs.
_PEERS = (
    ("ADBC and polars", "adbc", "adbc_driver_snowflake"),
    ("sling, its own SQL", "sling", "sling"),
    ("dlt, its own SQL", "dlt", "s3fs"),
)


def peers(box: Sandbox, setup: dict[str, Any]) -> None:
    """Measure the product and its peers on one table, and print their ratios."""
    execute(box, _ROWS)
    own = {**setup, "table": TABLE, "options": {}, "date": "SOLD_ON"}
    base = measure("amplify-transfer, stream", "product", own)
    lines = [base]
    pushed = {**own, "options": {"engine": "pushdown"}}
    lines.append(measure("amplify-transfer, pushdown", "product", pushed))
    absent = []
    for name, case, package in _PEERS:
        if find_spec(package) is None:
            absent.append(f"{name:36} not installed")
            continue
        try:
            lines.append(measure(name, case, own))
        except subprocess.CalledProcessError as error:
            absent.append(f"{name:36} fails here: exit code {error.returncode}")
    show("200,000 rows, two text keys, two numbers", lines, base)
    print(*absent, sep="\n", flush=True)
