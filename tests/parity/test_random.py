"""Random tables and random plans: every engine against the oracle.

A failing table is printed small, as the statements that make it, and the plan. The usual run
tries a few; CI tries hundreds more by

    pytest tests/parity -m thorough -n auto

always the same ones, unless AMPLIFY_PARITY_SEED is another number; AMPLIFY_PARITY_EXAMPLES says
how many there are.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.strategies import tables
from tests.parity.tables import Table

SHARDS = 8  # so that several processes share them
EXAMPLES = int(os.environ.get("AMPLIFY_PARITY_EXAMPLES", "400"))
FIRST_SEED = int(os.environ.get("AMPLIFY_PARITY_SEED", "0"))
FORMATS = st.sampled_from(["parquet", "ndjson", "csv", "json"])
random = settings(
    deadline=None, print_blob=True, database=None, suppress_health_check=list(HealthCheck)
)


@settings(random, max_examples=10, derandomize=True)
@given(table=tables(), form=FORMATS)
def test_random_tables(parity: Bench, table: Table, form: str) -> None:
    check(parity, table, form, described=False)


@pytest.mark.thorough
@pytest.mark.parametrize("shard", range(SHARDS))
def test_hundreds_of_random_tables(parity: Bench, shard: int) -> None:
    @seed(FIRST_SEED + shard)
    @settings(random, max_examples=EXAMPLES // SHARDS)
    @given(table=tables(), form=FORMATS)
    def compare(table: Table, form: str) -> None:
        check(parity, table, form, described=False)

    compare()
