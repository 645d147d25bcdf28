"""COPY INTO <location>: a query's rows as files in S3.

Rules: docs.snowflake.com COPY INTO <location>. The query's order is kept, file after file; callers
must not rely on it with more than one file, and the names are not in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.engine.execution import UNLOAD, Execution, rows_answer
from core.sandbox.warehouse.model import Column
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.translate.scope import BoundQuery
from core.sandbox.warehouse.unload import text_files
from core.sandbox.warehouse.unload.clauses import Clauses, Reader, check, flag, inner, text
from core.sandbox.warehouse.unload.files import (
    EXTENSIONS,
    File,
    ParquetFile,
    TextFile,
    check_parquet,
)
from core.sandbox.warehouse.unload.s3 import Objects, ObjectWriter, Place
from core.sandbox.warehouse.unload.stages import ACCESS, Storage

MAX_FILE_SIZE = 16 << 20  # bytes, the default
LARGEST_FILE = 5 << 30
SET_ROWS = 1_024  # rows after which a file may end; Snowflake, too, unloads sets of rows
THREADS = 8  # whose numbers are in a warehouse's file names
_OPTIONS = ACCESS | {
    "FILE_FORMAT", "SINGLE", "MAX_FILE_SIZE", "OVERWRITE", "HEADER", "INCLUDE_QUERY_ID",
    "DETAILED_OUTPUT", "VALIDATION_MODE",
}  # fmt: skip
_FORMATS = {
    "PARQUET": {"TYPE", "COMPRESSION", "SNAPPY_COMPRESSION"},
    "CSV": {"TYPE", "COMPRESSION", "FILE_EXTENSION"} | text_files.OPTIONS,
    "JSON": {"TYPE", "COMPRESSION", "FILE_EXTENSION"},
}
_TOTALS = [
    types.number(31).column(name) for name in ("rows_unloaded", "input_bytes", "output_bytes")
]
_DETAILS = [
    Column("FILE_NAME", "TEXT", length=134_217_728),
    *(types.number(18).column(name) for name in ("FILE_SIZE", "ROW_COUNT")),
]
MakeFile = Callable[[ObjectWriter], File]


@dataclass(frozen=True)
class Options:
    """The copy options."""

    single: bool
    overwrite: bool
    header: bool
    query_id: bool
    detailed: bool
    max_file_size: int


@dataclass(frozen=True)
class Plan:
    """The work of a COPY INTO: the rows to read, and how to write and to name a file."""

    query: BoundQuery
    extension: str
    make: MakeFile


def copy_into(execution: Execution, storage: Storage, reader: Reader, query_id: str) -> Answer:
    """Execute COPY INTO '<url>' | @stage[/path] FROM table | (query), clauses in any order.

    Raises:
        Failure: by Snowflake's code; what is then in the bucket are whole files of a multi-file
            unload, never a part of a file.
    """
    location = _location(reader)
    clauses = reader.clauses()
    reader.expect("FROM")
    node = parse(reader.source())
    if reader.accept("PARTITION", "BY"):
        raise failures.unsupported("PARTITION BY")
    clauses |= reader.clauses()
    reader.end()
    check(clauses, _OPTIONS, "COPY")
    options = _options(clauses)
    query = execution.translate(node)
    if text(clauses, "VALIDATION_MODE").upper() == "RETURN_ROWS":
        return execution.stream(query)
    place = storage.place(execution, location, clauses)
    plan = _plan(execution, query, inner(clauses, "FILE_FORMAT"), options, storage.spool)
    unloading = _Unloading(execution, place, plan, options, query_id)
    unloading.run()
    return unloading.answer()


def _location(reader: Reader) -> str:
    token = reader.next()
    if token.kind == "location":
        return token.text
    if token.kind != "string":
        raise reader.unexpected(token)
    return token.value


def _options(clauses: Clauses) -> Options:
    size = text(clauses, "MAX_FILE_SIZE", str(MAX_FILE_SIZE))
    if not size.isdigit() or not 0 < int(size) <= LARGEST_FILE:
        raise failures.invalid(f"invalid value [{size}] for parameter 'MAX_FILE_SIZE'", 1008)
    options = Options(
        single=flag(clauses, "SINGLE"),
        overwrite=flag(clauses, "OVERWRITE"),
        header=flag(clauses, "HEADER"),
        query_id=flag(clauses, "INCLUDE_QUERY_ID"),
        detailed=flag(clauses, "DETAILED_OUTPUT"),
        max_file_size=int(size),
    )
    if options.query_id and (options.single or options.overwrite):
        other = "SINGLE" if options.single else "OVERWRITE"
        raise failures.invalid(f"INCLUDE_QUERY_ID=TRUE is not supported with {other}=TRUE", 1008)
    return options


def _plan(
    execution: Execution, query: BoundQuery, given: Clauses, options: Options, spool: Path
) -> Plan:
    kind = text(given, "TYPE", "CSV").upper()
    if "FORMAT_NAME" in given or kind not in _FORMATS:
        raise failures.unsupported(f"FILE_FORMAT {text(given, 'FORMAT_NAME') or kind}")
    check(given, _FORMATS[kind], f"FILE_FORMAT TYPE = {kind}")
    if kind == "PARQUET":
        fitted = execution.state.parameters.get("ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION", True)
        return _parquet(
            query, given, spool, header=options.header, fitted=str(fitted).upper() == "TRUE"
        )
    compression = text(given, "COMPRESSION", "AUTO").upper().replace("AUTO", "GZIP")
    if compression not in EXTENSIONS:
        raise failures.invalid(f"invalid value ['{compression}'] for parameter 'COMPRESSION'", 1008)
    extension = text(given, "FILE_EXTENSION") or f"{kind.lower()}{EXTENSIONS[compression]}"
    if kind == "JSON":
        return Plan(
            text_files.json_records(query),
            extension,
            lambda sink: TextFile(sink, compression, change=text_files.cut_json),
        )
    csv = text_files.csv(given)
    names = [name for name, _ in query.columns]
    header = text_files.csv_header(names, csv) if options.header else ""
    return Plan(
        text_files.csv_records(execution, query, csv),
        extension,
        lambda sink: TextFile(sink, compression, header=header, delimiter=csv.record),
    )


def _parquet(query: BoundQuery, given: Clauses, spool: Path, *, header: bool, fitted: bool) -> Plan:
    compression = text(given, "COMPRESSION", "AUTO").upper()
    if not flag(given, "SNAPPY_COMPRESSION", default=True):
        compression = "NONE"
    if compression not in ("AUTO", "SNAPPY", "NONE"):  # LZO: Arrow cannot write it
        raise failures.invalid(f"invalid value ['{compression}'] for parameter 'COMPRESSION'", 1008)
    columns = [kind.column(name) for name, kind in query.columns]
    check_parquet(columns)
    names = [each.name if header else f"_COL_{i}" for i, each in enumerate(columns)]
    plain = compression == "NONE"

    def make(sink: ObjectWriter) -> File:
        return ParquetFile(
            sink,
            columns,
            names,
            compression="none" if plain else "snappy",
            fitted=fitted,
            spool=spool,
        )

    return Plan(query, "parquet" if plain else "snappy.parquet", make)


@dataclass(frozen=True)
class _Written:
    """A finished file, its sizes in bytes."""

    key: str
    size: int
    rows: int
    input_bytes: int


class _Unloading:
    """One unload at work, and what it has written."""

    def __init__(
        self, execution: Execution, place: Place, plan: Plan, options: Options, query_id: str
    ) -> None:
        self._execution = execution
        self._place = place
        self._plan = plan
        self._options = options
        self._name = _name(place.key, options, query_id)
        self._written: list[_Written] = []

    def run(self) -> None:
        """Write all files; no file if there are no rows."""
        objects = self._place.objects()
        if not self._options.overwrite and objects.holds(
            self._name, prefix=not self._options.single
        ):
            raise failures.Failure(
                1030,
                "22000",
                f"Files already existing at the unload destination: {self._place.shown}."
                " Use overwrite option to force unloading.",
            )
        rows = self._execution.rows(self._plan.query)
        sets = (batch.slice(at, SET_ROWS) for batch in rows
                for at in range(0, batch.num_rows, SET_ROWS))  # fmt: skip
        with closing(rows):
            for first in sets:
                self._write(objects, first, sets)

    def _write(
        self, objects: Objects, first: pa.RecordBatch, more: Iterator[pa.RecordBatch]
    ) -> None:
        """Write one file: `first`, and more sets of rows until it is large enough.

        A single file gets all of them.
        """
        key = self._key()
        sink = objects.writer(key)
        check = self._execution.interruption.check
        limit = self._options.max_file_size
        try:
            file = self._plan.make(sink)
            file.add(first)
            while self._options.single or file.size < limit:
                following = next(more, None)
                if following is None:
                    break
                file.add(following)
                if self._options.single and sink.size > limit:
                    break
            file.finish(check)
            if self._options.single and sink.size > limit:
                raise failures.Failure(
                    100145,
                    "22000",
                    f"Max file size ({limit}) exceeded for unload single file mode.",
                )
            check()
            sink.finish()
            if self._options.single and self._execution.interruption.requested.is_set():
                sink.withdraw()  # stopped during the last request
            check()
        finally:
            sink.abandon()
        self._written.append(_Written(key, sink.size, file.rows, file.input_bytes))

    def _key(self) -> str:
        if self._options.single:
            return self._name
        number = len(self._written)
        mark = "" if self._name.endswith("_") else "_"
        suffix = f"{mark}0_{number % THREADS}_{number // THREADS}"
        return f"{self._name}{suffix}.{self._plan.extension}"

    def answer(self) -> Answer:
        """Return the answer of COPY INTO."""
        if not self._options.detailed:
            totals = (
                sum(each.rows for each in self._written),
                sum(each.input_bytes for each in self._written),
                sum(each.size for each in self._written),
            )
            return rows_answer(_TOTALS, [totals], UNLOAD)
        folder = self._place.key.rpartition("/")[0]
        rows = [
            (each.key.removeprefix(folder).lstrip("/"), each.size, each.rows)
            for each in self._written
        ]
        return rows_answer(_DETAILS, rows, UNLOAD)


def _name(key: str, options: Options, query_id: str) -> str:
    """Return the key of a single file, or the prefix of the keys of several."""
    inside = not key or key.endswith("/")
    if options.single:
        return f"{key}data" if inside else key
    if options.query_id:
        return f"{key}{'' if inside else '/'}data_{query_id}_"
    return f"{key}data_" if inside else key
