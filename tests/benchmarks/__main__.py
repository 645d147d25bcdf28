"""Speed and memory: `python -m tests.benchmarks [--quick] [--only app|growth|trips]` prints tables.

Everything is measured in one run against one sandbox, each case in a process of its own, so that
the ratios mean something on a noisy machine. `--quick` leaves out the long cases.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from core.sandbox.launcher import Sandbox
from tests.benchmarks import app
from tests.benchmarks.growth import growth
from tests.benchmarks.measure import Measured, measure, show
from tests.benchmarks.round_trips import round_trips
from tests.support.deliveries import execute

RATINGS = "DEMO.PUBLIC.MOVIE_RATINGS_27M"
MANY_GROUPS = f"""
    CREATE TABLE DEMO.PUBLIC.RATINGS_BY_NAME AS
    SELECT TO_TIMESTAMP_NTZ(TIMESTAMP, 0)::DATE AS RATED, 'user-' || USERID AS USER_NAME,
           'movie-' || MOVIEID || '-' || TIMESTAMP AS MOVIE_NAME, RATING FROM {RATINGS}
"""


def command_seconds(name: str, *command: str, runs: int = 5) -> Measured:
    """The wall time of a command as a whole."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - began)
    return Measured(name, None, statistics.median(seconds))


def main() -> None:
    """Measure all there is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="leave out the long cases")
    parser.add_argument("--only", choices=["app", "growth", "trips"], help="measure these alone")
    arguments = parser.parse_args()
    if arguments.only in (None, "trips"):
        round_trips(quick=arguments.quick)
    if arguments.only == "trips":
        return
    scratch = os.environ.get("AMPLIFY_SPILL_DIR", "/var/tmp")
    with tempfile.TemporaryDirectory(dir=scratch) as directory, Sandbox() as box:
        setup = {
            "snowflake": box.snowflake,
            "s3": box.s3,
            "scratch": directory,
            "options": {"date_column": "TIMESTAMP"},
            "date": "TIMESTAMP",
        }
        if arguments.only == "growth":
            growth(box, setup, quick=arguments.quick)
            return
        execute(box, f"SELECT COUNT(*), SUM(RATING) FROM {RATINGS}")  # made on first use
        app.show(app.budgets(box, RATINGS))
        if arguments.only:
            return
        start_up(box)
        ratings = {**setup, "table": RATINGS}
        base = measure("(a) bare: download and decode", "bare", ratings)
        rows = [base, measure("(b) amplify-transfer", "product", ratings)]
        rows.append(measure("(c) connector, polars collect", "naive", ratings))
        rows.append(measure("(d) DuckDB, same batches", "duckdb", ratings))
        show("27,753,444 ratings into months", rows, base)
        growth(box, setup, quick=arguments.quick)
        if not arguments.quick:
            high_cardinality(box, setup)


def start_up(box: Sandbox) -> None:
    """The commands that a person waits for."""
    environment = {
        "AMPLIFY_ENDPOINT_URL": box.s3["endpoint_url"],
        "AWS_ACCESS_KEY_ID": box.s3["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": box.s3["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": box.s3["region_name"],
        **{f"SNOWFLAKE_{key.upper()}": str(value) for key, value in box.snowflake.items()},
    }
    os.environ.update(environment)
    orders = ["-m", "tui", "--batch", "--quiet", "--table", "DEMO.PUBLIC.ORDERS_100K"]
    orders += ["--if-exists", "overwrite", "--bucket", box.s3["bucket"]]
    lines = [
        command_seconds("python -c pass", "-c", "pass"),
        command_seconds("import core", "-c", "import core"),
        command_seconds("--batch --help", "-m", "tui", "--batch", "--help"),
        command_seconds("ORDERS_100K, end to end", *orders),
    ]
    show("From the command line (whole process)", lines, None)


def high_cardinality(box: Sandbox, setup: dict[str, Any]) -> None:
    """Two text keys that nearly every row has alone: nothing can be aggregated away."""
    execute(box, MANY_GROUPS)
    many = {**setup, "table": "DEMO.PUBLIC.RATINGS_BY_NAME", "options": {}, "date": "RATED"}
    base = measure("(a) bare: download and decode", "bare", many, 1)
    lines = [base, measure("(b) amplify-transfer", "product", many, 1)]
    lines.append(measure("(d) DuckDB, same batches", "duckdb", many, 1))
    show("27,753,444 rows, two text keys, about as many groups", lines, base)


if __name__ == "__main__":
    main()
