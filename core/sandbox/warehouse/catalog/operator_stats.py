"""GET_QUERY_OPERATOR_STATS: what a finished statement has read, as a relation.

It has the columns of docs.snowflake.com, "GET_QUERY_OPERATOR_STATS", and only the operators that
scan tables, with the statistics of their pruning.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.sandbox.warehouse import types
from core.sandbox.warehouse.catalog.information_schema import Columns, Row, literal_rows
from core.sandbox.warehouse.partitions import Read
from core.sandbox.warehouse.translate.scope import BoundQuery

_COLUMNS: Columns = {
    "QUERY_ID": types.TEXT, "STEP_ID": types.INTEGER, "OPERATOR_ID": types.INTEGER,
    "PARENT_OPERATORS": types.ARRAY, "OPERATOR_TYPE": types.TEXT,
    "OPERATOR_STATISTICS": types.VARIANT, "EXECUTION_TIME_BREAKDOWN": types.VARIANT,
    "OPERATOR_ATTRIBUTES": types.VARIANT,
}  # fmt: skip


def relation(statement_id: str, reads: Sequence[Read]) -> BoundQuery:
    """Return the query for the table scans of a statement."""
    rows: list[Row] = []
    for number, read in enumerate(reads):
        pruning = {"partitions_scanned": len(read.chosen), "partitions_total": read.total}
        statistics = json.dumps({"pruning": pruning})
        rows.append((statement_id, 1, number, None, "TableScan", statistics, None, None))
    return literal_rows(_COLUMNS, rows)
