"""The ground on which faults happen, and the table of what came of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.bucket import boto_client as bucket
from tests.faults.cases import ENTRY, Case, Ground, Row, Table, enter_row, perform
from tests.support.deliveries import bucket_client, connect, execute
from tests.support.services.buckets import Inbox, Proxy, one_loader
from tests.support.services.warehouse_proxy import Warehouse

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

HEAD = ("Fault of", "Fault", "Outcome", "Exit code", "Message", "Left behind")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fault-table FILE`: where to write the table of cases and outcomes, in Markdown."""
    parser.addoption("--fault-table", type=Path, default=None, metavar="FILE")


def pytest_configure(config: pytest.Config) -> None:
    path: Path | None = config.getoption("--fault-table", default=None)
    if path and not hasattr(config, "workerinput"):  # the processes of pytest-xdist report to one
        config.pluginmanager.register(Collected(path))


class Collected:
    """The rows that the tests have entered, written at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            told = [value for name, value in report.user_properties if name == ENTRY]
            self.rows += [Row(*value) for value in told]  # type: ignore[misc]

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(written(self.rows))


def written(rows: list[Row]) -> str:
    """The table, headed by its counts."""
    counts = Counter(row.outcome for row in rows)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    ordered = sorted(rows, key=lambda row: (row.layer, row.case))
    lines = [HEAD, ("---",) * len(HEAD)]
    lines += [(r.layer, r.case, r.outcome, str(r.exit_code), r.words, r.left) for r in ordered]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{len(rows)} faults: {told}.\n\n{table}\n"


@pytest.fixture
def outcome(request: pytest.FixtureRequest, ground: Ground) -> Callable[[Case], None]:
    """Perform a case on the ground, and enter it into the table."""

    def enter(case: Case) -> None:
        enter_row(request, perform(case, ground))

    return enter


@pytest.fixture(scope="session")
def tables(sandbox: Sandbox) -> Callable[[Table], str]:
    """The names of tables, each made when it is first asked for."""
    made: dict[str, str] = {}

    def name(table: Table) -> str:
        if table.sql not in made:
            made[table.sql] = f"T_{uuid.uuid4().hex[:12].upper()}"
            execute(sandbox, table.sql.format(name=made[table.sql]))
        return made[table.sql]

    return name


@pytest.fixture(scope="session")
def witness(sandbox: Sandbox) -> Iterator[Any]:
    """A session at the warehouse that no fault meets."""
    with one_loader(), connect(sandbox) as session:
        yield session


@pytest.fixture(autouse=True)
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs wait for an answer that does not come no longer than a test can."""
    if "stall" in request.node.name:
        monkeypatch.setattr(bucket, "READ_TIMEOUT_SECONDS", 3.0)


@pytest.fixture
def ground(
    sandbox: Sandbox,
    tables: Callable[[Table], str],
    witness: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ground]:
    """A bucket and directories of the test's own, and proxies that change nothing yet."""
    spill, state = tmp_path / "spill", tmp_path / "state"
    monkeypatch.setenv("AMPLIFY_SPILL_DIR", str(spill))
    monkeypatch.setenv("AMPLIFY_STATE_DIR", str(state))
    client, name = bucket_client(sandbox), f"inbox-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    s3 = {key: value for key, value in sandbox.s3.items() if key != "bucket"}
    with Warehouse(sandbox) as warehouse, Proxy(s3["endpoint_url"]) as before:
        inbox = Inbox(name, {**s3, "endpoint_url": before.url}, client, before)
        made = Ground(sandbox, warehouse, inbox, spill, state, tables, witness)
        warehouse.watch = made.note
        yield made
