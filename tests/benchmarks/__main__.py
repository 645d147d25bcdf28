"""Speed and memory: `python -m tests.benchmarks [--quick] [--only app]` prints tables.

Everything is measured in one run against one sandbox, each case in a process of its own, so that
the ratios mean something on a noisy machine. `--quick` leaves out the long high-cardinality cases.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from core.sandbox.launcher import Sandbox
from tests.benchmarks import app
from tests.deliveries import connect

RATINGS = "DEMO.PUBLIC.MOVIE_RATINGS_27M"
SIZES = (1_000_000, 3_000_000, 9_000_000)
RUNS = 3
MANY_GROUPS = f"""
    CREATE TABLE DEMO.PUBLIC.RATINGS_BY_NAME AS
    SELECT TO_TIMESTAMP_NTZ(TIMESTAMP, 0)::DATE AS RATED, 'user-' || USERID AS USER_NAME,
           'movie-' || MOVIEID || '-' || TIMESTAMP AS MOVIE_NAME, RATING FROM {RATINGS}
"""


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    name: str
    rows: int | None
    seconds: float
    since: float | None = None
    peak_mb: float | None = None


def measure(name: str, case: str, setup: dict[str, Any], runs: int = RUNS) -> Measured:
    """Run a case several times, each in a new process; the median time, the highest peak."""
    seen = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.cases", case],
            input=json.dumps(copy.deepcopy(setup)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seen.append(json.loads(done.stdout))
    seconds = statistics.median(one["seconds"] for one in seen)
    since = [one["since"] for one in seen if one["since"] is not None]
    peak = max(one["peak_mb"] for one in seen)
    return Measured(name, seen[0]["rows"], seconds, statistics.median(since or [0]) or None, peak)


def show(title: str, lines: list[Measured], base: Measured | None) -> None:
    """Print a table; the ratios are to `base`, of the whole time and since the result was ready."""
    print(
        f"\n{title}\n{'':36}{'rows out':>12}{'seconds':>9}{'ratio':>7}{'since':>9}{'ratio':>7}"
        f"{'peak MB':>9}"
    )
    for line in lines:
        ratio = line.seconds / base.seconds if base else None
        since = line.since / base.since if base and base.since and line.since else None
        print(
            f"{line.name:36}{_cell(line.rows, 12, ',')}{_cell(line.seconds, 9, '.2f')}"
            f"{_cell(ratio, 7, '.2f')}{_cell(line.since, 9, '.2f')}{_cell(since, 7, '.2f')}"
            f"{_cell(line.peak_mb, 9, '.0f')}",
            flush=True,
        )


def _cell(value: float | None, width: int, form: str) -> str:
    return " " * width if value is None else f"{value:{width}{form}}"


def command_seconds(name: str, *command: str, runs: int = 5) -> Measured:
    """The wall time of a command as a whole."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - began)
    return Measured(name, None, statistics.median(seconds))


def execute(box: Sandbox, *statements: str) -> None:
    """Run statements in the sandbox."""
    with connect(box) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


def main() -> None:
    """Measure all there is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="leave out the long cases")
    parser.add_argument("--only", choices=["app"], help="measure the app's budgets alone")
    arguments = parser.parse_args()
    scratch = os.environ.get("AMPLIFY_SPILL_DIR", "/var/tmp")
    with tempfile.TemporaryDirectory(dir=scratch) as directory, Sandbox() as box:
        setup = {
            "snowflake": box.snowflake,
            "s3": box.s3,
            "scratch": directory,
            "options": {"date_column": "TIMESTAMP"},
            "date": "TIMESTAMP",
        }
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
        growth(box, setup, rows[1])
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


def growth(box: Sandbox, setup: dict[str, Any], largest: Measured) -> None:
    """Time should be linear in the rows, memory flat."""
    lines = []
    for size in SIZES:
        table = f"DEMO.PUBLIC.RATINGS_{size}"
        execute(box, f"CREATE TABLE {table} AS SELECT * FROM {RATINGS} LIMIT {size}")
        lines.append(measure(f"{size:,} rows", "product", {**setup, "table": table}))
    show("Growth of (b)", [*lines, largest], largest)


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
