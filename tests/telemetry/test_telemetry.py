"""Spans, metrics and lineage of whole runs, by the real SDKs; and what fails in them."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core import SourceDataError, transfer_data
from core.errors import CancelledError
from core.records.entry import HistoryEntry
from core.request.request import Request
from core.telemetry import observers
from tests.support.deliveries import bucket_client, make_table, objects, options

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from core.sandbox.launcher import Sandbox

COLUMNS = ("D DATE, K VARCHAR, N NUMBER(9,2), ID NUMBER", "('2024-01-03', 'a', 1, 7)")
REQUEST = Request.of(table="T", bucket="partner-inbox")


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    return make_table(sandbox, *COLUMNS)


@pytest.fixture
def asked(sandbox: Sandbox, table: str) -> Iterator[dict[str, Any]]:
    """The arguments of a transfer, whose objects are removed at the end."""
    prefix = f"telemetry-{uuid.uuid4().hex}/"
    where = f"s3://{sandbox.s3['bucket']}/{prefix}"
    yield options(sandbox, source_table=table, destination_s3_bucket=where, file_name="one.{ext}")
    for key in objects(sandbox, prefix):
        bucket_client(sandbox).delete_object(Bucket=sandbox.s3["bucket"], Key=key)


class Collected:
    """What a configured SDK collects, in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracer = TracerProvider()
        self.tracer.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter = MeterProvider([self.reader])

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    @property
    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        return {each.name: each.data.data_points[0] for each in scope.metrics}


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collected]:
    """An SDK as a program has configured it, without the process keeping it."""
    found = Collected()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: found.tracer)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: found.meter)
    yield found
    found.tracer.shutdown()
    found.meter.shutdown()


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which OpenLineage is configured to append its events."""
    path = tmp_path / "events.jsonl"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(path))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    return path


def test_a_delivery(
    sandbox: Sandbox, asked: dict[str, Any], table: str, collected: Collected, events: Path
) -> None:
    with collected.tracer.get_tracer("a program").start_as_current_span("request") as request:
        result = transfer_data(**asked)
    spans = collected.spans
    run = spans["transfer"]
    assert run.parent is not None
    assert run.parent.span_id == request.get_span_context().span_id
    assert {"connect", "plan", "read", "write", "upload"} < set(spans)
    for name in set(spans) - {"transfer", "request"}:
        assert spans[name].parent == run.get_span_context(), name
        assert run.start_time <= spans[name].start_time <= spans[name].end_time <= run.end_time
    about = dict(run.attributes or {})
    assert about["db.collection.name"] == f"DEMO.PUBLIC.{table}"
    assert (about["amplify_transfer.rows"], about["amplify_transfer.outcome"]) == (1, "delivered")
    assert run.status.is_ok or run.status.is_unset
    assert collected.metrics["amplify_transfer.rows"].value == 1
    assert collected.metrics["amplify_transfer.duration"].count == 1

    start, end = map(json.loads, events.read_text().splitlines())
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert uuid.UUID(start["run"]["runId"]).hex == about["amplify_transfer.run_id"]
    (source,), (delivery,) = end["inputs"], end["outputs"]
    assert start["inputs"] == [source]
    assert source["namespace"] == f"snowflake://{sandbox.snowflake['account']}"
    assert source["name"] == f"DEMO.PUBLIC.{table}"
    assert [each["name"] for each in source["facets"]["schema"]["fields"]] == ["D", "K", "N", "ID"]
    assert delivery["namespace"] == f"s3://{sandbox.s3['bucket']}"
    assert delivery["name"] == result["file_name"]
    assert delivery["outputFacets"]["outputStatistics"]["rowCount"] == 1
    lineage = delivery["facets"]["columnLineage"]
    kinds = {
        name: (each["inputFields"][0]["field"], each["inputFields"][0]["transformations"][0])
        for name, each in lineage["fields"].items()
    }
    assert {name: (field, kind["subtype"]) for name, (field, kind) in kinds.items()} == {
        "D": ("D", "TRANSFORMATION"),
        "K": ("K", "IDENTITY"),
        "N": ("N", "AGGREGATION"),
        "ID": ("ID", "AGGREGATION"),
    }
    assert [each["field"] for each in lineage["dataset"]] == ["D", "K"]


def test_a_failure_has_no_text_of_its_error(
    asked: dict[str, Any], collected: Collected, events: Path
) -> None:
    with pytest.raises(SourceDataError):
        transfer_data(**{**asked, "source_table": "NO_SUCH_TABLE"})
    run = collected.spans["transfer"]
    assert (run.status.description, dict(run.attributes or {})["error.type"]) == (
        "source_data",
        "source_data",
    )
    (end,) = map(json.loads, events.read_text().splitlines())
    assert (end["eventType"], end["outputs"]) == ("FAIL", [])


class TestWithoutAService:
    def test_nothing_is_observed_unless_it_is_configured(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in [each for each in sys.modules if each.startswith("opentelemetry.sdk")]:
            monkeypatch.delitem(sys.modules, name)
        assert observers.open_observers(REQUEST, uuid.uuid4().hex) == ()

    @pytest.mark.parametrize("switch", ["OTEL_SDK_DISABLED", "OPENLINEAGE_DISABLED"])
    def test_each_can_be_switched_off(
        self, switch: str, events: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert len(observers.open_observers(REQUEST, uuid.uuid4().hex)) == 2
        monkeypatch.setenv(switch, "true")
        assert len(observers.open_observers(REQUEST, uuid.uuid4().hex)) == 1

    def test_what_is_not_installed_or_misconfigured_is_left_out(
        self, events: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "no-such-transport")
        assert observers.open_observers(REQUEST, uuid.uuid4().hex) == ()
        monkeypatch.setitem(sys.modules, "openlineage.client", None)
        monkeypatch.delitem(sys.modules, "core.telemetry.lineage", raising=False)
        assert observers.open_observers(REQUEST, uuid.uuid4().hex) == ()

    def test_a_collector_that_hangs_or_fails_does_not_hold_the_run(
        self, collected: Collected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked_for: list[int] = []

        def flush(milliseconds: int) -> bool:
            asked_for.append(milliseconds)
            raise OSError

        monkeypatch.setattr(collected.tracer, "force_flush", flush)
        now, label = datetime.now(UTC), CancelledError.label
        cancelled = HistoryEntry(now, 1.0, "batch", False, "T", "s3://b/k", label)
        found = observers.open_observers(REQUEST, uuid.uuid4().hex)
        observers.end_observers(found, cancelled)
        assert asked_for[0] <= observers.SECONDS_IF_CANCELLED * 1000
        assert "transfer" in collected.spans
