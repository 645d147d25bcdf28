"""The check of COPY INTO, with which Snowflake writes the files of engine `unload`.

It is made where the request gives Snowflake a way to write, and a probe is asked for: the groups of
a few literal rows are written by the statement of a transfer, read back and removed in every case.
"""

from __future__ import annotations

import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import Final

from core import query
from core.bucket import Bucket
from core.bucket.fetch import fetch
from core.bucket.objects import get_aws_keys
from core.checking.bucket import remove_probes
from core.checking.cases import EXAMPLE, EXAMPLE_GROUPS
from core.checking.finding import CheckStatus, Finding
from core.checking.snowflake import Warehouse
from core.engines.cleanup import CopyCleanup
from core.engines.write_access import find_access
from core.errors import IntegrityError
from core.query.unload import Files, Keys, copy_into
from core.remedy import Advice
from core.request.request import Request
from core.request.write_ways import WAYS_TO_WRITE, has_write_way
from core.warehouse.results.read_result import read_rows
from core.warehouse.statement import parse_count, run

_UNLOAD: Final = "unload"
_SUBJECT: Final = "COPY INTO"
_REST: Final = "Use another engine until that is mended."


def skip_unload(warehouse: Warehouse, request: Request, *, probe_write: bool) -> bool:
    """Report why the check is not made; return false if it is to be made."""
    if not has_write_way(request.as_options()):
        why = "Snowflake was given no way to write, which only engine unload needs."
        advice = Advice("Name one: ", WAYS_TO_WRITE, ".")
    elif not probe_write:
        why = "Only a file that Snowflake writes shows this; none was asked for."
        advice = Advice("Ask for a probe of writing.")
    else:
        return False
    warehouse.walk.report(Finding(_UNLOAD, _SUBJECT, CheckStatus.UNCHECKED, why, advice))
    return True


def check_unload(warehouse: Warehouse, request: Request, bucket: Bucket) -> None:
    """Have Snowflake write a file below the destination; read it back, and remove it."""
    walk = warehouse.walk
    key = bucket.destination.key(f"amplify-transfer-check-{uuid.uuid4().hex}.parquet")
    written: list[str] = []
    try:
        walk.step(_UNLOAD, _SUBJECT, lambda: _copy(warehouse, request, bucket, key, written))
        if written:
            walk.step(_UNLOAD, "the file that it wrote", lambda: _read_back(bucket, key, warehouse))
    finally:
        if written:
            remove = partial(remove_probes, bucket, [key], "What Snowflake wrote")
            walk.step(_UNLOAD, "removing the file", remove, always=True)


def _copy(
    warehouse: Warehouse, request: Request, bucket: Bucket, key: str, written: list[str]
) -> str:
    connection, cancel = warehouse.connection, warehouse.walk.cancel
    access = find_access(
        connection,
        request,
        bucket.destination,
        lambda: Keys(*get_aws_keys(bucket, cancel)),
        cancel,
    )
    grouped = query.select_groups(EXAMPLE.plan, at_rest=True, ordered=False)
    result = warehouse.run(EXAMPLE.read_by(grouped))
    files = Files("parquet", gzip=False, single=True)
    statement = copy_into(grouped, EXAMPLE.plan, result.query_id, access.at(key), files)
    cleanup = CopyCleanup(connection, bucket, key)
    with cleanup.clean_up_on_failure():
        copied = run(connection, statement, cancel, on_start=cleanup.expect, repeatable=False)
        written.append(key)
        rows = sum(parse_count(each.get("row_count")) or 0 for each in read_rows(copied))
    if rows != len(EXAMPLE_GROUPS):
        raise IntegrityError(f"It wrote {rows} rows instead of {len(EXAMPLE_GROUPS)}.", _REST)
    return ""


def _read_back(bucket: Bucket, key: str, warehouse: Warehouse) -> str:
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "probe"
        if fetch(bucket, key, path, cancel=warehouse.walk.cancel) is None:
            return "these credentials may not read it"
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
    names = [column.delivered_name for column in EXAMPLE.plan.delivered]
    if (rows, schema.names) != (len(EXAMPLE_GROUPS), names):
        raise IntegrityError(f"It has {rows} rows, or columns of other names.", _REST)
    return ", ".join(str(kind) for kind in schema.types)
