"""Random tables and random plans: every engine against the oracle.

AMPLIFY_PARITY_EXAMPLES says how many; without it a few, always the same.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.strategies import tables
from tests.parity.tables import Table

EXAMPLES = int(os.environ.get("AMPLIFY_PARITY_EXAMPLES", "0"))


@settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(table=tables(), form=st.sampled_from(["parquet", "ndjson", "csv", "json"]))
def test_random_tables(parity: Bench, table: Table, form: str) -> None:
    check(parity, table, form, described=False)
