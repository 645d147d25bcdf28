"""External tables: the files of a stage as rows, each a VARIANT, and columns computed from it.

Rules: docs.snowflake.com CREATE EXTERNAL TABLE, Query metadata for staged files. The files are read
when the table is created, as with AUTO_REFRESH = FALSE.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog.catalog import Table, TableColumn
from core.sandbox.warehouse.engine import ddl
from core.sandbox.warehouse.engine.execution import Execution, status
from core.sandbox.warehouse.translate.bound import Bound, quote
from core.sandbox.warehouse.translate.scope import Field
from core.sandbox.warehouse.unload.stages import Storage

_HIDDEN = ("f VARCHAR", "n BIGINT")  # in DuckDB; only expressions may use them
_METADATA = (
    Field("METADATA$FILENAME", Bound("f", types.TEXT)),
    Field("METADATA$FILE_ROW_NUMBER", Bound("n", types.number(18))),
)
_ROWS = "rows of a file"  # the name under which DuckDB reads them


def create(execution: Execution, storage: Storage, node: exp.Expr) -> Answer:
    """Execute CREATE [OR REPLACE] EXTERNAL TABLE with columns AS (expression).

    Raises:
        Failure: as CREATE TABLE and COPY INTO; 2 for a format that is not read.
    """
    location = node.find(exp.LocationProperty)
    if location is None:
        raise failures.syntax(1, 0, "<EOF>")
    kind = _format(node)
    path = execution.names.path(ddl.names_of(node))
    execution.catalog.schema(*path[:2])
    replacing = bool(node.args.get("replace"))
    if execution.catalog.find(path) is not None and not replacing:
        raise failures.already_exists(path[2])
    value = TableColumn("VALUE", types.VARIANT, "c0")
    columns = ddl.declared_columns(
        execution, list(node.this.find_all(exp.ColumnDef)), [value], _METADATA
    )
    table = Table(path, tuple(columns), execution.catalog.physical(), external=True)
    execution.execute(table.creation(table.physical, _HIDDEN))
    place = storage.place(execution, location.this.name, {})
    objects = place.objects()
    with TemporaryDirectory(dir=storage.spool) as spool:
        file = Path(spool) / "file"
        for key in objects.listed():
            objects.download(key, file)
            values = [json.dumps(row, default=str, **_COMPACT) for row in _READERS[kind](file)]
            execution.load(_ROWS, pa.table({"v": pa.array(values, pa.string())}))
            execution.execute(
                f"INSERT INTO {table.physical} (c0, f, n)"
                f' SELECT v, {quote(key)}, row_number() OVER () FROM "{_ROWS}"'
            )
    ((rows,),) = execution.execute(f"SELECT count(*) FROM {table.physical}")
    table.rows = int(str(rows))
    former = execution.catalog.add(table, replace=replacing)
    execution.made(table)
    if former is not None:
        execution.drop([former])
    return status(f"External table {path[2]} successfully created.")


def _read_parquet(file: Path) -> list[Any]:
    return pq.read_table(file).to_pylist()  # type: ignore[no-any-return]


def _read_json(file: Path) -> list[Any]:
    """Return the values of a file that holds one a line."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


_READERS = {"PARQUET": _read_parquet, "JSON": _read_json}
_COMPACT: dict[str, Any] = {"separators": (",", ":"), "sort_keys": True, "ensure_ascii": False}


def _format(node: exp.Expr) -> str:
    found = node.find(exp.FileFormatProperty)
    if found is None:
        raise failures.unsupported("an external table without FILE_FORMAT")
    given = {each.name.upper(): each.args["value"].name.upper() for each in found.expressions}
    kind = str(given.get("TYPE", "CSV"))
    if kind not in _READERS or len(given) > 1:
        raise failures.unsupported(f"FILE_FORMAT {given} of an external table")
    return kind


def drop(execution: Execution, names: tuple[str, ...], *, missing: bool) -> Answer:
    """Execute DROP EXTERNAL TABLE [IF EXISTS].

    Raises:
        Failure: 2003; 2203 for a table of another kind.
    """
    path = execution.names.path(names)
    found = execution.catalog.find(path)
    if found is None and missing:
        return status(f"Drop statement executed successfully ({path[2]} already dropped).")
    if not execution.names.lookup(names).external:
        raise failures.invalid(
            "Object found is of type 'TABLE', not specified type 'EXTERNAL TABLE'.", 2203, "42601"
        )
    execution.drop([execution.catalog.remove(path)])
    return status(f"{path[2]} successfully dropped.")
