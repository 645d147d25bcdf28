"""The engines as a run has them, one after the other in one session, without sign-in and upload."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.aggregation.first_rows import FirstRows
from core.aggregation.reconciliation import RunTotals
from core.bucket import Bucket, Destination
from core.engines import ENGINES, EngineName, write_from_groups, write_from_rows
from core.engines.copy_groups import Order, copy_groups, write_empty
from core.engines.delivery_checks import DeliveryChecks
from core.engines.local_file import LocalFile, Written
from core.output import Format
from core.planning.names import TableName
from core.planning.plan import Plan, make_plan
from core.preview.sample import take_sample
from core.query import Statement
from core.request.request import DEFAULT_MEMORY_LIMIT, Request
from core.runtime.memory_budget import Budget
from core.runtime.progress import Reporter
from core.warehouse.catalog import find
from core.warehouse.connect import connect, sign_out
from core.warehouse.statement import run
from tests.parity.tables import Table
from tests.support.deliveries import bucket_client, objects, options

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

LOCAL = {"stream": write_from_rows.write_months, "pushdown": write_from_groups.write_months}


@dataclass(frozen=True)
class Ran:
    """What an engine made of a plan."""

    data: bytes
    totals: RunTotals
    first_rows: FirstRows


class Bench:
    """A session with the sandbox, a bucket beside it, and a directory for files."""

    def __init__(self, box: Sandbox, directory: Path) -> None:
        self.box = box
        self.directory = directory
        self.connection = connect(box.snowflake, query_tag="parity")
        self.cancel = threading.Event()
        self.destination = Destination.parse(box.s3["bucket"])
        self.budget = Budget.of(DEFAULT_MEMORY_LIMIT)
        self.client = bucket_client(box)
        self.bucket = Bucket(self.destination, client_options=options(box)["s3_options"])

    def execute(self, *statements: str) -> None:
        for statement in statements:
            run(self.connection, Statement(statement), self.cancel)

    def load(self, table: Table, name: str = "PARITY") -> TableName:
        """Make `table` in the sandbox."""
        self.execute(*table.script(name))
        zone = table.options.get("timezone", "America/Los_Angeles")
        self.execute(f"ALTER SESSION SET TIMEZONE = '{zone}'")
        return TableName("DEMO", "PUBLIC", name)

    def request(self, table: Table, **more: Any) -> Request:
        asked = {"table": "PARITY", "bucket": self.box.s3["bucket"], **options(self.box)}
        return Request.of(**asked, **table.request(), **more)

    def plan(self, table: Table, name: TableName, *, described: bool) -> Plan:
        """The plan: of what Snowflake describes and samples, or of what is known of the table."""
        request = self.request(table)
        if not described:
            return make_plan(table.source(name), {}, request)
        source = find(self.connection, str(name), self.cancel)
        return make_plan(source, take_sample(self.connection, source, self.cancel), request)

    def run(self, engine: str, table: Table, plan: Plan, form: str) -> Ran:
        """Have an engine make the delivery; what it raises is its answer."""
        if engine == "unload":
            return self._unload(table, plan, Format(form))
        file = LocalFile(self.directory / engine, Format(form), gzip=False)
        written = LOCAL[engine](self.connection, plan, file, **self._common)
        return _ran(file, written)

    @property
    def _common(self) -> dict[str, Any]:
        return {"budget": self.budget, "progress": Reporter(None), "cancel": self.cancel}

    def _unload(self, table: Table, plan: Plan, form: Format) -> Ran:
        way = {"engine": "unload", "storage_integration": "SANDBOX_S3", "format": form.value}
        request = self.request(table, **way)
        if obstacle := ENGINES[EngineName.UNLOAD].obstacle(request, plan):
            raise obstacle
        key = f"parity/{uuid.uuid4().hex}.{form}"
        order = Order.of(request, self.destination, key, datetime.now(UTC), "run")
        progress = Reporter(None)
        checks = DeliveryChecks(request, plan.window, lambda _: None, progress)
        common = {"checks": checks, "progress": progress, "cancel": self.cancel}
        try:
            done = copy_groups(self.connection, plan, order, self.bucket, **common)
        except BaseException:
            assert not objects(self.box, key.partition(".")[0])
            raise
        if not done.key:
            file = LocalFile(self.directory / "empty", form, gzip=False)
            write_empty(plan, file)
            return _ran(file, done)
        target = {"Bucket": self.box.s3["bucket"], "Key": done.key}
        data = self.client.get_object(**target)["Body"].read()
        self.client.delete_object(**target)
        return Ran(data, done.totals, done.first_rows)


@contextmanager
def bench(box: Sandbox, directory: Path) -> Iterator[Bench]:
    """A bench, signed out at the end."""
    opened = Bench(box, directory)
    try:
        with opened.bucket:
            yield opened
    finally:
        sign_out(opened.connection)


def _ran(file: LocalFile, written: Written) -> Ran:
    return Ran(file.path.read_bytes(), written.totals, written.first_rows)
