"""Speed and memory: `python -m tests.benchmarks [--quick] [--only PART]` prints tables.

Everything is measured in one run against one sandbox, each case in a process of its own, so that
the ratios mean something on a noisy machine. `--quick` leaves out the long cases.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.sandbox.launcher import Sandbox
from tests.benchmarks import app
from tests.benchmarks.generated import distinct_groups
from tests.benchmarks.growth import growth
from tests.benchmarks.measure import Measured, as_a_user, measure, measure_command, show
from tests.benchmarks.peers import peers
from tests.benchmarks.round_trips import round_trips
from tests.support.deliveries import execute
from tests.support.programs.batch_runs import place

RATINGS = "DEMO.PUBLIC.MOVIE_RATINGS_27M"
NEED_NO_RATINGS = ("start", "peers", "growth", "generated")
PARTS = ("trips", "app", *NEED_NO_RATINGS, "ratings", "groups")
_DAY = "TO_TIMESTAMP_NTZ(TIMESTAMP, 0)::DATE"
# Tables of ratings in which nearly every row is a group of its own: the date and the first key.
MANY_GROUPS = {
    "about as many groups": (_DAY, "'user-' || USERID"),
    "all of one month": ("'2024-01-15'::DATE", "'user-' || USERID"),
    "nine tenths of one first key": (_DAY, "IFF(MOD(USERID, 10) = 0, 'user-' || USERID, 'user')"),
}


def main() -> None:
    """Measure all there is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="leave out the long cases")
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    arguments = parser.parse_args()
    quick, only = arguments.quick, arguments.only
    if only in (None, "trips"):
        round_trips(quick=quick)
    if only == "trips":
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
        parts: dict[str, Callable[[], None]] = {
            "app": lambda: app.show(app.budgets(box, RATINGS)),
            "start": lambda: start_up(box, str(Path(directory, "own"))),
            "ratings": lambda: low_cardinality(setup),
            "peers": lambda: peers(box, setup),
            "growth": lambda: growth(box, setup, quick=quick),
            "generated": lambda: distinct_groups(setup, quick=quick),
            "groups": lambda: high_cardinality(box, setup),
        }
        if only not in NEED_NO_RATINGS:
            execute(box, f"SELECT COUNT(*), SUM(RATING) FROM {RATINGS}")  # made on first use
        for name, measure_part in parts.items():
            if only == name or (only is None and not (quick and name == "groups")):
                measure_part()


def low_cardinality(setup: dict[str, Any]) -> None:
    """Many rows and few groups."""
    ratings = {**setup, "table": RATINGS}
    base = measure("(a) bare: download and decode", "bare", ratings)
    rows = [base, measure("(b) amplify-transfer", "product", ratings)]
    rows.append(measure("(c) connector, polars collect", "naive", ratings))
    rows.append(measure("(d) DuckDB, same batches", "duckdb", ratings))
    show("27,753,444 ratings into months", rows, base)


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
    table = "DEMO.PUBLIC.RATINGS_BY_NAME"
    movie = "'movie-' || USERID || '-' || MOVIEID || '-' || TIMESTAMP AS MOVIE_NAME"
    for what, (day, user) in MANY_GROUPS.items():
        columns = f"{day} AS RATED, {user} AS USER_NAME, {movie}, RATING"
        execute(box, f"CREATE OR REPLACE TABLE {table} AS SELECT {columns} FROM {RATINGS}")
        many = {**setup, "table": table, "options": {}, "date": "RATED"}
        base = measure("(a) bare: download and decode", "bare", many, 1)
        lines = [base, measure("(b) amplify-transfer", "product", many, 1)]
        lines.append(_measure_duckdb(many))
        show(f"27,753,444 rows, two text keys, {what}", lines, base)


def _measure_duckdb(setup: dict[str, Any]) -> Measured:
    """Measure DuckDB with the least memory that is enough for it."""
    for limit in ("300MB", "600MB", "1200MB"):
        with suppress(subprocess.CalledProcessError):
            return measure(f"(d) DuckDB, {limit}", "duckdb", {**setup, "limit": limit}, 1)
        print(f"DuckDB fails with {limit}", flush=True)
    return measure("(d) DuckDB, 2400MB", "duckdb", {**setup, "limit": "2400MB"}, 1)


if __name__ == "__main__":
    main()
