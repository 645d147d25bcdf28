"""Random tables and random plans: every engine against the oracle.

A failing table is printed small, as the statements that make it, and the plan.
AMPLIFY_PARITY_EXAMPLES says how many new ones the thorough test tries, AMPLIFY_PARITY_FIXED how
many, always the same, the usual test does.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.strategies import tables
from tests.parity.tables import Table

FIXED = int(os.environ.get("AMPLIFY_PARITY_FIXED", "40"))
THOROUGH = int(os.environ.get("AMPLIFY_PARITY_EXAMPLES", "3000"))
FORMATS = st.sampled_from(["parquet", "ndjson", "csv", "json"])
few = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


@settings(few, max_examples=FIXED, derandomize=True)
@given(table=tables(), form=FORMATS)
def test_random_tables(parity: Bench, table: Table, form: str) -> None:
    check(parity, table, form, described=False)


@pytest.mark.slow
@settings(few, max_examples=THOROUGH)
@given(table=tables(), form=FORMATS)
def test_many_random_tables(parity: Bench, table: Table, form: str) -> None:
    check(parity, table, form, described=False)
