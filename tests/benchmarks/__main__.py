"""Speed and memory: `python -m tests.benchmarks [--quick] [--only PART]` prints tables.

Everything is measured in one run against one sandbox, each case in a process of its own, so that
the ratios mean something on a noisy machine. `--quick` leaves out the long cases.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from core.sandbox.launcher import Sandbox
from tests.benchmarks import app
from tests.benchmarks.growth import growth
from tests.benchmarks.measure import as_a_user, measure, measure_command, show
from tests.benchmarks.peers import peers
from tests.benchmarks.round_trips import round_trips
from tests.support.deliveries import execute
from tests.support.programs.batch_runs import place

RATINGS = "DEMO.PUBLIC.MOVIE_RATINGS_27M"
MANY_GROUPS = f"""
    CREATE TABLE DEMO.PUBLIC.RATINGS_BY_NAME AS
    SELECT TO_TIMESTAMP_NTZ(TIMESTAMP, 0)::DATE AS RATED, 'user-' || USERID AS USER_NAME,
           'movie-' || MOVIEID || '-' || TIMESTAMP AS MOVIE_NAME, RATING FROM {RATINGS}
"""


def main() -> None:
    """Measure all there is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="leave out the long cases")
    parser.add_argument(
        "--only", choices=["app", "growth", "peers", "trips"], help="measure these alone"
    )
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
        if arguments.only == "peers":
            peers(box, setup)
            return
        if arguments.only == "growth":
            growth(box, setup, quick=arguments.quick)
            return
        execute(box, f"SELECT COUNT(*), SUM(RATING) FROM {RATINGS}")  # made on first use
        app.show(app.budgets(box, RATINGS))
        if arguments.only:
            return
        start_up(box, str(Path(directory, "own")))
        ratings = {**setup, "table": RATINGS}
        base = measure("(a) bare: download and decode", "bare", ratings)
        rows = [base, measure("(b) amplify-transfer", "product", ratings)]
        rows.append(measure("(c) connector, polars collect", "naive", ratings))
        rows.append(measure("(d) DuckDB, same batches", "duckdb", ratings))
        show("27,753,444 ratings into months", rows, base)
        peers(box, setup)
        growth(box, setup, quick=arguments.quick)
        if not arguments.quick:
            high_cardinality(box, setup)


def start_up(box: Sandbox, directory: str) -> None:
    """The commands that a person waits for."""
    own = {"AMPLIFY_STATE_DIR": directory, "AMPLIFY_DATA_DIR": directory}
    environment = as_a_user({**place(box), **own})
    batch = ("-m", "tui", "--batch", "--quiet", "--table", "DEMO.PUBLIC.ORDERS_100K")
    commands = {
        "python -c pass": ("-c", "pass"),
        "import core": ("-c", "import core"),
        "--batch --help": ("-m", "tui", "--batch", "--help"),
        "ORDERS_100K, end to end": (*batch, "--if-exists", "overwrite"),
        "the same with --demo": (*batch, "--if-exists", "overwrite", "--demo"),
    }
    lines = [
        measure_command(name, *command, environment=environment)
        for name, command in commands.items()
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
